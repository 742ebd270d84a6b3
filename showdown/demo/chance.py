"""Two small words for chance that the whole demo network uses."""

from collections.abc import Mapping
from random import Random


def happens(chance: Random, share: float) -> bool:
    """Say yes in a share (0 to 1) of all cases."""
    return chance.random() < share


def weighted(chance: Random, weights: Mapping[str, int]) -> str:
    """Draw one key with the probability of its weight."""
    return chance.choices(list(weights), weights=list(weights.values()))[0]
