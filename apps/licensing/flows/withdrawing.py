"""From a withdrawal to its acknowledgement: rows taken back, editions rewritten, notices issued and pressed for.

Each step finds its work as rows and does one thing a transaction, so that a process that dies anywhere is followed by
another that does the rest, and nothing twice.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.licensing.flows.delivering import close_what_broke_off
from apps.licensing.flows.rewriting import rewrite_editions
from apps.licensing.gateways import Post, PostRefused
from apps.licensing.gateways.post import Sends
from apps.licensing.queries.withdrawals import due_letters, editions_to_rewrite, owing, pressing_notices
from apps.licensing.services.letters import claim_letter, confirm_letter
from apps.licensing.services.notices import issue_notice, owe_rows, press_notice
from apps.licensing.services.tombstones import take_back_unfit_rows

Clock = Callable[[], datetime]


class Tended(NamedTuple):
    """What one look came to."""

    taken_back: int
    owed: int
    issued: int
    mailed: int


def tend_withdrawals(*, actor: Actor, clock: Clock = timezone.now, post: Sends | None = None) -> Tended:
    """Do everything about deliveries and withdrawals that is due; return what was done."""
    close_what_broke_off(actor=actor, clock=clock)
    taken_back = take_back_unfit_rows(actor=actor, now=clock())
    for offer_id in editions_to_rewrite():
        rewrite_editions(actor=actor, offer_id=offer_id, clock=clock)
    owed = owe_rows(actor=actor, now=clock())
    issued = [issue_notice(actor=actor, licensee_id=licensee_id, now=clock()) for licensee_id in owing()]
    for notice_id in pressing_notices(now=clock()):
        press_notice(actor=actor, notice_id=notice_id, now=clock())
    return Tended(
        taken_back,
        owed,
        sum(each is not None for each in issued),
        send_due_letters(actor=actor, clock=clock, post=post),
    )


def send_due_letters(*, actor: Actor, clock: Clock = timezone.now, post: Sends | None = None) -> int:
    """Hand over the mails that are due, each claimed before and confirmed after; return how many went."""
    where, sent = post or Post(), 0
    for letter_id in due_letters(now=clock()):
        letter = claim_letter(actor=actor, letter_id=letter_id, now=clock())
        if letter is None:
            continue
        try:
            where.send(to=letter.to, subject=letter.subject, body=letter.body, key=letter.key)
        except PostRefused:
            # It stays due, and is tried again after a while.
            continue
        confirm_letter(actor=actor, letter_id=letter_id, now=clock())
        sent += 1
    return sent
