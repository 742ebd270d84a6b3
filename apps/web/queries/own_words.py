"""A contributor's own words and votes, page by page: what they wrote and chose, and of answers only what is retired."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from apps.battles.models import Battle, BattleState, Vote
from apps.contributors.models import Contributor
from apps.moderation.models import Appeal
from apps.prompts.models import Prompt, ScreeningHint

_PAGE: Final = 200
# A battle is eligible when the database itself found all its clusters retired and unsold: no answer leaves earlier.
_VOTED: Final = """
    SELECT battle.id, battle.language, battle.category, battle.opened_at,
      CASE WHEN prompt.author_id = battle.contributor_id THEN prompt.id END, vote.choice, vote.cast_at,
      vote.excluded_under, left_model.name, right_model.name, eligible.battle_id IS NOT NULL,
      CASE WHEN eligible.battle_id IS NOT NULL THEN left_answer.text END,
      CASE WHEN eligible.battle_id IS NOT NULL THEN right_answer.text END
    FROM battles_battle battle
    JOIN battles_vote vote ON vote.battle_id = battle.id AND vote.contributor_id = battle.contributor_id
    JOIN battles_languagemodel left_model ON left_model.id = battle.left_model_id
    JOIN battles_languagemodel right_model ON right_model.id = battle.right_model_id
    LEFT JOIN prompts_prompt prompt ON prompt.id = battle.prompt_id
    LEFT JOIN eligible_battle eligible ON eligible.battle_id = battle.id
    LEFT JOIN battles_response left_answer ON left_answer.battle_id = battle.id AND left_answer.side = 'left'
    LEFT JOIN battles_response right_answer ON right_answer.battle_id = battle.id AND right_answer.side = 'right'
    WHERE battle.contributor_id = %s AND battle.state = 'voted' AND battle.id > %s ORDER BY battle.id LIMIT %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCounts:
    """What a contributor's file would hold now."""

    prompts: int
    votes: int
    retired: int


def own_counts(contributor: Contributor) -> OwnCounts:
    """Return how much of somebody's own there is, and how many of their battles have their answers in the file."""
    retired = Battle.objects.of(contributor).filter(state=BattleState.VOTED, eligibility__isnull=False)
    return OwnCounts(
        prompts=Prompt.objects.filter(author=contributor).count(),
        votes=Vote.objects.of(contributor).count(),
        retired=retired.count(),
    )


def own_lines(contributor: Contributor) -> Iterator[dict[str, Any]]:
    """Yield everything that somebody wrote and chose here, oldest first; never more than a page is in memory."""
    for read in (_prompts, _hints, _appeals, _battles):
        after = 0
        while page := read(contributor, after):
            yield from (line for _id, line in page)
            after = page[-1][0]


_Page = list[tuple[int, dict[str, Any]]]
_Reader = Callable[[Contributor, int], _Page]


def _prompts(contributor: Contributor, after: int) -> _Page:
    found = Prompt.objects.filter(author=contributor, pk__gt=after).order_by("pk")[:_PAGE]
    return [
        (
            prompt.pk,
            {
                "kind": "prompt",
                "id": prompt.pk,
                "text": prompt.text,
                "language": prompt.language,
                "category": prompt.category,
                "state": prompt.state,
                "submitted_at": prompt.submitted_at.isoformat(),
            },
        )
        for prompt in found
    ]


def _hints(contributor: Contributor, after: int) -> _Page:
    answered = ScreeningHint.objects.filter(prompt__author=contributor, pk__gt=after).exclude(answer="")
    return [
        (hint.pk, {"kind": "answer_to_hint", "prompt": hint.prompt_id, "hint": hint.kind, "text": hint.answer})
        for hint in answered.order_by("pk")[:_PAGE]
    ]


def _appeals(contributor: Contributor, after: int) -> _Page:
    if contributor.account_id is None:
        return []
    made = Appeal.objects.filter(appellant_id=contributor.account_id, pk__gt=after).order_by("pk")[:_PAGE]
    return [
        (
            appeal.pk,
            {
                "kind": "appeal",
                "decision": appeal.decision_id,
                "text": appeal.text,
                "state": appeal.state,
                "made_at": appeal.made_at.isoformat(),
            },
        )
        for appeal in made
    ]


def _battles(contributor: Contributor, after: int) -> _Page:
    with connection.cursor() as cursor:
        cursor.execute(_VOTED, [contributor.pk, after, _PAGE])
        rows = cursor.fetchall()
    return [
        (
            row[0],
            {
                "kind": "vote",
                "battle": row[0],
                "language": row[1],
                "category": row[2],
                "opened_at": row[3].isoformat(),
                "own_prompt": row[4],
                "choice": row[5],
                "cast_at": row[6].isoformat(),
                "left_out_under": row[7] or None,
                "left_model": row[8],
                "right_model": row[9],
                "answers": {"left": row[11], "right": row[12]} if row[10] else None,
            },
        )
        for row in rows
    ]
