"""Drawing the two models of a battle, with the probability of the pair that came out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Protocol, TypeVar

T = TypeVar("T", bound="Weighted")


class Chance(Protocol):
    """Where chance comes from: ``random.Random`` with a seed, or the system's."""

    def random(self) -> float:
        """Return a number in [0, 1)."""
        ...


class Weighted(Protocol):
    """Anything that is drawn by its weight."""

    @property
    def weight(self) -> float:
        """How often it is drawn, relative to the others."""
        ...


class TooFewModels(ValueError):
    """There are not two models with a weight above zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """One place where a model answers."""

    endpoint_id: int
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A model that could be drawn, with its maker and the places where it answers.

    A model weighs what its places weigh together.
    """

    model_id: int
    organization_id: int
    stands: tuple[Stand, ...]
    weight: float = field(init=False)

    def __post_init__(self) -> None:
        # A draw asks for every model's weight several times.
        object.__setattr__(self, "weight", sum(stand.weight for stand in self.stands))


@dataclass(frozen=True, slots=True, kw_only=True)
class Corner:
    """Who stands on one side of a battle, and where the answer will come from."""

    model_id: int
    endpoint_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What was drawn; ``probability`` is that of the pair whatever its sides, given the candidates."""

    left: Corner
    right: Corner
    probability: float


def without_makers(candidates: Sequence[Candidate], organization_ids: Collection[int]) -> tuple[Candidate, ...]:
    """Return the candidates that none of these organizations made."""
    return tuple(candidate for candidate in candidates if candidate.organization_id not in organization_ids)


def draw_battle(candidates: Sequence[Candidate], *, chance: Chance) -> Draw:
    """Draw two different models by weight, one after the other, then their sides by an even chance.

    The result depends on the order of ``candidates``, so give them in a fixed one. Raises ``TooFewModels``.
    """
    standing = [candidate for candidate in candidates if candidate.weight > 0]
    if len(standing) < 2:  # noqa: PLR2004 - A battle is between two.
        raise TooFewModels(f"{len(standing)} models can be drawn, and a battle needs two.")
    first = _by_weight(standing, chance)
    second = _by_weight([candidate for candidate in standing if candidate is not first], chance)
    probability = pair_probability(first.weight, second.weight, total=sum(one.weight for one in standing))
    left, right = (first, second) if chance.random() < 0.5 else (second, first)  # noqa: PLR2004
    return Draw(left=_corner(left, chance), right=_corner(right, chance), probability=probability)


def pair_probability(one: float, other: float, *, total: float) -> float:
    """Return how likely two weights out of ``total`` are drawn together, in either order."""
    probability = one / total * other / (total - one) + other / total * one / (total - other)
    # With two candidates the sum is 1 but for rounding.
    return min(probability, 1.0)


def pair_probabilities(candidates: Sequence[Candidate]) -> dict[frozenset[int], float]:
    """Return the probability of every pair of model ids; together they make 1."""
    standing = [candidate for candidate in candidates if candidate.weight > 0]
    total = sum(candidate.weight for candidate in standing)
    return {
        frozenset((one.model_id, other.model_id)): pair_probability(one.weight, other.weight, total=total)
        for one, other in combinations(standing, 2)
    }


def _corner(candidate: Candidate, chance: Chance) -> Corner:
    return Corner(model_id=candidate.model_id, endpoint_id=_by_weight(candidate.stands, chance).endpoint_id)


def _by_weight(things: Sequence[T], chance: Chance) -> T:
    mark = chance.random() * sum(thing.weight for thing in things)
    for thing in things:
        mark -= thing.weight
        if mark < 0:
            return thing
    # Rounding can leave a crumb of the mark; it belongs to the last thing that can be drawn at all.
    return [thing for thing in things if thing.weight > 0][-1]
