"""Erasing a person: their name, their words and their salts go; counts, proofs and what was decided stay.

It touches what every floor below keeps of a person, which is why it lives up here. The order matters: the rows of
releases are taken back while they can still be found, and the words go last, when nobody has an account behind them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.accounts.models import InboxMessage, User
from apps.accounts.services import erase_account
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.permissions import has_lately_proved_identity
from apps.audit.services import ReauthenticationNeeded, forget_texts_about
from apps.battles.models import Battle, Vote
from apps.contributors.models import Contributor
from apps.contributors.services import cut_from_account
from apps.licensing.services.tombstones import take_back_rows_of
from apps.moderation.models import Appeal
from apps.moderation.services import erase_appeals_of
from apps.prompts.models import Prompt, PromptState
from apps.prompts.services import withdraw_prompt
from apps.web.queries.erased import erased_who_came_back

_PLATFORM: Final = Actor.system("web.erase")


class NotYourself(NotPermitted):
    """Only the person themself, or the platform after a backup was restored, erases somebody."""


class NotConfirmed(Refused):
    """Whoever erases themself says so in so many words, since nothing of it can be undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What went: prompts whose words are gone, votes that tell less, texts that open for nobody, released rows."""

    prompts: int
    turns: int
    votes: int
    texts: int
    rows_taken_back: int


@transaction.atomic
def erase_contributor(*, actor: Actor, contributor_id: int, now: datetime, is_confirmed: bool = True) -> Erased:
    """Erase the person behind a contributor, for good.

    Their prompts leave the pool and lose their words, their ballots keep the choice and a random number, the salts that
    open commitments go, and nobody can sign in again. Released rows are taken back: licensees who have them are owed an
    urgent notice with its deadline. Every proof of the log holds as before.

    Raises:
        NotYourself: when it is somebody else, and not the platform.
        ReauthenticationNeeded: when the person has not lately proved who they are.
        NotConfirmed: without the person's own confirmation.
        ErasedBefore: the second time.
        StillInOffice: while the person holds another role.
    """
    contributor = Contributor.objects.get(pk=contributor_id)
    if not actor.is_system:
        if actor.account_id is None or contributor.account_id != actor.account_id:
            raise NotYourself(_("You can erase yourself and nobody else."), subject=contributor.ref)
        if not has_lately_proved_identity(actor, now):
            raise ReauthenticationNeeded(_("Sign in again first: nothing of this can be undone."))
        if not is_confirmed:
            raise NotConfirmed(_("Tick the box that says that you want to be erased for good."))
    for prompt in Prompt.objects.filter(author=contributor).exclude(state=PromptState.WITHDRAWN).order_by("pk"):
        # By the person's own word, also where the platform repeats it after a backup.
        withdraw_prompt(actor=_as_author(actor, contributor), prompt=prompt, clause=None, now=now)
    rows = take_back_rows_of(actor=_PLATFORM, contributor_id=contributor.pk, now=now)
    account = User.objects.filter(contributor=contributor).first()
    subjects = [*_subjects(contributor), *(_subjects_of(account) if account is not None else ())]
    account = cut_from_account(actor=actor, contributor=contributor, now=now)
    texts = forget_texts_about(actor=actor, subjects=subjects, reason=contributor.ref, now=now)
    erase_appeals_of(actor=actor, appellant_id=account.pk, now=now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT prompts, turns, votes FROM erase_words_of(%s)", [contributor.pk])
        prompts, turns, votes = cursor.fetchone()
    erase_account(actor=actor, user=account, now=now)
    return Erased(prompts=prompts, turns=turns, votes=votes, texts=texts, rows_taken_back=rows)


def _as_author(actor: Actor, contributor: Contributor) -> Actor:
    if actor.account_id is not None or contributor.account is None:
        return actor
    return contributor.account.as_actor()


def _subjects(contributor: Contributor) -> Iterator[str]:
    """Yield what commitments to this person's words and votes are about."""
    for prompt in Prompt.objects.filter(author=contributor).only("pk").iterator():
        yield prompt.ref
    for vote in Vote.objects.filter(contributor=contributor).only("pk", "public_id").iterator():
        yield vote.ref
    # Turns are committed to under their battle, beside its answers, which may quote them.
    for battle in Battle.objects.filter(contributor=contributor, turns__isnull=False).distinct().only("pk"):
        yield battle.ref


def _subjects_of(account: User) -> Iterator[str]:
    for message in InboxMessage.objects.filter(recipient=account).only("pk"):
        yield f"accounts.inboxmessage:{message.pk}"
    for appeal in Appeal.objects.filter(appellant=account).only("pk"):
        yield appeal.ref


@transaction.atomic
def erase_again(*, actor: Actor, now: datetime) -> int:
    """Erase everybody whom a restored backup brought back although the log says that they were erased.

    Returns how many; asked again, nobody. Raises ``NotYourself`` when it is not the platform.
    """
    if not actor.is_system:
        raise NotYourself(_("A backup is restored by whoever runs the platform."))
    found = erased_who_came_back()
    for contributor_id in found:
        erase_contributor(actor=actor, contributor_id=contributor_id, now=now)
    return len(found)
