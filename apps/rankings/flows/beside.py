"""What is published beside the boards, in parts of its own: tables by their kind, and sentences across segments.

Tables are computed for boards that are published anew; those of a board that stands are the ones it stands from.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from apps.rankings.domain.membership import EVERYONE
from apps.rankings.domain.packing import packed, unpacked
from apps.rankings.domain.sentences import tonight
from apps.rankings.flows.everybody import facts_of_everybody
from apps.rankings.flows.fact import Fact
from apps.rankings.flows.gathering import NightInput
from apps.rankings.flows.groups import with_groups
from apps.rankings.flows.pairs import head_to_heads
from apps.rankings.flows.planning import WITHOUT, Plan
from apps.rankings.flows.statements import compared_segments
from apps.rankings.flows.varying import ranks_by_method
from apps.rankings.models import FactKind, Method
from apps.rankings.queries import CountedVotes, latest_snapshot
from apps.rankings.services import FittedBoard

#: What the keys of these parts begin with.
BESIDE: Final = "beside="


class Part(StrEnum):
    """The parts beside the boards, each for a worker of its own."""

    PAIRS = "beside=pairs"
    EVERYBODY = "beside=everybody"
    METHODS = "beside=methods"
    SENTENCES = "beside=sentences"


def parts_beside(plan: Plan) -> list[str]:
    """Return the keys of the parts that a night needs for what is published anew."""
    layers = [layer for layer in plan.layers if not layer.startswith(WITHOUT)]
    keys = [Part.PAIRS] if layers else []
    if EVERYONE in layers:
        keys += [Part.EVERYBODY, Part.METHODS]
        keys += [Part.SENTENCES] if len(layers) > 1 else []
    return [key.value for key in keys]


def computed_beside(
    key: str, night: NightInput, plan: Plan, counted: CountedVotes, rules: Mapping[str, Any], least: int
) -> bytes:
    """Compute one of the parts; ``rules`` are the parameters of R1, ``least`` is how many people a pair needs."""
    part = Part(key)
    facts: list[Fact] = []
    sentences: list[dict[str, Any]] = []
    if part is Part.PAIRS:
        facts = head_to_heads(counted, plan, taken_at=night.taken_at, least=least)
    elif part is Part.EVERYBODY:
        facts = facts_of_everybody(counted, plan, rules, until=night.taken_at)
    elif part is Part.METHODS:
        facts = [ranks_by_method(night, counted, rules)]
    else:
        sentences = compared_segments(counted, plan, rules)
    told = [[fact.segment, fact.method.value, fact.kind.value, fact.data] for fact in facts]
    return packed({"facts": told, "sentences": sentences})


def with_facts(boards: Iterable[FittedBoard], results: Iterable[bytes]) -> list[FittedBoard]:
    """Return the night's boards with their tables: those of the parts, and whose votes they rest on, as published."""
    found: dict[tuple[str, Method], dict[FactKind, Any]] = {}
    for result in results:
        for segment, method, kind, data in unpacked(result)[0]["facts"]:
            found.setdefault((segment, Method(method)), {})[FactKind(kind)] = data
    told = []
    for board in boards:
        is_anew = bool(board.ratings) and board.dataset_id is None and not board.is_without_released
        mine = found.get((board.segment, board.method)) if is_anew else None
        told.append(replace(board, facts={**board.facts, **mine}) if mine else board)
    return with_groups(told)


def sentences_of(plan: Plan, results: Iterable[bytes]) -> Sequence[Mapping[str, Any]]:
    """Return the night's statements: those of boards computed anew, and those that stand with theirs."""
    fresh = [sentence for result in results for sentence in unpacked(result)[0]["sentences"]]
    standing = frozenset(
        one.segment for one in plan.boards if not one.is_without_released and not one.hidden and not one.refreshes
    )
    last = latest_snapshot()
    return tonight(fresh, last.findings if last else (), standing)


__all__ = ["BESIDE", "Fact", "Part", "computed_beside", "parts_beside", "sentences_of", "with_facts"]
