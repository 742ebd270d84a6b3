"""What is counted before a fit: who met whom with what outcome, and who voted how much on what."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from apps.rankings.domain.design import BLOCK, pieces
from apps.rankings.domain.graph import Comparable, comparable
from apps.rankings.domain.kernels import Kernels
from apps.rankings.domain.passes import in_order
from apps.rankings.domain.votes import Counts, Flags, Floats, Outcome, Votes, Words

#: 64 models share one word of a contributor's marks.
_WORD = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """The counts of a set of votes.

    ``said`` (models, models, 4) counts votes by first model, second model and outcome. ``people`` (models) counts the
    contributors who voted on each model, ``contributors`` all of them; ``amounts`` (contributors) is each one's total
    weight, None where contributors are unknown. ``rows`` is how many rows there were, ``weighted`` whether votes have
    weights of their own.
    """

    said: Counts
    people: Counts
    contributors: int
    amounts: Floats | None
    rows: int
    weighted: bool

    @property
    def total(self) -> int:
        """How many votes there are."""
        return int(self.said.sum())

    @property
    def votes(self) -> Counts:
        """How many votes each model has."""
        met = self.said.sum(axis=2)
        return np.asarray(met.sum(axis=0) + met.sum(axis=1), np.int64)

    @property
    def comparable(self) -> Comparable:
        """Who can be ranked."""
        said = self.said
        ties = said[:, :, Outcome.BOTH_GOOD] + said[:, :, Outcome.BOTH_BAD]
        return comparable(said[:, :, Outcome.A] + said[:, :, Outcome.B].T + ties + ties.T, self.votes)

    def outside(self, ranked: Flags) -> int:
        """How many votes are not between two ranked models (bool, models)."""
        return self.total - int(self.said[np.ix_(ranked, ranked)].sum())


def tally_of(parts: Iterable[Votes], models: int, contributors: int, kernels: Kernels) -> Tally:
    """Count votes part by part.

    Weights are added in the order of the votes, whole numbers in any order, so that no cut into parts matters.
    """
    said = np.zeros(models * models * len(Outcome), np.int64)
    words = max(1, -(-models // _WORD))
    met: Words = np.zeros(contributors * words, np.uint64)
    amounts = np.zeros(contributors)
    rows, weighted, known = 0, False, False
    for part in parts:
        rows += len(part)
        weighted |= part.weights is not None
        known |= part.contributor is not None
        jobs = _jobs(part, models, met, words, amounts, kernels)
        # A few votes are counted before a thread has started.
        done = (job() for job in jobs) if len(part) < BLOCK else (counts for _, counts in in_order(_done, jobs))
        for counted in done:
            if counted is not None:
                said += counted
    return Tally(
        said=said.reshape(models, models, len(Outcome)),
        people=kernels.count_met(met, words, models),
        contributors=int(np.count_nonzero(met.reshape(contributors, words).any(axis=1))),
        amounts=amounts if known else None,
        rows=rows,
        weighted=weighted,
    )


def _done(job: Callable[[], Counts | None]) -> Counts | None:
    return job()


def _jobs(
    votes: Votes, models: int, met: Words, words: int, amounts: Floats, kernels: Kernels
) -> list[Callable[[], Counts | None]]:
    """Return what is to be counted as jobs that may run at the same time; the counts of outcomes come back."""

    def outcomes(part: slice) -> Counts:
        a, b, outcome = votes.model_a[part], votes.model_b[part], votes.outcome[part]
        if votes.counts is not None:
            cells = (a.astype(np.int64) * models + b) * len(Outcome) + outcome
            size = models * models * len(Outcome)
            return np.bincount(cells, votes.counts[part], size).astype(np.int64)
        said = np.zeros(models * models * len(Outcome), np.int64)
        kernels.count_said(a, b, outcome, models, said)
        return said

    def people() -> None:
        if votes.contributor is not None:
            kernels.meet(votes.model_a, votes.model_b, votes.contributor, met, words)

    def shares() -> None:
        if votes.contributor is not None:
            _add_amounts(votes, amounts)

    jobs: list[Callable[[], Counts | None]] = [partial(outcomes, part) for part in pieces(len(votes))]
    known = [] if votes.contributor is None else [people, shares]
    return [*known, *jobs]


def _add_amounts(votes: Votes, amounts: Floats) -> None:
    who, counts, weights = votes.contributor, votes.counts, votes.weights
    if who is None or not len(who):
        return
    if who.min() < 0:
        known = who >= 0
        who = who[known]
        counts = None if counts is None else counts[known]
        weights = None if weights is None else weights[known]
    if weights is None:
        amounts += np.bincount(who, counts, len(amounts))
    else:
        # One after the other, whatever was added before: a sum of the parts' sums would depend on the cut.
        np.add.at(amounts, who, weights if counts is None else weights * counts)
