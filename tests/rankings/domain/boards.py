"""Small worlds of voters for the tests of the ranking engine."""

from pathlib import Path
from typing import Final

import numpy as np
import pytest

from apps.rankings.domain.method import FitMethod, Intervals, Ties
from apps.rankings.domain.votes import Outcome, Votes

DATA: Final = Path("/work/shared/data")
LLMFAO: Final = DATA / "llmfao" / "crowd-comparisons.csv"
ARENA: Final = DATA / "arena" / "chatbotarena_20240814.json"

needs_llmfao = pytest.mark.skipif(not LLMFAO.exists(), reason=f"The real votes are not here: {LLMFAO}")
needs_arena = pytest.mark.skipif(not ARENA.exists(), reason=f"The real votes are not here: {ARENA}")


def votes_of(*said: str, style: list[float] | None = None) -> Votes:
    """Write votes as text: ``"ada: x > y"`` (x won), ``=`` both good, ``~`` both bad; ada is the contributor."""
    outcomes = {">": Outcome.A, "<": Outcome.B, "=": Outcome.BOTH_GOOD, "~": Outcome.BOTH_BAD}
    parsed = [(line.split(":")[0].strip(), *line.split(":")[1].split()) for line in said]
    models = tuple(sorted({model for _, first, _, second in parsed for model in (first, second)}))
    people = sorted({person for person, *_ in parsed})
    return Votes(
        models=models,
        model_a=np.array([models.index(row[1]) for row in parsed], np.int32),
        model_b=np.array([models.index(row[3]) for row in parsed], np.int32),
        outcome=np.array([outcomes[row[2]] for row in parsed], np.int8),
        contributor=np.array([people.index(row[0]) for row in parsed], np.int32),
        contributors=len(people),
        style=None if style is None else np.array(style)[:, None],
        style_names=() if style is None else ("length",),
    )


def world(
    seed: int,
    *,
    votes: int = 400,
    models: int = 5,
    contributors: int = 40,
    style: int = 0,
    spread: float = 0.5,
    uneven: bool = False,
) -> Votes:
    """Draw votes of people with tastes of their own: strengths, ties of both kinds, style and a pull to the left."""
    rng = np.random.default_rng(seed)
    strength = rng.normal(size=models) * spread
    taste = rng.normal(size=(contributors, models)) * spread / 2
    a = rng.integers(0, models, votes)
    b = (a + rng.integers(1, models, votes)) % models
    share = 1 / np.arange(1, contributors + 1) if uneven else np.ones(contributors)
    who = rng.choice(contributors, votes, p=share / share.sum())
    columns = rng.normal(size=(votes, style)) * np.arange(1, style + 1)
    odds = strength[a] - strength[b] + taste[who, a] - taste[who, b] + columns @ np.full(style, 0.2) + 0.1
    outcome = np.where(rng.random(votes) < 1 / (1 + np.exp(-odds)), Outcome.A, Outcome.B)
    outcome = np.where(rng.random(votes) < 0.2, rng.choice([Outcome.BOTH_GOOD, Outcome.BOTH_BAD], votes), outcome)
    return Votes(
        models=tuple(f"model {chr(97 + place)}" for place in range(models)),
        model_a=a.astype(np.int32),
        model_b=b.astype(np.int32),
        outcome=outcome.astype(np.int8),
        contributor=who.astype(np.int32),
        contributors=contributors,
        position=np.where(rng.random(votes) < 0.5, 1, -1).astype(np.int8),
        style=columns if style else None,
        style_names=tuple(f"style {place}" for place in range(style)),
    )


def design_of(votes: Votes, *, ties: Ties = Ties.HALF) -> tuple["np.ndarray", "np.ndarray", "np.ndarray"]:
    """Return the full design matrix (models then style over its root mean square), the scores, and who voted."""
    models, rows = len(votes.models), np.arange(len(votes))
    x = np.zeros((len(votes), models))
    x[rows, votes.model_a] = 1.0
    x[rows, votes.model_b] = -1.0
    if votes.style is not None:
        x = np.column_stack([x, votes.style / np.sqrt(np.mean(votes.style**2, axis=0))])
        if votes.position is not None:
            x = np.column_stack([x, votes.position.astype(float)])
    score = np.array([1.0, 0.0, 0.5, 0.5])[votes.outcome]
    kept = np.ones(len(votes), bool) if ties is Ties.HALF else votes.outcome < Outcome.BOTH_GOOD
    assert votes.contributor is not None
    return x[kept], score[kept], votes.contributor[kept]


def plain(**changes: object) -> FitMethod:
    """Return a method without a rank spread's draws, which most tests do not look at."""
    return FitMethod(**{"intervals": Intervals.CR1, "draws": 0, **changes})  # type: ignore[arg-type]
