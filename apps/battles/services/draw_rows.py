"""The draw of a battle in the log: sealed while the battle is blind, opened by the entry that ends it.

An auditor may contribute too. If the entry of an opened battle named its models, they could look them up and then vote.
"""

import uuid

from apps.audit.queries import salt_about
from apps.audit.services import commit_to
from apps.battles.domain.draw import Draw
from apps.battles.domain.facts import DrawFacts, facts_of_draw, facts_of_opened_draw, text_of_draw
from apps.battles.models import Battle


def seal_draw(draw: Draw, *, opening_key: uuid.UUID) -> str:
    """Return the commitment to a draw; its salt is kept under the battle's key, which is there before the battle."""
    sealed = facts_of_draw(
        left=draw.left.model_id,
        right=draw.right.model_id,
        left_endpoint=draw.left.endpoint_id,
        right_endpoint=draw.right.endpoint_id,
        probability=draw.probability,
    )
    return commit_to(text_of_draw(sealed), subject=_subject(opening_key))


def opened_draw(battle: Battle) -> dict[str, DrawFacts | str | None]:
    """Return the facts with which the entry that ends a battle opens its draw."""
    drawn = facts_of_draw(
        left=battle.left_model_id,
        right=battle.right_model_id,
        left_endpoint=battle.left_endpoint_id,
        right_endpoint=battle.right_endpoint_id,
        probability=battle.pair_probability,
    )
    return facts_of_opened_draw(drawn, salt=salt_about(_subject(battle.opening_key)))


def _subject(opening_key: uuid.UUID) -> str:
    return f"battles.draw:{opening_key}"
