"""What is published beside the ratings: who beat whom, how many battles ended in a vote, and who is missing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from apps.rankings.domain.membership import Column
from apps.rankings.domain.showing import in_tens, tens
from apps.rankings.domain.sums import by_group, distinct
from apps.rankings.domain.votes import UNKNOWN, Codes, Counts, Flags, Floats, Outcome, Votes

WON: Final = 0
LOST: Final = 1
BOTH_GOOD: Final = 2
BOTH_BAD: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadToHead:
    """Every pair's votes from the row model's side.

    ``counts`` and ``weighted`` (models by models by 4) hold, at [i, j], the votes in which i won against j, lost, both
    were good and both were bad: as cast, and under the weights of the board (its cap among them). [j, i] says the same
    with won and lost exchanged. ``contributors`` (models square) counts who stands behind each pair, 0 where unknown.
    """

    models: tuple[str, ...]
    counts: Counts
    weighted: Floats
    contributors: Counts

    def for_a_segment(self) -> "HeadToHead":
        """Return the same in tens, as a segment's board tells it; the weighted counts are left out (zeros)."""
        return HeadToHead(
            models=self.models,
            counts=in_tens(self.counts),
            weighted=np.zeros_like(self.weighted),
            contributors=in_tens(self.contributors),
        )


def head_to_head(votes: Votes) -> HeadToHead:
    """Count every pair of models, in both directions, raw and weighted (weights of None count one each)."""
    many, kinds = len(votes.models), len(Outcome)
    numbers = np.ones(len(votes)) if votes.counts is None else votes.counts.astype(np.float64)
    weights = numbers if votes.weights is None else numbers * votes.weights
    cells = (votes.model_a.astype(np.int64) * many + votes.model_b) * kinds + votes.outcome
    size = many * many * kinds

    def both_ways(values: Floats) -> Floats:
        as_written = by_group(cells, values, size).reshape(many, many, kinds)
        turned = as_written.transpose(1, 0, 2)[:, :, [LOST, WON, BOTH_GOOD, BOTH_BAD]]
        return as_written + turned

    return HeadToHead(
        models=votes.models,
        counts=both_ways(numbers).astype(np.int64),
        weighted=both_ways(weights),
        contributors=_contributors(votes),
    )


def _contributors(votes: Votes) -> Counts:
    many = len(votes.models)
    if votes.contributor is None:
        return np.zeros((many, many), np.int64)
    known = votes.contributor != UNKNOWN
    low = np.minimum(votes.model_a, votes.model_b)[known].astype(np.int64)
    high = np.maximum(votes.model_a, votes.model_b)[known].astype(np.int64)
    size = many * many
    behind = distinct(votes.contributor[known].astype(np.int64) * size + low * many + high) % size
    counted = np.bincount(behind, minlength=size).reshape(many, many)
    return (counted + counted.T).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """How many battles of one kind were shown, and in how many of them somebody voted."""

    group: str
    shown: int
    voted: int

    @property
    def rate(self) -> float | None:
        """The share that ended in a vote; None where nothing was shown."""
        return self.voted / self.shown if self.shown else None

    def in_tens(self) -> "Completion":
        """Return the same in tens, as it is told of a segment."""
        shown = tens(self.shown)
        return Completion(group=self.group, shown=shown, voted=min(tens(self.voted), shown))


def completion(group: Column, voted: Flags) -> tuple[Completion, ...]:
    """Count the battles whose answers were shown in full, and the votes among them, by one column.

    ``group`` gives each battle's mode, its pair (``pairs_of``) or its board in one layer of segments; ``voted`` (bool,
    battles) says whether a vote was cast. Voting is optional, so a pair that many leave without a vote is told.
    """
    known = group.codes >= 0
    many = len(group.values)
    shown = np.bincount(group.codes[known], minlength=many)
    ended = np.bincount(group.codes[known & voted], minlength=many)
    return tuple(
        Completion(group=value, shown=int(shown[place]), voted=int(ended[place]))
        for place, value in enumerate(group.values)
    )


def pairs_of(models: tuple[str, ...], one: Codes, other: Codes) -> Column:
    """Return each battle's pair of models as a column, whichever of the two stood first; only pairs that occur.

    A pair is named by its models in the order of ``models``, such as ``a / b``.
    """
    low, high = np.minimum(one, other).astype(np.int64), np.maximum(one, other)
    present, codes = np.unique(low * len(models) + high, return_inverse=True)
    names = (f"{models[pair // len(models)]} / {models[pair % len(models)]}" for pair in present.tolist())
    return Column(tuple(names), codes.astype(np.int32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """One group beside its target: its votes and contributors, their shares, and the share that it should have.

    Shares are among the votes and contributors whose group is known. ``target`` is None for a group without one.
    ``lack`` is how many contributors more it would take, all others staying as they are, for the target share; None
    where the target is all of them.
    """

    group: str
    votes: int
    contributors: int
    share_of_votes: float
    share_of_contributors: float
    target: float | None
    lack: int | None


def coverage(group: Column, contributor: Codes, targets: Mapping[str, float]) -> tuple[Covered, ...]:
    """Tell how votes (n) and contributors are divided by one attribute, and what is missing to the targets.

    A contributor with votes in two groups counts in both, and once in the whole. ``targets`` are shares by value; their
    groups are told also when nobody is in them. In the order of the values, then of the targets without a vote.
    """
    known = (group.codes >= 0) & (contributor != UNKNOWN)
    many = len(group.values)
    votes = np.bincount(group.codes[known], minlength=many)
    behind = distinct(contributor[known].astype(np.int64) * many + group.codes[known]) % max(many, 1)
    people = np.bincount(behind, minlength=many)
    everybody = len(np.unique(contributor[known]))
    return tuple(_covered(group, votes, people, everybody, targets))


def _covered(
    group: Column, votes: Counts, people: Counts, everybody: int, targets: Mapping[str, float]
) -> Iterator[Covered]:
    total = max(int(votes.sum()), 1)
    for name in (*group.values, *(name for name in targets if name not in group.values)):
        place = group.values.index(name) if name in group.values else None
        mine = 0 if place is None else int(people[place])
        target = targets.get(name)
        lack = None
        if target is not None and target < 1:
            # x more people make (mine + x) / (everybody + x) the target share.
            lack = max(0, int(np.ceil((target * everybody - mine) / (1 - target) - 1e-9)))
        yield Covered(
            group=name,
            votes=0 if place is None else int(votes[place]),
            contributors=mine,
            share_of_votes=0.0 if place is None else int(votes[place]) / total,
            share_of_contributors=mine / max(everybody, 1),
            target=target,
            lack=lack,
        )
