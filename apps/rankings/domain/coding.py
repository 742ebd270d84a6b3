"""Codes for texts that come in batches, in the order of the texts, and columns put together from pieces."""

from typing import Any, Final, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from apps.rankings.domain.votes import UNKNOWN, Codes

Kind = TypeVar("Kind", bound=np.generic)

#: So many texts wait before equal ones among them are looked for.
_WAITING: Final = 1_000_000


class Coded:
    """A column of texts as codes, each text held about once."""

    def __init__(self, waiting: int = _WAITING) -> None:
        self._texts: list[pa.Array] = []
        self._codes: list[Codes] = []
        self._held = 0
        self._waiting = self._limit = waiting

    def add(self, texts: pa.Array, codes: NDArray[np.int64]) -> None:
        """Take a batch: ``codes`` (n) are places in ``texts`` (large strings, not null where used), -1 for none."""
        used = np.unique(codes[codes >= 0])
        places = np.full(len(texts) + 1, UNKNOWN, np.int32)
        places[used] = np.arange(self._held, self._held + len(used))
        self._codes.append(places[codes])
        if len(used):
            self._texts.append(texts.take(pa.array(used)))
            self._held += len(used)
        if self._held > self._limit:
            self._unite()
            # The larger it has become, the less often: all in all each code is moved a few times.
            self._limit = max(self._waiting, 4 * self._held)

    def finished(self) -> tuple[Codes, pa.Array]:
        """Return codes in the order of the texts (by their characters' numbers, as Python sorts), and the texts."""
        self._unite()
        texts = self._texts[0] if self._texts else pa.array([], pa.large_string())
        order = pc.array_sort_indices(texts)
        places = np.full(len(texts) + 1, UNKNOWN, np.int32)
        places[order.to_numpy()] = np.arange(len(texts), dtype=np.int32)
        return joined(self._codes, np.int32, through=places), texts.take(order)

    def _unite(self) -> None:
        if not self._texts:
            return
        united = pa.concat_arrays(self._texts).dictionary_encode()
        places = np.append(united.indices.to_numpy(), UNKNOWN).astype(np.int32)
        self._texts = [united.dictionary]
        self._held = len(united.dictionary)
        for chunk in self._codes:
            # In place: the pieces together are as long as the file.
            chunk[:] = places[chunk]


def joined(
    chunks: list[NDArray[Any]],
    kind: type[Kind],
    *,
    through: NDArray[Any] | None = None,
    into: NDArray[Kind] | None = None,
) -> NDArray[Kind]:
    """Return all pieces as one column, mapped through codes if given; the pieces are let go of one by one."""
    column = np.empty(sum(map(len, chunks)), kind) if into is None else into
    end = len(column)
    while chunks:
        chunk = chunks.pop()
        column[end - len(chunk) : end] = chunk if through is None else through[chunk]
        end -= len(chunk)
    return column
