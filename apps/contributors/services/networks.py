"""Networks: the groups in which contributors are run."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.contributors.events import ContributorEvent
from apps.contributors.models import Network
from apps.contributors.permissions import may_add_networks


class NetworkNameTaken(Refused):
    """A network of this name is there already."""


@transaction.atomic
def add_network(
    *, actor: Actor, name: str, parent: Network | None = None, is_imported: bool = False, now: datetime
) -> Network:
    """Make a network of at most 120 characters in name; ``is_imported`` marks one for voters read from files.

    The log names it by its number, since a partner's name may be a person's.

    Raises:
        NotPermitted: when the actor does not run the networks.
        NetworkNameTaken: when there is one of this name.
    """
    if not may_add_networks(actor):
        raise NotPermitted(_("Only network administrators make networks."))
    try:
        with transaction.atomic():
            network = Network.objects.create(name=name, parent=parent, is_imported=is_imported)
    except IntegrityError as taken:
        raise NetworkNameTaken(_("A network of this name is there already.")) from taken
    record(
        ContributorEvent.NETWORK_ADDED,
        actor=actor,
        subject=network.ref,
        at=now,
        facts={"parent": parent.ref if parent else None, "is_imported": is_imported},
    )
    return network
