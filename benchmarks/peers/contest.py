"""One contestant fits votes from a folder of columns and prints what it took; runs in the contestant's environment.

Usage: contest.py WHO FOLDER TIMES CHOICES. Nothing but the standard library and NumPy is imported before it is known
who runs, since each contestant has an environment of its own.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

POINTS = 400 / np.log(10)
NORMAL = 1.959963984540054
SCORES = np.array([1.0, 0.0, 0.5, 0.5])

#: What a contestant gives back for one fit: ratings and half widths in points, around a mean of 1000.
Answer = tuple[NDArray[np.float64], NDArray[np.float64]]
NOTHING: NDArray[np.float64] = np.zeros(0)


class Columns:
    """The columns of the folder, as arrays in memory."""

    def __init__(self, folder: Path) -> None:
        self.facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        self.models = int(self.facts["models"])
        for path in folder.glob("*.npy"):
            setattr(self, path.stem, np.load(path))

    def __getattr__(self, name: str) -> Any:
        """Say that a column is not there."""
        return None

    def design(self) -> NDArray[np.float64]:
        """Return the dense design matrix: all models but the first, then the style columns over their scales."""
        rows = np.arange(len(self.model_a))
        x = np.zeros((len(rows), self.models - 1 + (0 if self.style is None else self.style.shape[1])))
        for column, sign in ((self.model_a, 1.0), (self.model_b, -1.0)):
            inside = column > 0
            x[rows[inside], column[inside] - 1] = sign
        if self.style is not None:
            x[:, self.models - 1 :] = self.style / np.sqrt(np.mean(self.style**2, axis=0))
        return x


def showdown(votes: Columns, choices: dict[str, Any]) -> Callable[[], Answer]:
    """Fit with the engine of this repository; ``intervals`` is chosen, ``numpy`` for its loops without a compiler."""
    fitting, choosing = import_module("apps.rankings.domain.fit"), import_module("apps.rankings.domain.kernels")
    form = import_module("apps.rankings.domain.votes").Votes
    kernels = choosing.numpy_kernels() if choices.get("numpy") else choosing.compiled_kernels()
    names = tuple(f"{place:04}" for place in range(votes.models))
    styles = () if votes.style is None else tuple(f"style {j}" for j in range(votes.style.shape[1]))
    method = import_module("apps.rankings.domain.method").FitMethod(
        intervals=choices["intervals"], style=styles, draws=0
    )

    def given() -> Any:
        return form(
            models=names,
            model_a=votes.model_a,
            model_b=votes.model_b,
            outcome=votes.outcome,
            contributor=votes.contributor,
            contributors=int(votes.facts["contributors"]),
            counts=votes.counts,
            position=votes.position,
            style=votes.style,
            style_names=styles,
        )

    def fit() -> Answer:
        everything = given()
        if votes.segments is not None:
            parts = int(votes.segments.max()) + 1
            boards = fitting.fit_segments(everything, votes.segments, [f"segment {s}" for s in range(parts)], method)
            board = boards["segment 0"]
        else:
            board = fitting.fit_board(everything, method, kernels=kernels)
        lines = {line.model: line for line in board.models}
        ratings = np.array([lines[name].rating / 1e6 if name in lines else np.nan for name in names])
        ends = [(line.lower or 0, line.upper or 0) for line in (lines[name] for name in names if name in lines)]
        return ratings, np.array([(upper - lower) / 2e6 for lower, upper in ends])

    return fit


def arena_rank(votes: Columns, choices: dict[str, Any]) -> Callable[[], Answer]:
    """Fit with arena-rank, without a penalty and without its weights by pair, so that the likelihood is ours.

    ``segment`` chooses one segment, ``ftol`` a tolerance other than its own.
    """
    pandas, sets = import_module("pandas"), import_module("arena_rank.utils.data_utils")
    plain = import_module("arena_rank.models.bradley_terry")
    contextual = import_module("arena_rank.models.contextual_bradley_terry")
    chosen = slice(None) if votes.segments is None else votes.segments == choices["segment"]
    frame = {"model_a": votes.model_a[chosen], "model_b": votes.model_b[chosen], "winner": votes.outcome[chosen]}
    features = [] if votes.style is None else [f"style {j}" for j in range(votes.style.shape[1])]
    # Scaled as ours are and not centred; the time that this takes is not counted against it.
    if votes.style is not None:
        scaled = votes.style / np.sqrt(np.mean(votes.style**2, axis=0))
        frame |= {name: scaled[chosen, j] for j, name in enumerate(features)}
    table = pandas.DataFrame(frame)
    score = dict(enumerate(SCORES.tolist()))
    exact = {"ftol": choices["ftol"], "gtol": 0.0} if "ftol" in choices else {}

    def fit() -> Answer:
        if features:
            data = sets.ContextualPairDataset.from_pandas(
                table, features, outcome_map=score, reweighted=False, normalize_features=False
            )
            model = contextual.ContextualBradleyTerry(len(data.competitors), len(features), reg=0.0, **exact)
        else:
            data = sets.PairDataset.from_pandas(table, outcome_map=score)
            model = plain.BradleyTerry(len(data.competitors), **exact)
        found = model.compute_ratings_and_cis(data)
        ratings = np.asarray(found["ratings"])
        halves = (np.asarray(found["rating_upper"]) - np.asarray(found["rating_lower"])) / 2
        return 1000 + ratings - ratings.mean(), halves

    return fit


def evalica(votes: Columns, choices: dict[str, Any]) -> Callable[[], Answer]:
    """Fit with evalica, which gives no intervals; ``choices`` go to its ``bradley_terry``."""
    library = import_module("evalica")
    said = (library.Winner.X, library.Winner.Y, library.Winner.Draw, library.Winner.Draw)
    # Its own form of the input is made before the clock runs.
    xs, ys = votes.model_a.tolist(), votes.model_b.tolist()
    winners = [said[outcome] for outcome in votes.outcome.tolist()]

    def fit() -> Answer:
        scores = library.bradley_terry(xs, ys, winners, **choices).scores.sort_index()
        strength = np.log(scores.to_numpy())
        return 1000 + POINTS * (strength - strength.mean()), NOTHING

    return fit


def statsmodels(votes: Columns, _: dict[str, Any]) -> Callable[[], Answer]:
    """Fit statsmodels' generalised linear model, its errors clustered by contributor where they are known."""
    sm = import_module("statsmodels.api")
    cluster = {"cov_type": "cluster", "cov_kwds": {"groups": votes.contributor}}
    kind = {"cov_type": "HC0"} if votes.contributor is None else cluster

    def fit() -> Answer:
        model = sm.GLM(SCORES[votes.outcome], votes.design(), family=sm.families.Binomial())
        found = model.fit(tol=1e-12, maxiter=100, tol_criterion="params", **kind)
        free = votes.models - 1
        to_mean = (np.eye(votes.models) - 1 / votes.models)[:, 1:]
        covariance = to_mean @ np.asarray(found.cov_params())[:free, :free] @ to_mean.T
        return 1000 + POINTS * to_mean @ found.params[:free], POINTS * NORMAL * np.sqrt(np.diag(covariance))

    return fit


def scikit_learn(votes: Columns, _: dict[str, Any]) -> Callable[[], Answer]:
    """Fit scikit-learn's logistic regression without a penalty, on sparse rows; it gives no intervals."""
    sparse, linear = import_module("scipy.sparse"), import_module("sklearn.linear_model")

    def fit() -> Answer:
        score = SCORES[votes.outcome]
        x = sparse.csr_array(votes.design())
        first, second = score > 0, score < 1
        regression = linear.LogisticRegression(
            C=np.inf, fit_intercept=False, solver="newton-cg", tol=1e-10, max_iter=200
        )
        regression.fit(
            sparse.vstack([x[first], x[second]], format="csr"),
            np.concatenate([np.ones(first.sum()), np.zeros(second.sum())]),
            sample_weight=np.concatenate([score[first], 1 - score[second]]),
        )
        strength = np.append(0.0, regression.coef_[0, : votes.models - 1])
        return 1000 + POINTS * (strength - strength.mean()), NOTHING

    return fit


CONTESTANTS: dict[str, Callable[[Columns, dict[str, Any]], Callable[[], Answer]]] = {
    "showdown": showdown,
    "arena-rank": arena_rank,
    "evalica": evalica,
    "statsmodels": statsmodels,
    "scikit-learn": scikit_learn,
}


def compilation() -> list[float]:
    """Return a list that grows by the seconds of every compilation from now on; it stays empty without JAX."""
    spent: list[float] = []
    if "jax" in sys.modules:

        def heard(event: str, duration: float, **_: object) -> None:
            if event.startswith("/jax/core/compile/"):
                spent.append(duration)

        import_module("jax.monitoring").register_event_duration_secs_listener(heard)
    return spent


def memory(field: str) -> int:
    """Return one of the kernel's numbers about this process's memory, in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    """Fit, and print the answer as JSON."""
    who, folder, times, given = sys.argv[1:]
    choices = json.loads(given)
    cold = bool(choices.pop("cold", False))
    fit = CONTESTANTS[who](Columns(Path(folder)), choices)
    spent = compilation()
    if not cold:
        fit()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = memory("VmRSS")
    runs = []
    answer: Answer = (NOTHING, NOTHING)
    for _ in range(int(times)):
        spent.clear()
        clock, processor = time.perf_counter(), time.process_time()
        answer = fit()
        runs.append((time.perf_counter() - clock, time.process_time() - processor, sum(spent)))
    whole, processor, compiling = (statistics.median(column) for column in zip(*runs, strict=True))
    found = {
        "clock": whole - compiling,
        "processor": processor,
        "compiling": compiling,
        "memory": max(0, memory("VmHWM") - before),
        "runs": len(runs),
        "ratings": answer[0].tolist(),
        "halves": answer[1].tolist(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
