"""How far out a sum of independent two-valued parts lies: both tails, however small they are."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit, log_ndtr

from apps.integrity.domain.ballots import Floats

_STEPS: Final = 60
_FLAT: Final = 1e-12
_SAME: Final = 1e-9
_BATCH_CELLS: Final = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tails:
    """The chance of a sum at most, and at least, as large as the one seen; both count what was seen itself."""

    lower: float
    upper: float

    @property
    def two_sided(self) -> float:
        """Twice the smaller tail, at most 1."""
        return min(1.0, 2 * min(self.lower, self.upper))

    @property
    def is_low(self) -> bool:
        """Whether the sum is smaller than expected rather than larger."""
        return self.lower <= self.upper


NOTHING_TO_TELL: Final = Tails(lower=1.0, upper=1.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwoValued:
    """n independent parts: each is ``first`` with the chance ``chance``, else ``second`` (float64, n each)."""

    first: Floats
    second: Floats
    chance: Floats

    @property
    def mean(self) -> float:
        """The expected sum."""
        return float((self.chance * self.first + (1 - self.chance) * self.second).sum())

    @property
    def variance(self) -> float:
        """The variance of the sum."""
        return float((self.chance * (1 - self.chance) * np.square(self.first - self.second)).sum())

    def tilted(self, tilt: float) -> Floats:
        """Return the chances of ``first`` after weighing each outcome x by exp(tilt·x)."""
        tilted: Floats = expit(np.log(self.chance) - np.log1p(-self.chance) + tilt * (self.first - self.second))
        return tilted

    def log_moment(self, tilt: float) -> float:
        """Return log E exp(tilt·sum), the cumulant generating function."""
        low = np.minimum(tilt * self.first, tilt * self.second)
        inside = self.chance * np.exp(tilt * self.first - low) + (1 - self.chance) * np.exp(tilt * self.second - low)
        return float((np.log(inside) + low).sum())


def tails_of(parts: TwoValued, seen: float, *, draws: int, rng: np.random.Generator) -> Tails:
    """Return both tails of the sum of ``parts`` at ``seen``.

    The tail on the side of ``seen`` is estimated by ``draws`` Monte Carlo draws, not from the parts themselves but from
    the parts tilted so far that ``seen`` is their mean, each draw weighed back by its likelihood ratio (Siegmund 1976).
    Twenty thousand plain draws could tell nothing below 5·10⁻⁵; these tell a tail of 10⁻⁹ to within a few per cent, and
    ties between sums are counted as they are. ``seen`` must be a possible sum.
    """
    variance = parts.variance
    if variance < _FLAT:
        return NOTHING_TO_TELL
    is_low = seen <= parts.mean
    tilt = _tilt(parts, seen)
    near = _weighed_share(parts, seen, tilt, is_low=is_low, draws=draws, rng=rng)
    # The far tail is at least one half or close to it, so the smaller one alone decides anything.
    far = max(1.0 - near, near)
    return Tails(lower=near, upper=far) if is_low else Tails(lower=far, upper=near)


def rough_tail(parts: TwoValued, seen: float) -> float:
    """Return the smaller tail by the normal approximation: quick, and good enough to see that nothing is unusual."""
    variance = parts.variance
    if variance < _FLAT:
        return 1.0
    return float(np.exp(log_ndtr(-abs(seen - parts.mean) / np.sqrt(variance))))


def _tilt(parts: TwoValued, seen: float) -> float:
    """Return the tilt under which ``seen`` is the mean; at the edge of what is possible, one that comes close."""
    reach = 40.0 / float(np.abs(parts.first - parts.second).max())
    low, high = -reach, reach
    for _ in range(_STEPS):
        middle = (low + high) / 2
        chance = parts.tilted(middle)
        mean = float((chance * parts.first + (1 - chance) * parts.second).sum())
        if mean < seen:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _weighed_share(
    parts: TwoValued, seen: float, tilt: float, *, is_low: bool, draws: int, rng: np.random.Generator
) -> float:
    chance = parts.tilted(tilt)
    norm = parts.log_moment(tilt)
    slack = _SAME * max(1.0, abs(seen))
    total = 0.0
    left = draws
    while left:
        here = min(left, max(1, _BATCH_CELLS // len(chance)))
        is_first = rng.random((here, len(chance))) < chance
        sums = np.where(is_first, parts.first, parts.second).sum(axis=1)
        counts = sums <= seen + slack if is_low else sums >= seen - slack
        total += float(np.exp(norm - tilt * sums[counts]).sum())
        left -= here
    # What was seen is possible, so the tail is never nothing.
    least = float(np.exp(norm - tilt * seen)) / (draws + 1)
    return min(1.0, max(total / draws, least))
