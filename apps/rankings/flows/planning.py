"""Which boards a night has: shown, hidden and why, computed anew or standing as they were."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from apps.rankings.domain.membership import (
    EVERYONE,
    DeclaredList,
    Holdings,
    Membership,
    holdings,
    membership_of,
    vote_marks,
)
from apps.rankings.domain.showing import ShowingRules, Standing, WhyHidden, decide, remainder
from apps.rankings.domain.votes import UNKNOWN, Codes
from apps.rankings.queries import CountedVotes

#: How a layer of boards without what was sold is called among the parts.
WITHOUT: Final = "without-released:"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPlan:
    """What becomes of one board tonight; ``people`` is what it will have rested on, where it is computed anew."""

    segment: str
    is_without_released: bool
    hidden: str
    refreshes: bool
    people: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All boards of the platform's own votes."""

    boards: tuple[BoardPlan, ...]

    @property
    def layers(self) -> list[str]:
        """The keys of the parts that fit boards: one for each combination of attributes with a board to compute."""
        keys = [_layer_of(board) for board in self.boards if board.refreshes]
        return list(dict.fromkeys(keys))

    def refreshing(self, layer: str) -> list[str]:
        """Return the boards of one layer that are computed anew."""
        return [board.segment for board in self.boards if board.refreshes and _layer_of(board) == layer]

    def told(self) -> dict[str, Any]:
        """Return the plan for JSON, without what boards rest on."""
        return {"boards": [[one.segment, one.is_without_released, one.hidden, one.refreshes] for one in self.boards]}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what boards rest on, all in one."""
        return {
            "people": np.frombuffer(b"".join(one.people for one in self.boards), np.uint8),
            "people of": np.array([len(one.people) for one in self.boards], np.int64),
        }

    @classmethod
    def of(cls, told: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> "Plan":
        """Return what was told and kept."""
        ends = np.cumsum(arrays["people of"]).tolist()
        everything = arrays["people"].tobytes()
        return cls(
            boards=tuple(
                BoardPlan(
                    segment=segment,
                    is_without_released=without,
                    hidden=hidden,
                    refreshes=refreshes,
                    people=everything[end - length : end],
                )
                for (segment, without, hidden, refreshes), end, length in zip(
                    told["boards"], ends, arrays["people of"].tolist(), strict=True
                )
            )
        )


def _layer_of(board: BoardPlan) -> str:
    return layer_key(board.segment, without=board.is_without_released)


def layer_key(segment: str, *, without: bool) -> str:
    """Return the key of the layer that a board is in: its attributes, such as ``language,age_band``."""
    attributes = "" if segment == EVERYONE else ",".join(each.split("=", 1)[0] for each in segment.split(","))
    return (WITHOUT if without else "") + (attributes or EVERYONE)


def members(counted: CountedVotes, declared: DeclaredList, *, without_released: bool) -> Membership:
    """Sort votes into the boards of the declared list; votes that were sold can be kept out of all of them."""
    columns = counted.columns
    if without_released:
        columns = columns.take(~counted.released)
    return membership_of(columns.attributes, declared, len(columns))


def codes_of(counted: CountedVotes, layer: str, names: Sequence[str]) -> Codes:
    """Return each vote's board among these of one layer (int32, n), -1 for a vote of none of them."""
    combination = tuple(part for part in layer.split(",") if part != EVERYONE)
    found = members(counted, DeclaredList((combination,)), without_released=False).layers[0]
    asked = {name: place for place, name in enumerate(names)}
    # The last place answers for the code -1.
    places = np.array([*(asked.get(name, UNKNOWN) for name in found.boards), UNKNOWN], np.int32)
    return places[found.codes]


def plan_boards(
    counted: CountedVotes,
    declared: DeclaredList,
    rules: ShowingRules,
    last: Mapping[tuple[str, bool], Standing],
) -> Plan:
    """Decide for every board of the declared list what becomes of it tonight.

    ``last`` is what each board rested on when it was last published, by segment and whether it was the board without
    what was sold. A sale changes a vote's mark like an exclusion does: how much of a board was sold is published too.
    """
    held = _holdings(counted, declared, without_released=False)
    shown = decide(held, {name: one for (name, without), one in last.items() if not without}, rules)
    people = {name: Standing.of(mine).to_bytes() for name, mine in zip(held.boards, held.held, strict=True)}
    plans = [
        BoardPlan(
            segment=one.board,
            is_without_released=False,
            hidden=one.hidden or "",
            refreshes=one.refreshes,
            people=people[one.board] if one.refreshes else b"",
        )
        for one in shown
    ]
    if not plans:
        nobody = WhyHidden.TOO_FEW
        plans = [BoardPlan(segment=EVERYONE, is_without_released=False, hidden=nobody, refreshes=False)]
    if counted.released.any():
        visible = [one.segment for one in plans if not one.hidden]
        plans += _without_released(counted, declared, rules, last, held, _with_a_sale(counted, declared, visible))
    return Plan(boards=tuple(plans))


def _holdings(counted: CountedVotes, declared: DeclaredList, *, without_released: bool) -> Holdings:
    columns, released = counted.columns, counted.released
    if without_released:
        columns, released = columns.take(~released), released[~released]
    marks = vote_marks(2 * columns.vote_ids + released, columns.outcome)
    return holdings(membership_of(columns.attributes, declared, len(columns)), columns.people, marks)


def _with_a_sale(counted: CountedVotes, declared: DeclaredList, visible: list[str]) -> set[str]:
    """Return the boards that are shown and in which something was sold."""
    found: set[str] = set()
    for layer in members(counted, declared, without_released=False).layers:
        codes = layer.codes[counted.released]
        found |= {layer.boards[code] for code in np.unique(codes[codes >= 0]).tolist()}
    return found & set(visible)


def _without_released(
    counted: CountedVotes,
    declared: DeclaredList,
    rules: ShowingRules,
    last: Mapping[tuple[str, bool], Standing],
    whole: Holdings,
    asked: set[str],
) -> list[BoardPlan]:
    """Plan each board once more, without votes on battles that were sold since; the difference may not be readable."""
    rest = _holdings(counted, declared, without_released=True)
    shown = {one.board: one for one in decide(rest, {name: one for (name, is_it), one in last.items() if is_it}, rules)}
    mine = dict(zip(rest.boards, rest.held, strict=True))
    around = dict(zip(whole.boards, whole.held, strict=True))
    plans = []
    for name in (name for name in whole.boards if name in asked):
        one = shown.get(name)
        if one is None:
            hidden = WhyHidden.TOO_FEW.value
        elif one.hidden is None and 0 < remainder(mine[name], around[name]) < rules.least:
            hidden = WhyHidden.REMAINDER.value
        else:
            hidden = (one.hidden or "") if one is not None else ""
        refreshes = one is not None and not hidden and one.refreshes
        plans.append(
            BoardPlan(
                segment=name,
                is_without_released=True,
                hidden=hidden,
                refreshes=refreshes,
                people=Standing.of(mine[name]).to_bytes() if refreshes else b"",
            )
        )
    return plans
