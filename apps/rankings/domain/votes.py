"""What the engine is given: the votes of a board as parallel columns of codes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum, StrEnum
from typing import Final, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Kind = TypeVar("Kind", bound=np.generic)

Codes: TypeAlias = NDArray[np.int32]
Small: TypeAlias = NDArray[np.int8]
Counts: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Words: TypeAlias = NDArray[np.uint64]

#: Style columns where they lie: one line of numbers, where each column starts in it, the step from vote to vote, what
#: each is multiplied by, and the votes' positions (empty where they are no column).
Columns: TypeAlias = tuple[Floats, Counts, int, Floats, Small]

UNKNOWN: Final = -1


class Outcome(IntEnum):
    """What a vote said; A is the row's first model. The two ties are kept apart until a method joins them."""

    A = 0
    B = 1
    BOTH_GOOD = 2
    BOTH_BAD = 3


class LeftOut(StrEnum):
    """Why a vote that was given is not in the estimate."""

    TIE = "tie"
    BOTH_BAD = "both-bad"
    NO_CONTRIBUTOR = "no-contributor"
    NO_STYLE = "no-style-value"
    NOT_RANKED = "model-not-ranked"


class MalformedVotes(ValueError):
    """The columns contradict each other; a mistake of the calling code, never of a voter."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Votes:
    """n votes as columns.

    ``model_a`` and ``model_b`` (int32, n) index ``models``; ``outcome`` (int8, n) holds ``Outcome`` values. The rest is
    optional: ``contributor`` (int32, n) says who voted, in codes below ``contributors``, -1 for nobody known;
    ``weights`` (float64, n, positive) scales a vote's share of the likelihood; ``counts`` (int64, n, positive) makes
    one row stand for that many identical votes; ``position`` (int8, n) is +1 where the row's first model stood left,
    -1 where it stood right and 0 where nobody knows; ``style`` (float64, n by k) holds, for every column of
    ``style_names``, the first model's value less the second one's, NaN where unknown.

    Raises ``MalformedVotes`` where lengths, codes or signs contradict this.
    """

    models: tuple[str, ...]
    model_a: Codes
    model_b: Codes
    outcome: Small
    contributor: Codes | None = None
    contributors: int = 0
    weights: Floats | None = None
    counts: Counts | None = None
    position: Small | None = None
    style: Floats | None = None
    style_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require(len(set(self.models)) == len(self.models), "two models have the same name")
        self._narrow("model_a", np.int32, (len(self),))
        self._narrow("model_b", np.int32, (len(self),))
        self._narrow("outcome", np.int8, (len(self),))
        self._narrow("contributor", np.int32, (len(self),))
        self._narrow("weights", np.float64, (len(self),))
        self._narrow("counts", np.int64, (len(self),))
        self._narrow("position", np.int8, (len(self),))
        self._narrow("style", np.float64, (len(self), len(self.style_names)))
        _require(self.style is not None or not self.style_names, "style columns are named but not given")
        if not len(self):
            return
        for column in (self.model_a, self.model_b):
            # Read without its sign a negative code is larger than any model's: one look instead of two.
            inside = column.view(np.uint32).max() < len(self.models)
            _require(bool(inside), "a model's code is outside of models")
        _require(not np.any(self.model_a == self.model_b), "a model stands against itself")
        _require(bool(self.outcome.view(np.uint8).max() <= Outcome.BOTH_BAD), "an outcome is unknown")
        if self.contributor is not None:
            inside = self.contributor.min() >= UNKNOWN and self.contributor.max() < self.contributors
            _require(bool(inside), "a contributor's code is outside of contributors")
        if self.weights is not None:
            fine = np.isfinite(self.weights) & (self.weights > 0)
            _require(bool(fine.all()), "a weight is not a positive finite number")
        if self.counts is not None:
            _require(self.counts.min() > 0, "a count is not positive")
        if self.position is not None:
            _require(self.position.min() >= -1 and self.position.max() <= 1, "a position is not +1, 0 or -1")

    def _with(self, **changes: object) -> Self:
        """Return the same votes with other columns that were made of these, and so need no second look."""
        fresh = object.__new__(type(self))
        for each in fields(self):
            object.__setattr__(fresh, each.name, changes.get(each.name, getattr(self, each.name)))
        return fresh

    def _narrow(self, name: str, kind: type[np.generic], shape: tuple[int, ...]) -> None:
        given = getattr(self, name)
        if given is None:
            return
        column = np.asarray(given)
        _require(column.shape == shape, f"{name} has the shape {column.shape}, not {shape}")
        if column.dtype != kind:
            narrowed = column.astype(kind)
            same = np.array_equal(narrowed, column, equal_nan=np.issubdtype(column.dtype, np.floating))
            _require(same or np.issubdtype(kind, np.floating), f"{name} does not fit {kind.__name__}")
            column = narrowed
        object.__setattr__(self, name, for_loops(column))

    def __len__(self) -> int:
        return len(self.model_a)

    @property
    def total(self) -> int:
        """How many votes the rows stand for."""
        return len(self) if self.counts is None else int(self.counts.sum())

    def number(self, chosen: Flags) -> int:
        """How many votes the chosen rows (bool, n) stand for."""
        return int(np.count_nonzero(chosen)) if self.counts is None else int(self.counts[chosen].sum())

    def take(self, rows: "Flags | NDArray[np.integer]") -> Self:
        """Return these rows only (a mask or positions), with the same models and contributors."""
        return self._with(
            model_a=self.model_a[rows],
            model_b=self.model_b[rows],
            outcome=self.outcome[rows],
            contributor=None if self.contributor is None else self.contributor[rows],
            weights=None if self.weights is None else self.weights[rows],
            counts=None if self.counts is None else self.counts[rows],
            position=None if self.position is None else self.position[rows],
            style=None if self.style is None else self.style[rows],
        )

    def cut(self, begin: int, end: int) -> Self:
        """Return the rows from ``begin`` to before ``end``; nothing is copied."""
        if begin == 0 and end == len(self):
            return self
        part = slice(begin, end)
        return self._with(
            model_a=self.model_a[part],
            model_b=self.model_b[part],
            outcome=self.outcome[part],
            contributor=None if self.contributor is None else self.contributor[part],
            weights=None if self.weights is None else self.weights[part],
            counts=None if self.counts is None else self.counts[part],
            position=None if self.position is None else self.position[part],
            style=None if self.style is None else self.style[part],
        )

    def among_few(self) -> Self:
        """Return the same votes with contributors numbered anew, so that nothing grows with those who are not there."""
        if self.contributor is None or not len(self):
            return self
        present, place = np.unique(self.contributor, return_inverse=True)
        unknown = int(present[0] == UNKNOWN)
        contributor = (place.reshape(-1) - unknown).astype(np.int32)
        return self._with(contributor=contributor, contributors=len(present) - unknown)

    def then(self, more: Self) -> Self:
        """Return these votes and after them others of the same models, contributors and columns."""
        alike = (self.models, self.contributors, self.style_names) == (more.models, more.contributors, more.style_names)
        _require(alike, "its parts have different models, contributors or style columns")
        joined: dict[str, object] = {}
        for name in ("model_a", "model_b", "outcome", "contributor", "weights", "counts", "position", "style"):
            first, second = getattr(self, name), getattr(more, name)
            _require((first is None) == (second is None), f"only some of its parts have the column {name}")
            joined[name] = None if first is None else np.concatenate([first, second])
        return self._with(**joined)

    def with_style(self, names: Sequence[str]) -> Self:
        """Return the same votes with only these style columns, in this order."""
        if tuple(names) == self.style_names:
            return self
        missing = [name for name in names if name not in self.style_names]
        _require(not missing, f"there is no style column {', '.join(missing)}")
        if self.style is None or not names:
            return self._with(style=None, style_names=())
        places = [self.style_names.index(name) for name in names]
        return self._with(style=self.style[:, places], style_names=tuple(names))


def for_loops(column: NDArray[Kind]) -> NDArray[Kind]:
    """Return a column as the compiled loops know it: in one piece, and not marked as read-only, which they never write.

    For a read-only array, as columns from files often are, they would be compiled anew, in the middle of a fit.
    """
    whole = np.ascontiguousarray(column) if column.ndim == 1 else column
    return whole if whole.flags.writeable else np.asarray(_Opened(whole))


class _Opened:
    """The same memory as an array's, without the mark that it is read-only."""

    def __init__(self, array: NDArray[Kind]) -> None:
        self._held = array
        address, _ = array.__array_interface__["data"]
        self.__array_interface__ = {**array.__array_interface__, "data": (address, False)}


def _require(holds: bool, complaint: str) -> None:
    if not holds:
        raise MalformedVotes(f"The votes cannot be ranked: {complaint}.")
