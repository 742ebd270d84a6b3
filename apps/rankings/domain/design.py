"""The rows of the regression: what a vote's codes mean on a board, and the fixed blocks in which votes are summed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Protocol, Self

import numpy as np

from apps.rankings.domain.kernels import Kernels
from apps.rankings.domain.method import POSITION, FitMethod
from apps.rankings.domain.passes import in_order
from apps.rankings.domain.sums import by_group
from apps.rankings.domain.votes import Codes, Columns, Counts, Flags, Floats, Small, Votes, for_loops

#: Sums are taken over blocks of so many votes in canonical order and then added in the order of the blocks, so that
#: neither the number of threads nor a cut into partitions changes a bit.
BLOCK: Final = 65_536

NONE: Final = np.zeros(0)
_NOWHERE: Final = np.zeros(0, np.int8)
_SCORE2: Final = np.array([2, 0, 1, 1], np.int32)
#: Outside of this the square of a number, or one over it, may leave the range of floating point.
_SMALL: Final = 1e-140
_LARGE: Final = 1e140


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """At most ``BLOCK`` votes as the loops read them; the meaning of each array is that of ``newton_block``,
    ``columns`` are the style columns.

    ``weight`` and ``square`` (count * weight and count * weight²) are empty where they are ones.
    """

    code: Codes
    weight: Floats
    square: Floats
    contributor: Codes | None
    columns: Columns

    def __len__(self) -> int:
        return len(self.code)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """How votes become rows of the regression.

    ``pair_low`` and ``pair_high`` (int32, pairs) are places on the board, the lower one first; ``meaning`` (int32,
    models of the votes squared * 4) gives a vote's code by its two models and outcome, -1 where it is not on the board.
    ``columns`` names the style columns; ``places`` are their places in the votes, ``inverse`` one over their scales,
    the position's not among them. ``constant`` names the columns that are zero everywhere.
    """

    models: int
    pair_low: Codes
    pair_high: Codes
    meaning: Codes
    columns: tuple[str, ...] = ()
    places: Counts = field(default_factory=lambda: np.zeros(0, np.int64))
    inverse: Floats = field(default_factory=lambda: NONE)
    constant: frozenset[str] = frozenset()

    @property
    def placed(self) -> bool:
        """Whether the last column is the position."""
        return len(self.columns) > len(self.inverse)

    def plain(self) -> Self:
        """Return the same board without style columns."""
        return replace(self, columns=(), places=np.zeros(0, np.int64), inverse=NONE)

    def without(self, dropped: Iterable[str]) -> Self:
        """Return the same board with fewer style columns."""
        gone = set(dropped)
        kept = [j for j, name in enumerate(self.columns) if name not in gone]
        styles = [j for j in kept if j < len(self.inverse)]
        columns = tuple(self.columns[j] for j in kept)
        return replace(self, columns=columns, places=self.places[styles], inverse=self.inverse[styles])


class Source(Protocol):
    """Votes that can be read again and again, block by block, in the same order."""

    @property
    def design(self) -> Design:
        """How these votes become rows."""

    def blocks(self) -> Iterator[Block]:
        """Read the votes once more."""

    def under(self, design: Design) -> "Source":
        """Return the same votes under another choice of columns."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Votes in memory; their style columns stay where they are, and only a code is made for each vote."""

    design: Design
    code: Codes
    weight: Floats
    square: Floats
    contributor: Codes | None = None
    flat: Floats = field(default_factory=lambda: NONE)
    steps: tuple[int, int] = (0, 0)
    position: Small = field(default_factory=lambda: _NOWHERE)

    def __len__(self) -> int:
        return len(self.code)

    def blocks(self) -> Iterator[Block]:
        """Cut the rows into blocks; nothing is copied."""
        step, across = self.steps
        for begin in range(0, len(self), BLOCK):
            part = slice(begin, min(begin + BLOCK, len(self)))
            yield Block(
                code=self.code[part],
                weight=self.weight[part],
                square=self.square[part],
                contributor=None if self.contributor is None else self.contributor[part],
                columns=(
                    self.flat,
                    self.design.places * across + begin * step,
                    step,
                    self.design.inverse,
                    self.position[part] if self.design.placed else _NOWHERE,
                ),
            )

    def under(self, design: Design) -> Self:
        """Return the same votes under another choice of columns."""
        return replace(self, design=design)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Partitions:
    """Votes that do not all lie in memory: ``read`` gives the parts again for every pass, in canonical order."""

    design: Design
    read: Callable[[], Iterable[Votes]]
    kernels: Kernels

    def blocks(self) -> Iterator[Block]:
        """Fill blocks from one part after the other: however the votes are cut, the blocks are the same."""
        for part in reblocked(self.read()):
            yield from rows_of(part, self.design, self.kernels).blocks()

    def under(self, design: Design) -> Self:
        """Return the same votes under another choice of columns."""
        return replace(self, design=design)


def reblocked(parts: Iterable[Votes]) -> Iterator[Votes]:
    """Yield the same votes in parts of whole blocks; only the last may end within a block."""
    rest: Votes | None = None
    for part in parts:
        joined = part if rest is None else rest.then(part)
        whole = len(joined) // BLOCK * BLOCK
        if whole:
            yield joined.cut(0, whole)
        rest = joined.cut(whole, len(joined)) if whole < len(joined) else None
    if rest is not None:
        yield rest


def design_of(said: Counts, ranked: Flags) -> Design:
    """Return the board of the ranked models (bool, models), plain; ``said`` (models, models, 4) counts the votes."""
    many = len(ranked)
    met = said.sum(axis=2)
    met = (met + met.T) * np.logical_and.outer(ranked, ranked)
    low, high = np.nonzero(np.triu(met, 1))
    pair = np.full((many, many), -1, np.int32)
    pair[low, high] = pair[high, low] = np.arange(len(low), dtype=np.int32)
    turned = np.tri(many, k=-1, dtype=np.int32)[:, :, None]
    score2 = np.where(turned, 2 - _SCORE2, _SCORE2)
    meaning = np.where(pair[:, :, None] < 0, -1, pair[:, :, None] << 3 | score2 << 1 | turned)
    place = np.cumsum(ranked) - 1
    return Design(
        models=int(np.count_nonzero(ranked)),
        pair_low=place[low].astype(np.int32),
        pair_high=place[high].astype(np.int32),
        meaning=np.ascontiguousarray(meaning, np.int32).reshape(-1),
    )


def with_columns(plain: Design, method: FitMethod, names: tuple[str, ...], facts: "Facts") -> Design:
    """Return the board with the method's style columns, whose places are looked up in ``names``, and the position."""
    columns = tuple(method.style)
    scales = [facts.scale(j, method.scales.get(name)) for j, name in enumerate(columns)]
    constant = {name for j, name in enumerate(columns) if not facts.largest[j]}
    return replace(
        plain,
        columns=(*columns, POSITION) if facts.placed else columns,
        places=np.array([names.index(name) for name in columns], np.int64),
        inverse=np.array([1.0 / scale if scale > 0 else 0.0 for scale in scales]),
        constant=frozenset(constant),
    )


def rows_of(votes: Votes, design: Design, kernels: Kernels) -> Rows:
    """Write votes, all of them on the board, as its rows.

    Swapping a vote's two models changes nothing here: outcome, style and position are turned with them.
    """
    code = np.empty(len(votes), np.int32)
    many = len(votes.models)

    def encode(part: slice) -> None:
        a, b, said = votes.model_a[part], votes.model_b[part], votes.outcome[part]
        kernels.encode(a, b, said, many, design.meaning, code[part])

    for _ in in_order(encode, pieces(len(votes))):
        pass
    weight, square = _weights(votes)
    flat, steps = laid_out(votes.style) if len(design.inverse) and votes.style is not None else (NONE, (0, 0))
    return Rows(
        design=design,
        code=code,
        weight=weight,
        square=square,
        contributor=votes.contributor,
        flat=flat,
        steps=steps,
        position=votes.position if design.placed and votes.position is not None else _NOWHERE,
    )


def pieces(many: int, size: int = 4 * BLOCK) -> list[slice]:
    """Cut so many votes into pieces that are worth a thread, each of whole blocks."""
    return [slice(begin, min(begin + size, many)) for begin in range(0, many, size)]


def laid_out(style: Floats) -> tuple[Floats, tuple[int, int]]:
    """Return the style columns (n by k) as one line, and its steps from vote to vote and from column to column.

    Nothing is copied where the columns are a table in memory, by rows or by columns, or a part of its rows.
    """
    rows, across = style.shape
    step, stride = style.strides
    width = style.itemsize
    if not style.size or min(step, stride) < 0 or step % width or stride % width:
        return for_loops(np.ascontiguousarray(style).reshape(-1)), (across, 1)
    steps = (step // width, stride // width)
    length = (rows - 1) * steps[0] + (across - 1) * steps[1] + 1
    return for_loops(np.lib.stride_tricks.as_strided(style, (length,), (width,))), steps


def cells_of(design: Design, said: Counts, source: Source | None) -> Rows:
    """Gather votes without style columns into one weighted row per pair and outcome, which carry the same likelihood.

    ``source`` is read where votes have weights; without it ``said`` (models, models, 4) tells all.
    """
    size = 4 * len(design.pair_low)
    if source is None:
        inside = design.meaning >= 0
        weight = square = by_group(design.meaning[inside] >> 1, said.reshape(-1)[inside].astype(np.float64), size)
    else:
        weight, square = np.zeros(size), np.zeros(size)
        for block in source.blocks():
            weight += by_group(block.code >> 1, block.weight, size)
            square += by_group(block.code >> 1, block.square, size)
    present = np.flatnonzero(weight)
    code = (present << 1).astype(np.int32)
    return Rows(design=design.plain(), code=code, weight=weight[present], square=square[present])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Facts:
    """What is to be known of style columns before a fit (k each): the largest value, and the root mean square.

    ``strange`` (bool) says whether any value is not finite; ``placed`` whether any vote has a known position.
    """

    largest: Floats
    root: Floats
    strange: bool
    placed: bool

    def scale(self, j: int, given: float | None) -> float:
        """Return what column j is divided by; 0 where it is zero everywhere."""
        return float(given or self.root[j])

    @property
    def exponents(self) -> Counts:
        """Powers of two to divide columns by whose squares would leave the range of floating point; mostly zeros."""
        extreme = (self.largest > 0) & ((self.largest < _SMALL) | (self.largest > _LARGE))
        return np.where(extreme, np.frexp(self.largest)[1], 0).astype(np.int64)


def facts_of(parts: Iterable[Votes], columns: tuple[str, ...], kernels: Kernels) -> Facts:
    """Read the style columns of votes once, in blocks.

    The root mean square is never centred: subtracting a mean would favour whichever model a vote names first.
    """
    total, votes, placed = np.zeros((len(columns), 3)), 0, False
    for part in reblocked(parts):
        votes += part.total
        placed |= part.position is not None and bool(part.position.any())
        for _, facts in in_order(partial(_facts, part, columns, kernels), pieces(len(part), BLOCK)):
            total[:, 0] = np.maximum(total[:, 0], facts[:, 0])
            total[:, 1:] += facts[:, 1:]
    root = np.sqrt(total[:, 1] / max(votes, 1))
    return Facts(largest=total[:, 0], root=root, strange=bool(total[:, 2].any()), placed=placed)


def _facts(votes: Votes, columns: tuple[str, ...], kernels: Kernels, part: slice) -> Floats:
    facts = np.zeros((len(columns), 3))
    if votes.style is None or not columns:
        return facts
    flat, (step, across) = laid_out(votes.style)
    places = np.array([votes.style_names.index(name) for name in columns], np.int64)
    if votes.counts is None:
        kernels.style_facts(flat, places * across + part.start * step, step, part.stop - part.start, facts)
        return facts
    style, counts = votes.style[part][:, places], votes.counts[part]
    sizes = np.where(np.isfinite(style), np.abs(style), 0.0)
    facts[:, 0] = sizes.max(axis=0, initial=0.0)
    facts[:, 1] = (np.square(sizes) * counts[:, None]).sum(axis=0)
    facts[:, 2] = np.count_nonzero(~np.isfinite(style), axis=0)
    return facts


def _weights(votes: Votes) -> tuple[Floats, Floats]:
    if votes.weights is None and votes.counts is None:
        return NONE, NONE
    if votes.counts is None and votes.weights is not None:
        return votes.weights, votes.weights * votes.weights
    counts = np.ones(len(votes)) if votes.counts is None else votes.counts.astype(np.float64)
    weights = np.ones(len(votes)) if votes.weights is None else votes.weights
    return counts * weights, counts * weights * weights
