"""The gate before others' words: nobody reads them but for a purpose, within a day's number, and written down first."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import is_subject
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.policy.domain.reading import BATCH, CLAUSE, DAY, Look, Purpose, digest_of, reading_role
from apps.policy.events import PolicyEvent
from apps.policy.models import ContentLook, ReadingBatch
from apps.policy.queries import clause

_LOCK_SPACE: Final = 0x5D47
Read = TypeVar("Read")

# Counted by the database's clock: a machine of the application whose clock runs ahead gives nobody a fresh day.
_READ_TODAY: Final = """
    WITH today AS (
      SELECT look.at, look.subjects, look.counted FROM policy_contentlook look
      JOIN policy_readingbatch batch ON batch.id = look.batch_id
      WHERE batch.reader = %(reader)s AND batch.role = %(role)s AND look.at > clock_timestamp() - %(day)s
        AND batch.began_at > clock_timestamp() - %(day)s - %(batch)s
    )
    SELECT clock_timestamp(), coalesce((SELECT sum(counted) FROM today), 0), (SELECT min(at) FROM today),
      ARRAY(SELECT subject FROM unnest(%(subjects)s::text[]) subject
        WHERE NOT EXISTS (SELECT FROM today WHERE subject = ANY (today.subjects)))
"""


class NotForThisPurpose(NotPermitted):
    """Nobody in the reader's roles reads others' words for this."""


class DailyReadingReached(Refused):
    """The reader has read as much within 24 hours as their role may."""


def read_content(
    *,
    actor: Actor,
    purpose: Purpose,
    subjects: Iterable[str],
    load: Callable[[], Read],
    now: datetime,
    key: str = "",
) -> Read:
    """Write down that somebody is about to read others' words, commit that, and return what ``load`` then reads.

    ``subjects`` are the references of the texts, such as ``"prompts.prompt:42"``, without any that the reader wrote;
    with none of them nothing is written. A text that the reader has read within 24 hours is noted and not counted
    again. ``key`` is the prefix of a key of the API: what is read with it is told apart, and counts for its owner. A
    look that fails afterwards stays.

    Raises:
        NotForThisPurpose: when the reader holds no role that reads for this.
        DailyReadingReached: when the day's number (clause G1) would be passed.
        RuntimeError: inside a transaction, which might still be undone after the words were shown.
    """
    role = reading_role(actor.roles, purpose=purpose)
    if role is None:
        raise NotForThisPurpose(_("Others' words are not read for this by anybody in your role."), clause=CLAUSE)
    wanted = sorted(set(subjects))
    if wrong := [subject for subject in wanted if not is_subject(subject)]:
        raise ValueError(f"No references: {wrong}")
    if wanted:
        with transaction.atomic(durable=True):
            _note(actor, role.value, purpose, key, wanted, now)
    return load()


def _note(actor: Actor, role: str, purpose: Purpose, key: str, subjects: list[str], now: datetime) -> None:
    reader = actor.pseudonym
    _alone(reader)
    with connection.cursor() as cursor:
        asked: dict[str, Any] = {"reader": reader, "role": role, "day": DAY, "batch": BATCH, "subjects": subjects}
        cursor.execute(_READ_TODAY, asked)
        clock, read, oldest, fresh = cursor.fetchone()
    allowed = int(clause(CLAUSE).parameters.get(role, 0))
    if fresh and read + len(fresh) > allowed:
        raise DailyReadingReached(_too_much(read, allowed, oldest), clause=CLAUSE)
    batch = ReadingBatch.objects.filter(
        reader=reader, role=role, purpose=purpose.value, key=key, closed_at=None
    ).first()
    if batch is not None and clock - batch.began_at >= BATCH:
        _close(actor, batch, clock, now)
        batch = None
    if batch is None:
        batch = ReadingBatch.objects.create(reader=reader, role=role, purpose=purpose.value, key=key)
    ContentLook.objects.create(batch=batch, subjects=subjects, counted=len(fresh))


def _too_much(read: int, allowed: int, oldest: datetime | None) -> str:
    if not allowed:
        return _("Clause G1 gives your role nothing of others to read. Ask those who keep the rulebook.")
    if oldest is None:
        return _("This shows more texts of other people than your role may read within 24 hours (%(allowed)s).") % {
            "allowed": allowed
        }
    return _(
        "You have read %(read)s texts of other people within 24 hours, and your role may read %(allowed)s. A colleague "
        "can take the case now; you can go on from %(moment)s UTC."
    ) % {"read": read, "allowed": allowed, "moment": f"{(oldest + DAY).astimezone(UTC):%Y-%m-%d %H:%M}"}


@transaction.atomic
def close_readings(*, actor: Actor, now: datetime) -> int:
    """Write the entry of every batch whose hour is over, and return how many there were.

    One whose reader is reading at this moment waits for the next time.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (clock,) = cursor.fetchone()
    due = ReadingBatch.objects.filter(closed_at=None, began_at__lte=clock - BATCH).order_by("reader", "pk")
    closed = 0
    for batch_id, reader in due.values_list("pk", "reader")[:500]:
        if not _alone(reader, patiently=False):
            continue
        batch = ReadingBatch.objects.filter(pk=batch_id, closed_at=None).first()
        if batch is not None:
            _close(actor, batch, clock, now)
            closed += 1
    return closed


def _close(actor: Actor, batch: ReadingBatch, clock: datetime, now: datetime) -> None:
    looks = [
        Look(at=look.at, subjects=tuple(look.subjects), counted=look.counted)
        for look in batch.looks.order_by("pk").only("at", "subjects", "counted")
    ]
    batch.closed_at, batch.digest = clock, digest_of(looks)
    batch.save(update_fields=["closed_at", "digest"])
    record(
        PolicyEvent.CONTENT_READ,
        actor=actor,
        subject=batch.ref,
        at=now,
        clause=CLAUSE,
        facts={
            "reader": batch.reader,
            "role": batch.role,
            "purpose": batch.purpose,
            "looks": len(looks),
            "texts": sum(look.counted for look in looks),
            "digest": batch.digest,
        },
    )


def _alone(reader: str, *, patiently: bool = True) -> bool:
    """Hold one reader's budget to the end of the transaction: two tabs at once must not pass it together."""
    function = "pg_advisory_xact_lock" if patiently else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, hashtext(%s))", [_LOCK_SPACE, reader])
        (taken,) = cursor.fetchone()
    return patiently or bool(taken)
