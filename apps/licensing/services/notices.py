"""Notices to licensees about rows that were taken back: owed, issued, pressed for, acknowledged."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Max
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services import notify
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import commit_to, record
from apps.licensing.domain.notice import batch_is_due, notice_bytes, reminds_at, sha256_of_notice
from apps.licensing.events import LicensingEvent
from apps.licensing.models import Letter, LetterKind, Licensee, Notice, NoticeRow, ReleaseItem
from apps.licensing.permissions import may_tend_deliveries, speaks_for
from apps.licensing.queries.withdrawals import TERMS_CLAUSE, owed_rows, terms_in_force, waiting_rows
from apps.licensing.services.agreements import digest_of
from apps.licensing.services.drafting import LicenseeSuspended
from apps.licensing.services.incidents import officers
from apps.licensing.services.standing import require_not_suspended
from apps.licensing.services.suspending import put_down_suspension

LONGEST_NAME: Final = 120
_AT_ONCE: Final = 5_000


class NotYourNotice(NotPermitted):
    """The notice is to another licensee, or does not exist."""


class AlreadyAcknowledged(Refused):
    """Somebody has confirmed this notice before."""


class NobodyNamed(Refused):
    """A confirmation names the person who deleted the rows."""


@transaction.atomic
def owe_rows(*, actor: Actor, now: datetime) -> int:
    """Put down every row that a licensee has received, that was taken or held back, and that they were not told about.

    Returns how many; asked again, only what is new.

    Raises:
        NotPermitted: when the actor is not the platform.
    """
    _require_platform(actor)
    rows = [
        NoticeRow(
            licensee_id=row.licensee_id,
            battle_id=row.battle_id,
            name=row.name,
            is_urgent=row.is_urgent,
            owed_at=now,
        )
        for row in owed_rows()
    ]
    NoticeRow.objects.bulk_create(rows, ignore_conflicts=True, batch_size=_AT_ONCE)
    return len(rows)


@transaction.atomic
def issue_notice(*, actor: Actor, licensee_id: int, now: datetime) -> Notice | None:
    """Write the notice that is due to a licensee; None when nothing is due, or somebody else writes it right now.

    Urgent rows go out at once, alone. The others wait for the first look of the next month, so that nobody can tell
    from a notice's day who took something back, and go out together.

    Raises:
        NotPermitted: when the actor is not the platform.
    """
    _require_platform(actor)
    # FOR NO KEY UPDATE, as downloads do: a notice and a delivery of one licensee come one after the other.
    licensee = Licensee.objects.select_for_update(no_key=True).get(pk=licensee_id)
    urgent, others = waiting_rows(licensee.pk)
    rows = urgent or others
    if not rows or not (urgent or batch_is_due(min(row.owed_at for row in rows), now=now)):
        return None
    terms = terms_in_force()
    due_at = terms.due_at(now, is_urgent=bool(urgent))
    number = (Notice.objects.filter(licensee=licensee).aggregate(last=Max("number"))["last"] or 0) + 1
    document = notice_bytes(
        licensee=licensee.organization.name,
        number=number,
        is_urgent=bool(urgent),
        issued_at=now,
        due_at=due_at,
        rows=_by_release(rows),
    )
    notice = Notice.objects.create(
        licensee=licensee,
        number=number,
        is_urgent=bool(urgent),
        document=document.decode(),
        sha256=sha256_of_notice(document),
        rows=len(rows),
        issued_at=now,
        due_at=due_at,
        suspends_at=terms.suspends_at(due_at),
    )
    NoticeRow.objects.filter(pk__in=[row.pk for row in rows], notice=None).update(notice=notice)
    record(
        LicensingEvent.NOTICE_ISSUED,
        actor=actor,
        subject=notice.ref,
        at=now,
        clause=TERMS_CLAUSE,
        facts={
            "licensee": licensee.ref,
            "counter": number,
            "notice_digest": notice.sha256,
            "rows_told": notice.rows,
            "is_urgent": notice.is_urgent,
        },
    )
    _write(actor, notice, LetterKind.ISSUED, _readers(licensee), now)
    return notice


def _by_release(rows: list[NoticeRow]) -> dict[int, list[str]]:
    names = {row.battle_id: row.name for row in rows}
    found: dict[int, list[str]] = {}
    items = ReleaseItem.objects.filter(battle__in=list(names)).values_list("battle_id", "release_id")
    for battle_id, release_id in items:
        found.setdefault(release_id, []).append(names[battle_id])
    return found


@transaction.atomic
def press_notice(*, actor: Actor, notice_id: int, now: datetime) -> Notice:
    """Do what is due about a notice that nobody has acknowledged: remind, tell the officers, suspend.

    After three quarters of the time the licensee is reminded; after the deadline the officers are told; after the days
    of clause W11 nothing more is delivered to the licensee. Each happens once, and one at most at a look.

    Raises:
        NotPermitted: when the actor is not the platform.
    """
    _require_platform(actor)
    licensee_id = Notice.objects.values_list("licensee_id", flat=True).get(pk=notice_id)
    licensee = Licensee.objects.select_for_update(no_key=True).get(pk=licensee_id)
    notice = Notice.objects.select_for_update(no_key=True).get(pk=notice_id)
    if notice.acknowledged_at is not None:
        return notice
    # A look that comes late does the last thing that is due and skips what it would only have announced: whoever was
    # silent hears once, and the log tells of it once.
    if notice.suspended_at is None and now >= notice.suspends_at:
        _suspend(actor, licensee, notice, now)
    elif notice.escalated_at is None and now >= notice.due_at:
        notice.escalated_at = now
        notice.save(update_fields=["escalated_at"])
        _tell(actor, notice, LicensingEvent.NOTICE_OVERDUE, now)
        _write(actor, notice, LetterKind.OVERDUE, [*_readers(licensee), *officers()], now)
    elif notice.reminded_at is None and reminds_at(notice.issued_at, notice.due_at) <= now < notice.due_at:
        notice.reminded_at = now
        notice.save(update_fields=["reminded_at"])
        _tell(actor, notice, LicensingEvent.NOTICE_REMINDED, now)
        _write(actor, notice, LetterKind.REMINDER, _readers(licensee), now)
    return notice


def _suspend(actor: Actor, licensee: Licensee, notice: Notice, now: datetime) -> None:
    """Deliver nothing more to a licensee that was silent: one entry, and one letter that says which notice it was."""
    notice.suspended_at = now
    notice.save(update_fields=["suspended_at"])
    was_suspended = _is_suspended(licensee)
    words = _("A notice about rows that were taken back was not answered in time.")
    if not was_suspended:
        put_down_suspension(actor=actor, licensee=licensee, clause_number=TERMS_CLAUSE, words=words, now=now)
    record(
        LicensingEvent.SUSPENDED_FOR_SILENCE,
        actor=actor,
        subject=licensee.ref,
        at=now,
        clause=TERMS_CLAUSE,
        facts={
            "notice": notice.ref,
            "reason_digest": digest_of(words),
            "was_suspended": was_suspended,
        },
    )
    _write(actor, notice, LetterKind.SUSPENDED, [*_readers(licensee), *officers()], now)


def _is_suspended(licensee: Licensee) -> bool:
    try:
        require_not_suspended(licensee)
    except LicenseeSuspended:
        return True
    return False


@transaction.atomic
def acknowledge_notice(*, actor: Actor, notice_id: int, name: str, now: datetime) -> Notice:
    """Confirm that the rows of a notice are deleted; ``name`` is the person who answers for it.

    The log commits to the name without holding it. A suspension that followed silence is lifted by an officer.

    Raises:
        NotYourNotice: when the actor does not speak for the licensee.
        NobodyNamed: without a name.
        AlreadyAcknowledged: the second time.
    """
    notice = (
        Notice.objects.select_for_update(of=("self",), no_key=True)
        .select_related("licensee")
        .filter(pk=notice_id)
        .first()
    )
    if notice is None or not speaks_for(actor, notice.licensee):
        raise NotYourNotice(_("This notice is not addressed to you."))
    named = " ".join(name.split())
    if not 0 < len(named) <= LONGEST_NAME or not named.isprintable():
        raise NobodyNamed(_("Name the person who confirms that the rows are deleted."), subject=notice.ref)
    if notice.acknowledged_at is not None:
        raise AlreadyAcknowledged(_("This notice was acknowledged before."), subject=notice.ref)
    notice.acknowledged_at, notice.acknowledged_by, notice.acknowledged_name = now, actor.pseudonym, named
    notice.save(update_fields=["acknowledged_at", "acknowledged_by", "acknowledged_name"])
    record(
        LicensingEvent.NOTICE_ACKNOWLEDGED,
        actor=actor,
        subject=notice.ref,
        at=now,
        clause=TERMS_CLAUSE,
        facts={
            "notice_digest": notice.sha256,
            "in_time": now <= notice.due_at,
            "name": commit_to(named, subject=notice.ref),
        },
    )
    return notice


def _tell(actor: Actor, notice: Notice, event: LicensingEvent, now: datetime) -> None:
    record(
        event,
        actor=actor,
        subject=notice.ref,
        at=now,
        clause=TERMS_CLAUSE,
        facts={"notice_digest": notice.sha256, "to": f"licensing.licensee:{notice.licensee_id}"},
    )


def _readers(licensee: Licensee) -> list[User]:
    """Return who is written to for a licensee: whoever speaks for it, or the officers while nobody does."""
    return [licensee.contact] if licensee.contact is not None else officers()


def _write(actor: Actor, notice: Notice, kind: LetterKind, recipients: list[User], now: datetime) -> None:
    """Put the words into each inbox, and put down that a mail with them is due."""
    words = letter_words(notice, kind)
    for recipient in {each.pk: each for each in recipients}.values():
        notify(
            actor=actor,
            recipient=recipient,
            subject=words[0],
            body=words[1],
            address=f"/releases/mine/notices/{notice.pk}/",
            now=now,
        )
        Letter.objects.get_or_create(
            notice=notice, kind=kind, recipient=recipient, defaults={"written_at": now, "next_try_at": now}
        )


def letter_words(notice: Notice, kind: LetterKind) -> tuple[str, str]:
    """Return the subject and the words of a letter about a notice; no row is named in it."""
    context = {"notice": notice, "licensee": notice.licensee.organization.name}
    name = f"licensing/mail/notice_{kind.value}"
    subject = " ".join(render_to_string(f"{name}.subject.txt", context).split())
    return subject, render_to_string(f"{name}.body.txt", context).strip() + "\n"


def _require_platform(actor: Actor) -> None:
    if not may_tend_deliveries(actor):
        raise NotPermitted(_("Notices are written by the platform itself."))
