"""Mails about notices: claimed, handed over outside any transaction, confirmed; what fails is tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.services import record
from apps.licensing.events import LicensingEvent
from apps.licensing.models import Letter, LetterKind
from apps.licensing.permissions import may_tend_deliveries
from apps.licensing.queries.withdrawals import TERMS_CLAUSE
from apps.licensing.services.notices import letter_words

# A process that died while it sent leaves the letter due again after this; the next waits grow up to a quarter day.
_CLAIMED_FOR: Final = timedelta(minutes=2)
_LONGEST_WAIT: Final = timedelta(hours=6)
_LINK: Final = "{site}/releases/mine/notices/{notice}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterToSend:
    """A mail ready to go; ``key`` is the same however often it is sent."""

    letter_id: int
    to: str
    subject: str
    body: str
    key: str


@transaction.atomic
def claim_letter(*, actor: Actor, letter_id: int, now: datetime) -> LetterToSend | None:
    """Take up a letter that is due; None when it was sent, or somebody else sends it.

    Raises:
        NotPermitted: when the actor is not the platform.
    """
    _require_platform(actor)
    letter = (
        Letter.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("recipient", "notice__licensee__organization")
        .filter(pk=letter_id, sent_at=None, next_try_at__lte=now)
        .first()
    )
    if letter is None:
        return None
    letter.tries += 1
    letter.next_try_at = now + min(_CLAIMED_FOR * 2 ** min(letter.tries - 1, 10), _LONGEST_WAIT)
    letter.save(update_fields=["tries", "next_try_at"])
    subject, body = letter_words(letter.notice, LetterKind(letter.kind))
    link = _LINK.format(site=settings.SITE_ADDRESS.rstrip("/"), notice=letter.notice_id)
    host = settings.SITE_ADDRESS.partition("://")[2].partition("/")[0].partition(":")[0] or "localhost"
    return LetterToSend(
        letter_id=letter.pk,
        to=letter.recipient.email,
        subject=subject,
        body=f"{body}\n{link}\n",
        key=f"notice-{letter.notice_id}-{letter.kind}-{letter.pk}@{host}",
    )


@transaction.atomic
def confirm_letter(*, actor: Actor, letter_id: int, now: datetime) -> Letter:
    """Put down that a mail was handed over; the second time changes nothing."""
    _require_platform(actor)
    letter = Letter.objects.select_for_update(of=("self",)).select_related("notice", "recipient").get(pk=letter_id)
    if letter.sent_at is not None:
        return letter
    letter.sent_at = now
    letter.save(update_fields=["sent_at"])
    record(
        LicensingEvent.NOTICE_SENT,
        actor=actor,
        subject=letter.notice.ref,
        at=now,
        clause=TERMS_CLAUSE,
        facts={"kind": letter.kind, "person": letter.recipient.pseudonym, "tries": letter.tries},
    )
    return letter


def _require_platform(actor: Actor) -> None:
    if not may_tend_deliveries(actor):
        raise NotPermitted(_("Mails are sent by the platform itself."))
