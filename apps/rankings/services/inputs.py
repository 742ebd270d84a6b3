"""Sealed inputs that auditors take away: each time an entry first."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.rankings.events import RankingEvent
from apps.rankings.models import Snapshot
from apps.rankings.permissions import may_fetch_input


class NoSealedInput(Refused):
    """The snapshot was published before inputs were sealed."""


@transaction.atomic
def record_input_fetch(*, actor: Actor, snapshot: Snapshot, now: datetime) -> None:
    """Say in the log that an auditor takes a snapshot's sealed input.

    Raises:
        NotPermitted: when the actor is no auditor.
        NoSealedInput: when the snapshot has none.
    """
    if not may_fetch_input(actor):
        raise NotPermitted(_("Only auditors take the sealed input of a snapshot."), subject=snapshot.ref)
    if not snapshot.input_sha256:
        raise NoSealedInput(_("This snapshot was published before inputs were sealed."), subject=snapshot.ref)
    record(
        RankingEvent.INPUT_FETCHED,
        actor=actor,
        subject=snapshot.ref,
        at=now,
        facts={"sealed_input": snapshot.input_sha256, "rows": snapshot.sealed_rows},
    )
