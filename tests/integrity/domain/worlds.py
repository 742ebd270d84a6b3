"""Small worlds of voters whose true tastes are known."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.rankings.domain.votes import Outcome, Votes

MODELS = 12
Columns = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]
Habit = Callable[[np.random.Generator, NDArray[Any], NDArray[Any], NDArray[Any]], NDArray[Any]]


def honestly(
    rng: np.random.Generator, strengths: NDArray[Any], left: NDArray[Any], right: NDArray[Any]
) -> NDArray[Any]:
    """Vote as Bradley and Terry would, with three ties in ten."""
    wins = rng.random(len(left)) < 1 / (1 + np.exp(strengths[right] - strengths[left]))
    ties = rng.random(len(left)) < 0.3
    kinds = rng.choice([Outcome.BOTH_GOOD, Outcome.BOTH_BAD], len(left))
    return np.where(ties, kinds, np.where(wins, Outcome.A, Outcome.B))


def like_a_coin(
    rng: np.random.Generator, strengths: NDArray[Any], left: NDArray[Any], right: NDArray[Any]
) -> NDArray[Any]:
    """Press anything."""
    return rng.integers(0, 4, len(left))


def always_left(
    rng: np.random.Generator, strengths: NDArray[Any], left: NDArray[Any], right: NDArray[Any]
) -> NDArray[Any]:
    """Press the first button."""
    return np.full(len(left), Outcome.A)


def by_the_published_ranking(
    rng: np.random.Generator, strengths: NDArray[Any], left: NDArray[Any], right: NDArray[Any]
) -> NDArray[Any]:
    """Choose whichever model stands higher on the board."""
    return np.where(strengths[left] > strengths[right], Outcome.A, Outcome.B)


def columns(
    rng: np.random.Generator,
    *,
    voters: int,
    votes_each: int,
    strengths: NDArray[Any],
    habit: Habit = honestly,
    taste: float = 0.0,
    first: int = 0,
) -> Columns:
    """Draw battles between any two models, and votes on them by people of one habit."""
    lefts, rights, said, who = [], [], [], []
    for voter in range(voters):
        left = rng.integers(0, len(strengths), votes_each)
        right = (left + rng.integers(1, len(strengths), votes_each)) % len(strengths)
        own = strengths + rng.normal(0, taste, len(strengths))
        lefts.append(left)
        rights.append(right)
        said.append(habit(rng, own, left, right))
        who.append(np.full(votes_each, first + voter))
    return np.concatenate(lefts), np.concatenate(rights), np.concatenate(said), np.concatenate(who)


def votes_of(*parts: Columns) -> Votes:
    """Join columns into the votes of one platform."""
    left, right, said, who = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Votes(
        models=tuple(f"model {number:02}" for number in range(MODELS)),
        model_a=left.astype(np.int32),
        model_b=right.astype(np.int32),
        outcome=said.astype(np.int8),
        contributor=who.astype(np.int32),
        contributors=int(who.max()) + 1,
    )
