"""How much one network may weigh: a cap on its share of a board, on top of that of each contributor."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from apps.rankings.domain.sums import by_group
from apps.rankings.domain.votes import UNKNOWN, Codes, Flags, Floats, Votes
from apps.rankings.domain.weights import CapTooLow

NETWORK_CAP: Final = 0.25

#: The total falls from step to step and ends on one of finitely many straight pieces; this many are never needed.
_STEPS: Final = 10_000
_SETTLED: Final = 1e-13


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """What the two caps do: ``factors`` (contributors) on each one's weight, and the ``total`` weight that is left.

    ``networks`` (bool, networks) marks those at their cap, ``contributors`` (bool, contributors) those at theirs.
    """

    factors: Floats
    total: float
    networks: Flags
    contributors: Flags


def held(amounts: Floats, networks: Codes, *, cap: float | None, network_cap: float = NETWORK_CAP) -> Held:
    """Return the factors under which no contributor has more than ``cap`` and no network more than ``network_cap``.

    ``amounts`` (contributors) is n_v, each one's total weight before the caps; ``networks`` (int32, contributors) says
    to which network each belongs, −1 for none. With S the total weight after both caps a contributor has
    x_v = min(n_v, c·S), a network y_k = min(Σ x_v, q·S), and S is what they have together: the largest such S. The sum
    as a function of S is concave and made of straight pieces, so that Newton's method from above ends on it exactly.
    The factor depends on how much people voted and never on what. Raises ``CapTooLow`` where no weights satisfy both.
    """
    many = int(networks.max(initial=UNKNOWN)) + 1
    share = 1.0 if cap is None else cap
    # People of no network are each a network of their own, which the contributor's cap alone holds.
    alone = networks == UNKNOWN
    places = np.where(alone, 0, networks)
    total = float(amounts.sum())
    if total <= 0:
        nobody = np.zeros(len(amounts), np.bool_)
        return Held(factors=np.ones(len(amounts)), total=0.0, networks=np.zeros(many, np.bool_), contributors=nobody)
    smallest = total * _SETTLED
    for _ in range(_STEPS):
        at_cap = amounts > share * total * (1 + _SETTLED)
        own = np.where(at_cap, share * total, amounts)
        together = by_group(places, np.where(alone, 0.0, own), max(many, 1))
        full = together > network_cap * total * (1 + _SETTLED)
        kept = float(own[alone].sum()) + float(np.where(full, network_cap * total, together).sum())
        if kept >= total * (1 - _SETTLED):
            break
        free = at_cap & (alone | ~full[places])
        slope = share * int(np.count_nonzero(free)) + network_cap * int(np.count_nonzero(full))
        if slope >= 1:
            raise CapTooLow(_too_low(amounts, networks, share, network_cap))
        total = total + (kept - total) / (1 - slope)
        if total <= smallest:
            raise CapTooLow(_too_low(amounts, networks, share, network_cap))
    factors = np.divide(own, amounts, out=np.ones(len(amounts)), where=amounts > 0)
    scale = np.where(full, network_cap * total / np.where(full, together, 1.0), 1.0)
    factors *= np.where(alone, 1.0, scale[places])
    return Held(factors=factors, total=total, networks=full[:many], contributors=at_cap)


def under_caps(votes: Votes, networks: Codes, *, cap: float | None, network_cap: float = NETWORK_CAP) -> Votes:
    """Return the votes with weights under both caps; fit them by a method without a cap of its own.

    ``networks`` (int32, contributors) is each contributor's network. Score and sandwich then use these weights. Give
    the votes that are counted: those of nobody known are left out here. Raises ``CapTooLow``.
    """
    if votes.contributor is None:
        raise CapTooLow("A weight cap needs to know who voted, and these votes have no contributors.")
    known = votes.contributor != UNKNOWN
    votes = votes if known.all() else votes.take(known)
    if votes.contributor is None or not len(votes):
        return votes
    weights = np.ones(len(votes)) if votes.weights is None else votes.weights
    counts = np.ones(len(votes)) if votes.counts is None else votes.counts.astype(np.float64)
    amounts = by_group(votes.contributor, weights * counts, votes.contributors)
    factors = held(amounts, networks, cap=cap, network_cap=network_cap).factors
    return replace(votes, weights=weights * factors[votes.contributor]) if (factors < 1).any() else votes


def _too_low(amounts: Floats, networks: Codes, cap: float, network_cap: float) -> str:
    present = amounts > 0
    together = len(np.unique(networks[present & (networks != UNKNOWN)]))
    return (
        f"With {cap:.2%} of a board for a contributor and {network_cap:.0%} for a network, "
        f"{np.count_nonzero(present)} contributors of {together} networks cannot make a whole board: it takes "
        f"{int(np.ceil(1 / cap))} contributors, and {int(np.ceil(1 / network_cap))} networks or people of none."
    )
