"""Voters who are drawn battles as the platform draws them, with tastes of their own, for simulations of boards."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from apps.battles.domain.draw import Candidate, Stand, pair_probabilities, without_makers
from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.votes import Outcome, Votes
from tests.rankings.domain.boards import plain

#: Newcomers are drawn more often than others, and one model answers from two places.
WEIGHTS: Final = ((3.0,), (1.0,), (1.0, 0.5), (0.5,), (2.0,), (1.0,), (0.5,), (1.0,))
TIES: Final = 0.2


@dataclass(frozen=True)
class Electorate:
    """How unlike people vote: ``shares`` of the votes, ``strength`` of the models, and ``taste``, the spread (log-odds)
    of each person's own strengths around them. Every seventh person works for a maker and never meets its model.
    """

    shares: np.ndarray
    strength: np.ndarray
    taste: float

    @property
    def people(self) -> int:
        return len(self.shares)

    @cached_property
    def draws(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The pairs (rows of two models) and their probabilities: for anybody, then for those of the first maker."""
        candidates = [
            Candidate(
                model_id=place,
                organization_id=place,
                stands=tuple(Stand(endpoint_id=10 * place + at, weight=weight) for at, weight in enumerate(weights)),
            )
            for place, weights in enumerate(WEIGHTS[: len(self.strength)])
        ]
        found = []
        for barred in ((), (0,)):
            chances = pair_probabilities(without_makers(candidates, barred))
            pairs = np.array([sorted(pair) for pair in chances])
            found.append((pairs, np.array(list(chances.values()))))
        return found

    def vote(self, rng: np.random.Generator, votes: int) -> Votes:
        """Let everybody cast their share of the votes."""
        who = np.repeat(np.arange(self.people), self.numbers(votes))
        a, b = np.empty(len(who), int), np.empty(len(who), int)
        for kind, (pairs, chances) in enumerate(self.draws):
            mine = self._kind(who) == kind
            drawn = pairs[rng.choice(len(pairs), int(mine.sum()), p=chances / chances.sum())]
            a[mine], b[mine] = drawn.T
        own = self.strength + rng.normal(size=(self.people, len(self.strength))) * self.taste
        first = rng.random(len(who)) < 1 / (1 + np.exp(own[who, b] - own[who, a]))
        outcome = np.where(first, Outcome.A, Outcome.B)
        tied = rng.random(len(who)) < TIES
        outcome = np.where(tied, rng.choice([Outcome.BOTH_GOOD, Outcome.BOTH_BAD], len(who)), outcome)
        names = tuple(f"model {place}" for place in range(len(self.strength)))
        return written(names, a, b, outcome, contributor=who)

    def numbers(self, votes: int) -> np.ndarray:
        """How many of so many votes each person casts."""
        whole: np.ndarray = np.maximum(1, np.rint(self.shares * votes)).astype(int)
        return whole

    def truth(self) -> np.ndarray:
        """What a board of ever more such people goes to (models, log-odds, mean zero).

        People's tastes do not follow one Bradley-Terry model, so this is the maximum of the expected likelihood.
        """
        nodes, weights = np.polynomial.hermite_e.hermegauss(40)
        a, b, outcome, share = [], [], [], []
        working = self._kind(np.arange(self.people))
        for kind, (pairs, chances) in enumerate(self.draws):
            part = float(self.shares[working == kind].sum())
            for (i, j), chance in zip(pairs, chances, strict=True):
                gaps = self.strength[i] - self.strength[j] + np.sqrt(2) * self.taste * nodes
                wins = float((weights / (1 + np.exp(-gaps))).sum() / weights.sum())
                wins = (1 - TIES) * wins + TIES / 2
                a += [i, i]
                b += [j, j]
                outcome += [Outcome.A, Outcome.B]
                share += [part * chance * wins, part * chance * (1 - wins)]
        names = tuple(f"model {place}" for place in range(len(self.strength)))
        expected = written(names, a, b, outcome, weights=share)
        evidence = fit_board(expected, plain(intervals="none")).evidence
        assert evidence is not None
        return evidence.theta

    @staticmethod
    def _kind(who: np.ndarray) -> np.ndarray:
        return np.where(who % 7 == 3, 1, 0)


def written(
    models: tuple[str, ...], model_a: ArrayLike, model_b: ArrayLike, outcome: ArrayLike, **more: ArrayLike
) -> Votes:
    """Write votes from lists or arrays of any kind of number."""
    kinds = {"contributor": np.int32, "counts": np.int64, "weights": np.float64, "style": np.float64}
    people = int(np.max(more["contributor"])) + 1 if "contributor" in more else 0
    named = tuple(f"style {place}" for place in range(np.asarray(more["style"]).shape[1])) if "style" in more else ()
    votes = Votes(
        models=models,
        model_a=np.asarray(model_a, np.int32),
        model_b=np.asarray(model_b, np.int32),
        outcome=np.asarray(outcome, np.int8),
        contributors=people,
        style_names=named,
        **{name: np.asarray(column, kinds[name]) for name, column in more.items()},
    )
    assert len(votes) == votes.total or "counts" in more
    return votes


def shares(people: int, largest: float) -> np.ndarray:
    """Let the first person cast this share of all votes, and the others unlike shares of the rest, at most as large."""
    rest = np.random.default_rng(people).lognormal(0.0, 0.5, people - 1)
    rest = np.minimum(rest / rest.sum() * (1 - largest), largest)
    return np.append(largest, rest / rest.sum() * (1 - largest))
