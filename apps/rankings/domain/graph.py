"""Who can be ranked: what the graph of comparisons allows, and why some models have to stay off the board.

A Bradley-Terry estimate exists only where from every model a chain of wins (a tie that counts is half a win for each
side) leads to every other one: the graph must be strongly connected (Ford 1957; Hunter 2004, assumption 1).
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from apps.rankings.domain.votes import Codes, Counts, Flags


class WhyUnranked(StrEnum):
    """Why a model cannot stand on this board."""

    NO_VOTES = "no-votes"
    ALONE = "alone"
    NOT_CONNECTED = "not-connected"
    ALWAYS_WINS = "always-wins"
    ALWAYS_LOSES = "always-loses"
    NOT_COMPARABLE = "not-comparable"

    @property
    def sentence(self) -> str:
        """The reason in words, to follow a model's name."""
        return _SENTENCES[self]


_SENTENCES = {
    WhyUnranked.NO_VOTES: "has no votes that count",
    WhyUnranked.ALONE: "has nobody to be compared with",
    WhyUnranked.NOT_CONNECTED: "was never compared with the ranked models, not even through others",
    WhyUnranked.ALWAYS_WINS: "never lost or tied against the ranked models, not even through others: no finite rating",
    WhyUnranked.ALWAYS_LOSES: "never won or tied against the ranked models, not even through others: no finite rating",
    WhyUnranked.NOT_COMPARABLE: "meets the ranked models only through others that cannot be ranked",
}


@dataclass(frozen=True, slots=True, eq=False)
class Comparable:
    """The largest group of models that can be ranked together, and the reason for each of the others.

    ``ranked`` (bool, models) is all False where no two models can be ranked. ``group`` (int32, models) numbers the
    strongly connected components: models of the same number could be ranked among themselves.
    """

    ranked: Flags
    group: Codes
    why: dict[int, WhyUnranked]


def comparable(wins: Counts, votes: Counts) -> Comparable:
    """Find the models that can be ranked together.

    ``wins`` (models by models) is positive at [i, j] where i won or tied a counted vote against j; ``votes`` (models)
    counts each model's votes. The largest strongly connected component is ranked; of two equally large ones that with
    more votes, then that with the first name.
    """
    many = len(votes)
    present = votes > 0
    if np.count_nonzero(present) > 1 and _all_reach_all(wins > 0, present):
        # So it nearly always is, and is seen at once.
        absent = {int(model): WhyUnranked.NO_VOTES for model in np.flatnonzero(~present)}
        group = np.where(present, 0, np.arange(1, many + 1))
        return Comparable(ranked=present, group=group.astype(np.int32), why=absent)
    graph = csr_array((wins > 0).astype(np.int8))
    _, strong = connected_components(graph, directed=True, connection="strong")
    _, weak = connected_components(graph, directed=False)
    sizes = np.bincount(strong, minlength=1)
    weights = np.bincount(strong, votes, minlength=1)
    firsts = np.full(len(sizes), many)
    np.minimum.at(firsts, strong, np.arange(many))
    best = max(range(len(sizes)), key=lambda c: (sizes[c], weights[c], -firsts[c])) if many else 0
    ranked = strong == best
    if not many or sizes[best] < 2:  # noqa: PLR2004  A board compares at least two.
        ranked = np.zeros(many, np.bool_)
    why: dict[int, WhyUnranked] = {}
    below, above = np.zeros(many, np.bool_), np.zeros(many, np.bool_)
    root = int(firsts[best]) if many else 0
    if ranked.any():
        below[breadth_first_order(graph, root, directed=True, return_predecessors=False)] = True
        above[breadth_first_order(csr_array(graph.T), root, directed=True, return_predecessors=False)] = True
    for model in np.flatnonzero(~ranked):
        why[int(model)] = _reason(int(model), wins, votes, weak, below, above, root, bool(ranked.any()))
    return Comparable(ranked=ranked, group=strong.astype(np.int32), why=why)


def _all_reach_all(beats: Flags, present: Flags) -> bool:
    """Say whether chains of wins lead from one model to all that are present, and back from all of them."""
    root = int(np.argmax(present))
    for direction in (beats, beats.T):
        reached = np.zeros(len(present), np.bool_)
        fresh = np.array([root])
        while len(fresh):
            reached[fresh] = True
            fresh = np.flatnonzero(direction[fresh].any(axis=0) & ~reached)
        if not reached[present].all():
            return False
    return True


def _reason(
    model: int, wins: Counts, votes: Counts, weak: Codes, below: Flags, above: Flags, root: int, board: bool
) -> WhyUnranked:
    if not votes[model]:
        return WhyUnranked.NO_VOTES
    if not board:
        if not wins[:, model].any():
            return WhyUnranked.ALWAYS_WINS
        return WhyUnranked.ALWAYS_LOSES if not wins[model].any() else WhyUnranked.ALONE
    if weak[model] != weak[root]:
        return WhyUnranked.NOT_CONNECTED
    if above[model]:
        return WhyUnranked.ALWAYS_WINS
    return WhyUnranked.ALWAYS_LOSES if below[model] else WhyUnranked.NOT_COMPARABLE


def resting_on_one(low: Codes, high: Codes, first: Codes, last: Codes, models: int) -> tuple[Flags, dict[int, Codes]]:
    """Find the models whose place on the board hangs on a single contributor.

    ``low`` and ``high`` (pairs) are the pairs' models, ``first`` and ``last`` the lowest and highest code of those who
    voted on each. Without some contributor's votes
    such a model would be cut off from the largest group; no method that leaves contributors out, and none that sums
    their scores, can then say how sure its rating is. Returns the flags (models) and, per such contributor, the
    component (int32, models) of each model without them, the largest numbered 0.
    """
    shared = np.flatnonzero(first != last)
    alone = np.flatnonzero(first == last)
    flags = np.zeros(models, np.bool_)
    without: dict[int, Codes] = {}
    if not len(alone):
        return flags, without
    beside = np.zeros((models, models), np.bool_)
    beside[low[shared], high[shared]] = beside[high[shared], low[shared]] = True
    if _all_reach_all(beside, np.ones(models, np.bool_)):
        return flags, without
    _, firm = connected_components(_links(low[shared], high[shared], models), directed=False)
    alone = alone[firm[low[alone]] != firm[high[alone]]]
    for contributor in np.unique(last[alone]):
        kept = np.concatenate([shared, alone[last[alone] != contributor]])
        count, component = connected_components(_links(low[kept], high[kept], models), directed=False)
        if count > 1:
            by_size = np.argsort(-np.bincount(component), kind="stable")
            place = np.empty_like(by_size)
            place[by_size] = np.arange(count)
            without[int(contributor)] = place[component].astype(np.int32)
            # Of two equally large halves neither is the board that the other was cut off from.
            halved = np.count_nonzero(place[component] == 0) == np.count_nonzero(place[component] == 1)
            flags |= np.ones(models, np.bool_) if halved else without[int(contributor)] != 0
    return flags, without


def _links(low: Codes, high: Codes, models: int) -> "csr_array[np.int8]":
    return csr_array((np.ones(len(low), np.int8), (low, high)), shape=(models, models))
