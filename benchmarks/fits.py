"""How long a fit takes beside statsmodels and scikit-learn, from the same arrays to the same ratings."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from apps.battles.domain.formats import read_battles
from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.intake import gather
from apps.rankings.domain.kernels import Kernels, chosen_kernels, numpy_kernels
from apps.rankings.domain.method import MICRO, POINTS, FitMethod, Intervals
from apps.rankings.domain.votes import Votes
from benchmarks.tables import Section, Table, median_seconds, seconds

DATA: Final = Path("/work/shared/data")
LLMFAO: Final = DATA / "llmfao" / "crowd-comparisons.csv"
ARENA: Final = DATA / "arena" / "chatbotarena_20240814.json"
SCORES: Final = np.array([1.0, 0.0, 0.5, 0.5])

#: Above so many cells of the design matrix a slow peer is run once.
PATIENCE: Final = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Votes to fit, with style or not; in what words the table calls them."""

    name: str
    votes: Votes
    styled: bool


def run(quick: bool) -> Table:
    """Fit everything with everybody."""
    chosen_kernels()
    works = [*_real(), *_drawn(10_000 if quick else 100_000)]
    if not quick:
        works += _drawn(1_000_000)
    with threadpool_limits(1):
        rows = [row for work in works for row in _rows(work, quick=quick)]
    return Table(
        heads=("votes", "with", "intervals", "processor time", "times ours", "largest difference in rating"),
        rows=tuple(rows),
        notes=(
            "Every time runs from the same arrays of codes to ratings: counting, sorting and the peers' design "
            "matrices are counted, compilation and imports are not. Intervals by contributor are CR1 for both; hc0 is "
            "the sandwich over single votes. Medians of five runs; of one where statsmodels' design matrix has more "
            f"than {PATIENCE:,} cells. scikit-learn computes no intervals and is given the solver that was quickest to "
            "full precision here (newton-cg on sparse rows; one weighted row per pair where there is no style). "
            "Everybody has one core, so that processor time is what a quiet machine takes; the peers' linear algebra "
            "could use more cores, and ours cannot yet.",
        ),
    )


def _real() -> list[Work]:
    works = []
    if LLMFAO.exists():
        votes = gather(read_battles(LLMFAO), style=("length", "duration")).votes
        works.append(Work(name="8,931 real (llmfao), 59 models", votes=votes, styled=False))
        works.append(Work(name="the same, 2 style columns and position", votes=votes, styled=True))
    if ARENA.exists():
        votes = gather(read_battles(ARENA)).votes
        works.append(Work(name="1,670,250 real as pair totals, 129 models", votes=votes, styled=False))
    return works


def _drawn(number: int, *, models: int = 50, style: int = 4, per_contributor: int = 50) -> list[Work]:
    rng = np.random.default_rng(number)
    strength, pull = rng.normal(size=models) * 0.6, rng.normal(size=style) * 0.2
    a = rng.integers(0, models, number).astype(np.int32)
    b = ((a + rng.integers(1, models, number)) % models).astype(np.int32)
    columns = np.asfortranarray(rng.normal(size=(number, style)))
    won = rng.random(number) < 1 / (1 + np.exp(strength[b] - strength[a] - columns @ pull))
    outcome = np.where(rng.random(number) < 0.25, rng.integers(2, 4, number), np.where(won, 0, 1))
    contributors = max(500, number // per_contributor)
    votes = Votes(
        models=tuple(f"model {place:03}" for place in range(models)),
        model_a=a,
        model_b=b,
        outcome=outcome.astype(np.int8),
        contributor=rng.integers(0, contributors, number).astype(np.int32),
        contributors=contributors,
        style=columns,
        style_names=tuple(f"column {place}" for place in range(style)),
    )
    return [
        Work(name=f"{number:,} drawn, {models} models", votes=votes, styled=False),
        Work(name=f"the same, {style} style columns", votes=votes, styled=True),
    ]


def _rows(work: Work, *, quick: bool) -> list[tuple[str, ...]]:
    votes = work.votes
    by_contributor = votes.contributor is not None
    cells = len(votes) * (len(votes.models) + len(votes.style_names) * work.styled)
    patient = 1 if quick or cells > PATIENCE else 5
    times = 1 if quick else 5
    ours, mine = median_seconds(lambda: _ours(work, chosen_kernels()), times=times, clock=time.process_time)
    clustered = "by contributor" if by_contributor else "hc0"
    rows: list[tuple[str, ...]] = [(work.name, "showdown", clustered, seconds(ours), "1", "")]
    others: list[tuple[str, str, int, Callable[[], NDArray[np.float64]]]] = [
        ("showdown", "none", times, lambda: _ours(work, chosen_kernels(), Intervals.NONE)),
        ("showdown, nothing compiled", clustered, times, lambda: _ours(work, numpy_kernels())),
        ("scikit-learn", "none", times, lambda: _scikit_learn(work)),
    ]
    if by_contributor:
        others.append(("statsmodels", clustered, patient, lambda: _statsmodels(work)))
    for name, intervals, repeats, action in others:
        duration, theirs = median_seconds(action, times=repeats, clock=time.process_time)
        apart = f"{np.abs(theirs - mine).max():.0e} points"
        rows.append(("", name, intervals, seconds(duration), f"{duration / ours:,.1f}", apart))
    return rows


def _ours(work: Work, kernels: Kernels, intervals: Intervals | None = None) -> NDArray[np.float64]:
    kind = intervals or (Intervals.HC0 if work.votes.contributor is None else Intervals.CR1)
    style = work.votes.style_names if work.styled else ()
    board = fit_board(work.votes, FitMethod(intervals=kind, style=style, draws=0), kernels=kernels)
    ratings = {line.model: line.rating / MICRO for line in board.models}
    return np.array([ratings[model] for model in work.votes.models])


def _style(votes: Votes) -> NDArray[np.float64]:
    """Return the style columns over their root mean square, then the position where it is known."""
    parts: list[NDArray[np.float64]] = []
    if votes.style is not None:
        parts.append(votes.style / np.sqrt(np.mean(votes.style**2, axis=0)))
    if votes.position is not None:
        parts.append(votes.position.astype(np.float64)[:, None])
    return np.hstack(parts)


def _design(work: Work) -> NDArray[np.float64]:
    """Return the dense design matrix: all models but the first, then the style columns."""
    votes = work.votes
    rows = np.arange(len(votes))
    x = np.zeros((len(votes), len(votes.models)))
    x[rows, votes.model_a] = 1.0
    x[rows, votes.model_b] = -1.0
    return np.hstack([x[:, 1:], _style(votes)]) if work.styled else x[:, 1:]


def _scikit_learn(work: Work) -> NDArray[np.float64]:
    """Give each vote (or pair with its totals) as a win and a loss, weighted by its scores, in sparse rows."""
    votes = work.votes
    counts = np.ones(len(votes)) if votes.counts is None else votes.counts.astype(np.float64)
    score = SCORES[votes.outcome]
    if work.styled:
        a, b, won, lost = votes.model_a, votes.model_b, counts * score, counts * (1 - score)
        style = _style(votes)
    else:
        pairs = votes.model_a.astype(np.int64) * len(votes.models) + votes.model_b
        seen, place = np.unique(pairs, return_inverse=True)
        a, b = seen // len(votes.models), seen % len(votes.models)
        won, lost = np.bincount(place, counts * score), np.bincount(place, counts * (1 - score))
        style = np.zeros((len(seen), 0))
    width = 2 + style.shape[1]
    values = np.column_stack([np.ones(len(a)), -np.ones(len(a)), style])
    models = len(votes.models)
    columns = np.column_stack([a, b, np.tile(np.arange(models, models + width - 2), (len(a), 1))])
    x = csr_array((values.ravel(), columns.ravel(), np.arange(0, len(a) * width + 1, width)))[:, 1:]
    first, second = won > 0, lost > 0
    regression = LogisticRegression(C=np.inf, fit_intercept=False, solver="newton-cg", tol=1e-10, max_iter=200)
    regression.fit(
        vstack([x[first], x[second]], format="csr"),
        np.concatenate([np.ones(first.sum()), np.zeros(second.sum())]),
        sample_weight=np.concatenate([won[first], lost[second]]),
    )
    return _ratings(regression.coef_[0], len(votes.models))


def _statsmodels(work: Work) -> NDArray[np.float64]:
    votes = work.votes
    model = sm.GLM(SCORES[votes.outcome], _design(work), family=sm.families.Binomial())
    found = model.fit(tol=1e-10, tol_criterion="params", cov_type="cluster", cov_kwds={"groups": votes.contributor})
    # Asking for the errors makes it compute them.
    _ = found.bse
    return _ratings(np.asarray(found.params), len(votes.models))


def _ratings(coefficients: NDArray[np.float64], models: int) -> NDArray[np.float64]:
    strength = np.append(0.0, coefficients[: models - 1])
    centred: NDArray[np.float64] = strength - strength.mean()
    return 1000 + POINTS * centred


SECTION: Final = Section(name="fits", title="Fitting a board", run=run)
