"""Making a network: by those who run them, once, and never without an entry."""

import pytest

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.contributors.events import ContributorEvent
from apps.contributors.models import Network
from apps.contributors.services import NetworkNameTaken, add_network
from tests.conftest import NOON
from tests.trails import facts_about, trail_of


def test_a_network_stands_in_the_log_without_its_name(radia: User) -> None:
    parent = Network.objects.get(name="Everyone")
    network = add_network(actor=radia.as_actor(), name="Teachers of Ana Lima", parent=parent, now=NOON)
    assert trail_of(network) == [ContributorEvent.NETWORK_ADDED]
    assert facts_about(network) == {"parent": parent.ref, "is_imported": False}


def test_a_name_is_given_once(radia: User) -> None:
    add_network(actor=radia.as_actor(), name="Teachers", now=NOON)
    with pytest.raises(NetworkNameTaken):
        add_network(actor=radia.as_actor(), name="Teachers", now=NOON)
    assert Network.objects.filter(name="Teachers").count() == 1


def test_nobody_else_makes_one(ada: User, grace: User) -> None:
    for person in (ada, grace):
        with pytest.raises(NotPermitted):
            add_network(actor=person.as_actor(), name="Mine", now=NOON)
    with pytest.raises(NotPermitted):
        add_network(actor=Actor.visitor(request_id="somebody"), name="Mine", now=NOON)
