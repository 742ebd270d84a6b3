"""Casting the one vote that a battle gets."""

import secrets
import uuid
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.audit.services import commit_to, record
from apps.battles.domain.facts import facts_of_vote
from apps.battles.events import BattleEvent
from apps.battles.models import Battle, BattleState, Choice, Side, Vote
from apps.battles.services.battle_rows import BattleIsOver, lock_own_battle_for_vote
from apps.battles.services.closing import has_expired
from apps.battles.services.draw_rows import opened_draw
from apps.contributors.models import Contributor
from apps.contributors.queries import contributor_of, profile_of

NONCE_BYTES = 16


class AlreadyVoted(Refused):
    """The battle has its vote, and keeps it."""


class AnswersMissing(Refused):
    """A vote before both answers are whole."""


@transaction.atomic
def cast_vote(
    *, actor: Actor, battle: Battle, choice: Choice, ballot_key: uuid.UUID | None = None, now: datetime
) -> Vote:
    """Cast the vote on one's own battle, with what the voter declares about themselves now.

    The same ``ballot_key``, which the form makes, finds the same vote again, whatever the choice: a second click is
    no second vote. The log's entry commits to the choice and never tells it.

    Raises:
        NotAContributor: when the actor may not take part.
        NoSuchBattle: when it is not the actor's.
        AlreadyVoted: when it has a vote.
        AnswersMissing: when an answer is not there yet.
        BattleIsOver: when it is void, skipped or expired.
    """
    choice = Choice(choice)
    contributor = contributor_of(actor)
    battle, answers = lock_own_battle_for_vote(contributor, battle.pk)
    match BattleState(battle.state):
        case BattleState.VOTED:
            vote = Vote.objects.get(battle=battle)
            if ballot_key is not None and vote.ballot_key == ballot_key:
                return vote
            raise AlreadyVoted(_("Your vote on this battle has already counted."), clause="B1", subject=battle.ref)
        case BattleState.OPENED | BattleState.ANSWERING:
            raise AnswersMissing(_("Both answers must be there before you vote."), clause="B1", subject=battle.ref)
        case BattleState.VOIDED | BattleState.SKIPPED | BattleState.EXPIRED:
            raise BattleIsOver(_("This battle has ended without a vote."), clause="B1", subject=battle.ref)
        case BattleState.READY:
            pass
    if has_expired(battle, now=now):
        # The sweeper will close it; the rule does not wait for the sweeper.
        raise BattleIsOver(_("This battle waited too long for a vote."), clause="B2", subject=battle.ref)
    if answers != len(Side):
        raise AnswersMissing(_("Both answers must be there before you vote."), clause="B1", subject=battle.ref)
    # The wall's triggers set the time of this live event, here and at the vote's INSERT.
    battle.state, battle.voted = BattleState.VOTED, True
    battle.save(update_fields=["state", "voted"])
    vote = _filled_in(battle, contributor, choice=choice, ballot_key=ballot_key, now=now)
    vote.save(force_insert=True)
    record(
        BattleEvent.VOTE_CAST,
        actor=actor,
        subject=battle.ref,
        at=now,
        clause="B1",
        facts={**facts_of_vote(vote=vote.ref, commitment=vote.commitment), **opened_draw(battle)},
    )
    return vote


def _filled_in(
    battle: Battle, contributor: Contributor, *, choice: Choice, ballot_key: uuid.UUID | None, now: datetime
) -> Vote:
    """Return a ballot with what the voter declares now, and with the commitment to its choice."""
    profile = profile_of(contributor)
    vote = Vote(
        battle=battle,
        contributor=contributor,
        nonce=secrets.token_bytes(NONCE_BYTES),
        choice=choice,
        ballot_key=ballot_key,
        cast_at=now,
        country=profile.country,
        language=battle.language,
        profession=profile.profession,
        age_band=profile.age_band,
        education=profile.education,
        category=battle.category,
        proof_level=profile.proof_level,
    )
    vote.commitment = commit_to(choice.value, subject=vote.ref)
    return vote
