"""What is published about style: a frozen scale for each column, and length and time told together.

Longer answers take longer to arrive, so neither of the two coefficients can be read alone: they are published with
their correlation and with one test of both.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

import numpy as np
from scipy.special import chdtrc, fdtrc

from apps.rankings.domain.board import BoardResult
from apps.rankings.domain.method import POINTS
from apps.rankings.domain.votes import Counts, Floats, Votes

LENGTH_AND_TIME: Final = ("tokens", "last_token")


class MalformedScales(ValueError):
    """These are no frozen scales; the message says what is missing."""


class NoJointTest(ValueError):
    """The columns cannot be tested together on this board; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenScales:
    """The root mean square of each style column over a reference period, in the column's own unit.

    ``first`` and ``last`` are the period's days, ``votes`` the number of votes in it. Once declared it does not move:
    a coefficient of one night then means the same on another, and in every segment.
    """

    first: date
    last: date
    votes: int
    scales: Mapping[str, float]

    @classmethod
    def over(cls, votes: Votes, *, first: date, last: date) -> Self:
        """Measure all style columns of the period's votes; votes without a value are passed over, column by column.

        Nothing is subtracted first: a mean would depend on which model a vote happens to name first. A column that is
        zero everywhere has no scale and is not there.
        """
        if first > last:
            raise MalformedScales("The reference period ends before it begins.")
        scales = {}
        for place, name in enumerate(votes.style_names):
            column = np.asarray(votes.style)[:, place]
            fine = np.isfinite(column)
            scale = _root_mean_square(column[fine], None if votes.counts is None else votes.counts[fine])
            if scale > 0:
                scales[name] = scale
        return cls(first=first, last=last, votes=votes.total, scales=scales)

    def to_json(self) -> str:
        """Return the scales with their period, in a form that reads back exactly."""
        period = {"first": self.first.isoformat(), "last": self.last.isoformat(), "votes": self.votes}
        return json.dumps({**period, "scales": dict(self.scales)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``to_json`` wrote. Raises ``MalformedScales``."""
        try:
            read = json.loads(text)
            found = cls(
                first=date.fromisoformat(read["first"]),
                last=date.fromisoformat(read["last"]),
                votes=int(read["votes"]),
                scales={str(name): float(scale) for name, scale in read["scales"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError) as wrong:
            raise MalformedScales(f"Frozen scales need first, last, votes and scales: {wrong}.") from wrong
        if found.first > found.last or not all(0 < scale < math.inf for scale in found.scales.values()):
            raise MalformedScales("Frozen scales are positive numbers over a period that ends after it begins.")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Style columns that are told together.

    ``coefficients`` and ``errors`` are in points per root mean square, in the order of ``columns``. ``correlation`` is
    that of the first two columns over the votes, around zero; ``estimates_correlation`` that of their coefficients'
    errors. ``statistic`` is Wald's for "all of them are 0", ``p`` its tail: χ² with as many degrees of freedom as there
    are columns, or Hotelling's T² on ``degrees`` where the intervals are Student's.
    """

    columns: tuple[str, ...]
    coefficients: tuple[float, ...]
    errors: tuple[float, ...]
    correlation: float
    estimates_correlation: float
    statistic: float
    degrees: float | None
    p: float


def told_together(votes: Votes, board: BoardResult, columns: tuple[str, ...] = LENGTH_AND_TIME) -> Together:
    """Test style columns together on a styled board of these votes.

    The covariance is the board's own, hence clustered by contributor (Wald 1943; Hotelling 1931 where contributors are
    few). The correlation of differences x and y is Σ xy / √(Σ x²·Σ y²): taken around zero, it does not depend on which
    model a vote names first. Raises ``NoJointTest`` where the board dropped a column or has no intervals.
    """
    evidence = board.evidence
    if evidence is None or board.why_no_intervals is not None:
        raise NoJointTest(f"There are no intervals to test with. {board.why_no_intervals or ''}".strip())
    missing = [name for name in columns if name not in evidence.columns]
    if missing or len(columns) < 2:  # noqa: PLR2004  Two at least stand together.
        raise NoJointTest(f"The board has no effect of {', '.join(missing) or 'a second column'}.")
    models = len(evidence.models)
    places = [evidence.columns.index(name) for name in columns]
    beta = evidence.beta[places]
    block = evidence.covariance[np.ix_([models + at for at in places], [models + at for at in places])]
    errors = np.sqrt(np.diag(block))
    if not (errors > 0).all():
        raise NoJointTest("One of the columns does not vary between contributors, so nothing can be said of it.")
    statistic = float(beta @ np.linalg.pinv(block, hermitian=True) @ beta)
    degrees = board.parameters.get("degrees_of_freedom")
    few = float(degrees) if isinstance(degrees, float | int) else None
    return Together(
        columns=columns,
        coefficients=tuple((POINTS * beta).tolist()),
        errors=tuple((POINTS * errors).tolist()),
        correlation=around_zero(votes, columns[0], columns[1]),
        estimates_correlation=float(block[0, 1] / (errors[0] * errors[1])),
        statistic=statistic,
        degrees=few,
        p=_tail(statistic, len(columns), few),
    )


def around_zero(votes: Votes, one: str, other: str) -> float:
    """Return Σ xy / √(Σ x²·Σ y²) of two style columns over the votes that have both; 0 where one is zero throughout."""
    style = np.asarray(votes.with_style((one, other)).style)
    fine = np.isfinite(style).all(axis=1)
    counts = np.ones(len(style)) if votes.counts is None else votes.counts
    x, y, n = style[fine, 0], style[fine, 1], counts[fine]
    size = math.sqrt(float((n * x * x).sum()) * float((n * y * y).sum()))
    return float((n * x * y).sum()) / size if size > 0 else 0.0


def _tail(statistic: float, columns: int, degrees: float | None) -> float:
    if degrees is None:
        return float(chdtrc(columns, statistic))
    left = degrees - columns + 1
    if left <= 0:
        return 1.0
    return float(fdtrc(columns, left, statistic * left / (columns * degrees)))


def _root_mean_square(column: Floats, counts: Counts | None) -> float:
    """Return the root mean square of differences (n), each of which may stand for several votes; 0 where all are 0."""
    largest = float(np.abs(column).max(initial=0.0))
    if not largest:
        return 0.0
    # Squares of very large or very small numbers leave the range of floating point; a power of two costs no bit.
    exponent = math.frexp(largest)[1]
    squares = np.square(np.ldexp(column, -exponent))
    total = float(squares.sum() if counts is None else (squares * counts).sum())
    return math.ldexp(math.sqrt(total / (len(column) if counts is None else int(counts.sum()))), exponent)
