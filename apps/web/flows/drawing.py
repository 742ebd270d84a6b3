"""Drawing a sample: the look is committed, the seed is found, the period is read as the auditor, the lot is kept."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import time_text
from apps.audit.domain.note import InvalidNote, open_note
from apps.audit.domain.refusal import Refused
from apps.audit.domain.sampling import draw, most_drawn, seed_of
from apps.audit.queries import (
    CheckpointRow,
    Population,
    WitnessRow,
    auditor_database,
    entries_at,
    first_checkpoint_since,
    first_cosigned_since,
    witnesses_of,
)
from apps.audit.services import record_look
from apps.policy.queries import parameter
from apps.web.domain.clauses import SAMPLES
from apps.web.events import WebEvent
from apps.web.models import Sample
from apps.web.services import Drawn, keep_sample, require_fresh_period

# A cosignature made long after its checkpoint could have been made again and again until it suited.
CLOCK_SECONDS: Final = 3600


class PeriodNotOver(Refused):
    """Entries may still be written in the period, by somebody who would know the seed."""


class NoCheckpointYet(Refused):
    """No checkpoint was signed since the period ended."""


class NoWitnessOfYours(Refused):
    """The seed is a cosignature of the auditor's own witness, and the auditor has none."""


class NotCosigned(Refused):
    """The auditor's witness has no signature under the first checkpoint after the period."""


class ForeignCosignature(Refused):
    """What was handed in is no cosignature of the auditor's witness under that checkpoint."""


class NothingToDraw(Refused):
    """The period holds no entry of this event that had its leaf when the checkpoint was signed."""


class TooManyAsked(Refused):
    """More entries were asked for than may be drawn from this period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """What an auditor asks for: ``number`` entries of an event with ``since`` <= time < ``until``.

    ``cosignature`` is a signature line of the auditor's own witness, for one that only pulls; usually it is empty.
    """

    event: str
    since: datetime
    until: datetime
    number: int
    cosignature: str = ""


def draw_sample(*, actor: Actor, lot: Lot, now: datetime) -> Sample:
    """Draw a sample and keep it; the same period of the same log under the same cosignature gives the same one.

    Raises:
        NotAnAuditor: when the actor is none.
        PeriodNotOver, NoCheckpointYet, NoWitnessOfYours, NotCosigned, ForeignCosignature: when there is no seed.
        PeriodsOverlap, NothingToDraw, TooManyAsked: when there is nothing to draw that may be drawn.
    """
    record_look(
        WebEvent.SAMPLE_ASKED_FOR,
        actor=actor,
        subject="audit.log:entries",
        now=now,
        facts={
            "event": lot.event,
            "since": time_text(lot.since),
            "until": time_text(lot.until),
            "number": lot.number,
        },
    )
    database = auditor_database()
    require_fresh_period(Sample(auditor=actor.pseudonym, event=lot.event, since=lot.since, until=lot.until))
    checkpoint = _checkpoint_after(lot, now, database)
    witness, line = _cosignature(actor, lot, checkpoint, database)
    seed = seed_of(line)
    population = Population(event=lot.event, since=lot.since, until=lot.until, below=checkpoint.size, using=database)
    leaves = draw(population, seed=seed, number=lot.number)
    _require_modesty(lot, population)
    found = entries_at(leaves, using=database)
    drawn = Drawn(
        event=lot.event,
        since=lot.since,
        until=lot.until,
        population=population.size,
        late=population.late,
        checkpoint_size=checkpoint.size,
        witness=witness.vkey,
        cosignature=line,
        seed=seed,
        entries=[(row.id, leaf_index) for row, leaf_index in zip(found, leaves, strict=True)],
    )
    return keep_sample(actor=actor, drawn=drawn, now=now)


def _checkpoint_after(lot: Lot, now: datetime, database: str) -> CheckpointRow:
    if lot.until > now:
        raise PeriodNotOver(
            _("The period is not over yet. Choose one that ended before now (%(now)s UTC).")
            % {"now": f"{now.astimezone(UTC):%Y-%m-%d %H:%M}"},
            clause=SAMPLES,
        )
    checkpoint = first_checkpoint_since(lot.until, using=database)
    if checkpoint is None:
        raise NoCheckpointYet(
            _("No checkpoint was signed since the period ended. Wait for the next one, or choose an earlier end."),
            clause=SAMPLES,
        )
    return checkpoint


def _cosignature(actor: Actor, lot: Lot, checkpoint: CheckpointRow, database: str) -> tuple[WitnessRow, str]:
    """Return the auditor's own witness that signed the checkpoint, and its line."""
    own = witnesses_of(actor.pseudonym, using=database)
    if not own:
        raise NoWitnessOfYours(
            _("You have no witness, and the seed is its signature. Run one and register its key first."),
            clause=SAMPLES,
        )
    if lot.cosignature:
        return _handed_in(lot.cosignature, checkpoint, own)
    by_id = {witness.id: witness for witness in own}
    for signed in checkpoint.cosignatures:
        if signed.witness_id in by_id:
            return by_id[signed.witness_id], signed.line
    raise NotCosigned(_not_cosigned(lot, checkpoint, own, database), clause=SAMPLES)


def _not_cosigned(lot: Lot, checkpoint: CheckpointRow, own: list[WitnessRow], database: str) -> str:
    told = _(
        "Your witness %(witness)s has no signature under checkpoint %(size)d, the first after the period "
        "(signed %(at)s UTC), so there is no seed that nobody here could have chosen."
    ) % {
        "witness": ", ".join(witness.name for witness in own),
        "size": checkpoint.size,
        "at": _second(checkpoint.signed_at),
    }
    later = first_cosigned_since(lot.until, [witness.id for witness in own], using=database)
    if later is not None:
        return f"{told} " + _("The next one that it signed is of %(at)s UTC: let the period end then.") % {
            "at": _second(later)
        }
    return f"{told} " + _("If it only pulls, hand in its signature line; else see whether it runs.")


def _handed_in(line: str, checkpoint: CheckpointRow, own: list[WitnessRow]) -> tuple[WitnessRow, str]:
    """Return the witness that made the line under the checkpoint, and the line."""
    line = line.strip()
    for witness in own:
        try:
            opened = open_note(checkpoint.note + f"{line}\n".encode(), [witness.vkey])
        except InvalidNote:
            continue
        (signature,) = opened.signatures
        signed_at = int(checkpoint.signed_at.timestamp())
        if signature.timestamp is None or abs(signature.timestamp - signed_at) > CLOCK_SECONDS:
            continue
        return witness, signature.line
    raise ForeignCosignature(
        _("This is no signature of your witness under checkpoint %(size)d, made within an hour of it.")
        % {"size": checkpoint.size},
        clause=SAMPLES,
    )


def _require_modesty(lot: Lot, population: Population) -> None:
    if not population.size and population.late:
        raise NothingToDraw(
            _("All entries of this event in the period (%(late)d) got their leaves after checkpoint %(below)d.")
            % {"late": population.late, "below": population.below},
            clause=SAMPLES,
        )
    if not population.size:
        raise NothingToDraw(_("No entry of this event lies in the period."), clause=SAMPLES)
    most = most_drawn(population.size, share=float(parameter(SAMPLES, "share")))
    if lot.number > most:
        raise TooManyAsked(
            _("The period holds %(population)d entries of this event; at most %(most)d may be drawn.")
            % {"population": population.size, "most": most},
            clause=SAMPLES,
        )


def _second(moment: datetime) -> str:
    """Write a moment as the form takes it: to the second, and no checkpoint lies between the two."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
