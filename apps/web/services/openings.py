"""Opening what a vote's entry commits to, for the auditor who drew it, and for nobody else."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import JSON, commitment_of
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.queries import auditor_database, proved_entry, salt_of
from apps.audit.services import record
from apps.battles.events import BattleEvent
from apps.battles.models import Choice, Vote
from apps.policy.domain.reading import Purpose
from apps.policy.services import read_content
from apps.web.domain.clauses import SAMPLES
from apps.web.events import WebEvent
from apps.web.models import Sample, SampledEntry
from apps.web.permissions import may_open


class NotYourSample(NotPermitted):
    """Only the auditor who drew a sample opens what is in it."""


class NotDrawn(Refused):
    """The entry is not in the sample, so it stays closed."""


class NothingToOpen(Refused):
    """The entry commits to nothing that can be opened here."""


class OpensForNobody(Refused):
    """The commitment's salt was forgotten, and with it the way to open it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedChoice:
    """A vote's choice with what shows that it is the one committed to: SHA-256(salt ‖ choice) is ``commitment``.

    ``holds`` is whether the choice that the platform stores, and counts, is the one in the log.
    """

    sample: Sample
    leaf_index: int
    vote: str
    choice: Choice
    salt: bytes
    commitment: str
    holds: bool


def open_choice(*, actor: Actor, sample_id: int, leaf_index: int, now: datetime) -> OpenedChoice:
    """Open the choice of a drawn vote; the opening is committed to the log before anything is read.

    Raises:
        NotYourSample: when the actor did not draw it.
        NotDrawn: when the sample does not hold this leaf.
        NothingToOpen: when it is no vote's entry.
        OpensForNobody: when the salt was forgotten.
        DailyReadingReached: when the day's number of clause G1 is reached.
    """
    sample = Sample.objects.filter(pk=sample_id).first()
    if sample is None or not may_open(actor, sample):
        raise NotYourSample(_("Only the auditor who drew a sample opens what is in it."), clause=SAMPLES)
    drawn = SampledEntry.objects.filter(sample=sample, leaf_index=leaf_index).first()
    if drawn is None:
        raise NotDrawn(_("This entry was not drawn, so it stays closed."), clause=SAMPLES, subject=sample.ref)
    if sample.event != BattleEvent.VOTE_CAST:
        raise NothingToOpen(_("Only a vote's choice is opened here."), clause=SAMPLES, subject=sample.ref)
    entry = f"audit.entry:{drawn.entry_id}"

    def open_it() -> OpenedChoice:
        with transaction.atomic(durable=True):
            facts: dict[str, JSON] = {"sample": sample.ref, "leaf": leaf_index}
            record(WebEvent.CHOICE_OPENED, actor=actor, subject=entry, at=now, clause=SAMPLES, facts=facts)
        return _opened(sample, drawn)

    return read_content(actor=actor, purpose=Purpose.DRAWN_BALLOT, subjects=[entry], load=open_it, now=now)


def _opened(sample: Sample, drawn: SampledEntry) -> OpenedChoice:
    proved = proved_entry(drawn.entry_id, using=auditor_database())
    facts = proved.facts if proved is not None else {}
    name, commitment = str(facts.get("vote", "")), str(facts.get("choice", ""))
    try:
        vote = Vote.objects.filter(public_id=UUID(name.rpartition(":")[2])).first()
    except ValueError:
        vote = None
    if vote is None:
        raise NothingToOpen(
            _("The log tells of a vote that the platform does not hold. Report it."), subject=sample.ref
        )
    salt = salt_of(commitment)
    if salt is None:
        raise OpensForNobody(_("This commitment was forgotten and opens for nobody any more."), subject=vote.ref)
    return OpenedChoice(
        sample=sample,
        leaf_index=drawn.leaf_index,
        vote=name,
        choice=Choice(vote.choice),
        salt=salt,
        commitment=commitment,
        holds=commitment_of(vote.choice, salt) == commitment,
    )
