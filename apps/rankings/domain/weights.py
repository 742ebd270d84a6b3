"""How much one contributor may weigh: the cap on a share of the board, and the shares that follow."""

import numpy as np

from apps.rankings.domain.votes import Floats


class CapTooLow(ValueError):
    """With so few contributors somebody must hold a larger share than the cap allows: no board can be shown."""


def capped(amounts: Floats, cap: float) -> Floats:
    """Return each contributor's factor w_v = min(1, c·S / n_v), S = Σ w_v·n_v being the fixed point.

    ``amounts`` (contributors) is n_v, each contributor's total weight before the cap (0 for none); ``cap`` is c, a
    share. With m capped contributors S = (what the others have) / (1 - m·c), so the largest amounts are tried in turn.
    The factor depends on how much somebody voted and never on what. Raises ``CapTooLow`` where c < 1 / contributors.
    """
    present = amounts > 0
    many = int(np.count_nonzero(present))
    factors = np.ones(len(amounts))
    if not many:
        return factors
    # A hair of room, so that a cap of exactly one contributor's share is not lost to rounding.
    if cap * many < 1 - 1e-12:
        raise CapTooLow(
            f"A cap of {cap:.2%} of a board needs {int(np.ceil(1 / cap))} contributors or more, not {many}."
        )
    falling = np.sort(amounts[present])[::-1]
    rest = np.cumsum(falling[::-1])[::-1]
    for m in range(many):
        total = rest[m] / (1 - m * cap)
        if falling[m] <= cap * total * (1 + 1e-12):
            break
    factors[present] = np.minimum(1.0, cap * total / amounts[present])
    return factors


def effective_number(amounts: Floats) -> float:
    """Return n_eff = 1 / Σ share², the number of equally heavy contributors that would be as uneven; 0 for none."""
    total = float(amounts.sum())
    return total * total / float(np.square(amounts).sum()) if total > 0 else 0.0
