"""The public page on integrity: what is tested, what was left out, and nobody's name."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.integrity import services
from apps.integrity.models import Finding
from apps.integrity.queries import integrity_overview
from tests.conftest import NOON
from tests.integrity.domain.worlds import always_left
from tests.integrity.electorate import as_contributor, cast_votes, neighbours

pytestmark = pytest.mark.django_db


def told_by(client: Client) -> str:
    page = client.get("/integrity/")
    assert page.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def test_before_the_first_night_the_page_says_so(client: Client) -> None:
    told = told_by(client)
    assert "No vote is left out of the boards" in told
    assert "No night has been tested yet" in told
    assert "The ledger is empty" in told


def test_what_was_left_out_and_what_came_back_stands_in_the_ledger(
    client: Client, mallory: User, grace: User, alan: User
) -> None:
    cast_votes(neighbours(40), 70, seed=2)
    cast_votes([as_contributor(mallory)], 120, habit=always_left, seed=3)
    services.test_voters_tonight(actor=Actor.system("integrity.nightly"), now=NOON)
    exclusion = services.uphold_finding(
        actor=grace.as_actor(), finding=Finding.objects.get(), clause="I1", now=NOON + timedelta(hours=1)
    )
    told = told_by(client)
    assert "4.1% of all votes are left out of the boards" in told
    assert "Votes are cast with care" in told
    overview = integrity_overview()
    assert (overview.counted, overview.excluded, overview.upheld, overview.open) == (2800, 120, 1, 0)
    assert [(line.clause, line.votes, line.people) for line in overview.by_clause] == [("I1", 120, 1)]
    services.restore_after_appeal(actor=alan.as_actor(), exclusion=exclusion, now=NOON + timedelta(days=1))
    after = told_by(client)
    assert "No vote is left out of the boards" in after
    assert "given back" in after
    for page in (told, after):
        for person in (mallory, grace, alan):
            assert person.pseudonym not in page
        assert str(as_contributor(mallory).voter_id) not in page
        assert str(as_contributor(mallory).voter_id)[:8] not in page


def test_the_page_costs_the_same_however_long_the_ledger(client: Client, mallory: User) -> None:
    cast_votes([as_contributor(mallory)], 5)
    client.get("/integrity/")
    with CaptureQueriesContext(connection) as told:
        client.get("/integrity/")
    assert len(told) <= 9, [query["sql"][:120] for query in told]
