"""Rows of PostgreSQL's binary COPY whose fields all have fixed widths, read as columns without a loop over them.

Such a row is 2 bytes for the number of fields and, for each field, 4 bytes for its length and the field itself. Where
no field is null and none varies in length, all rows are equally long, and columns are strides of one buffer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"
#: So many rows are put together at once: rows of 300 bytes then need 20 MB beside their columns.
BATCH: Final = 65_536


class RowsDiffer(ValueError):
    """What came is not rows of the layout that was asked for, such as a null or a wider text; nothing was read."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name and how NumPy reads it, big-endian, such as ``>i8``, ``>f8`` or ``V16`` for bytes."""

    name: str
    kind: str

    @property
    def width(self) -> int:
        """Its bytes in a row, without the four of its length."""
        return np.dtype(self.kind).itemsize


def row_kind(fields: Iterable[Field]) -> np.dtype[np.void]:
    """Return the layout of a whole row, lengths included."""
    parts: list[tuple[str, str]] = [("fields", ">i2")]
    for field in fields:
        parts += [(f"length of {field.name}", ">i4"), (field.name, field.kind)]
    return np.dtype(parts)


def columns_of(messages: Iterable[bytes | bytearray | memoryview], fields: tuple[Field, ...]) -> dict[str, NDArray]:  # type: ignore[type-arg]
    """Return each field's column (n) from the messages of a COPY, in this machine's byte order.

    Bytes come as (n, width) of uint8. Raises ``RowsDiffer`` where a row has another shape.
    """
    kind = row_kind(fields)
    coming = iter(messages)
    found: dict[str, list[NDArray]] = {field.name: [] for field in fields}  # type: ignore[type-arg]
    left, begun, ended = b"", False, False
    while batch := b"".join(islice(coming, BATCH)):
        left += batch
        if not begun:
            if len(left) < len(HEADER):
                continue
            if not left.startswith(HEADER):
                raise RowsDiffer("This is no binary COPY without options.")
            left, begun = left[len(HEADER) :], True
        whole = len(left) // kind.itemsize
        rows = np.frombuffer(left, kind, whole)
        left = left[whole * kind.itemsize :]
        _check(rows, fields)
        for field in fields:
            found[field.name].append(_native(rows[field.name]))
        ended = left == TRAILER
    if not ended:
        raise RowsDiffer("The rows do not end where their layout says.")
    return {
        field.name: np.concatenate(found[field.name]) if found[field.name] else _native(np.empty(0, field.kind))
        for field in fields
    }


def _check(rows: NDArray[np.void], fields: tuple[Field, ...]) -> None:
    if np.any(rows["fields"] != len(fields)):
        raise RowsDiffer(f"A row does not have {len(fields)} fields.")
    for field in fields:
        if np.any(rows[f"length of {field.name}"] != field.width):
            raise RowsDiffer(f"A value of {field.name} is null or not {field.width} bytes long.")


def _native(column: NDArray) -> NDArray:  # type: ignore[type-arg]
    if column.dtype.kind == "V":
        return np.ascontiguousarray(column).view(np.uint8).reshape(len(column), column.dtype.itemsize)
    return column.astype(column.dtype.newbyteorder("="))


def binary_rows(columns: Mapping[str, NDArray], fields: tuple[Field, ...]) -> bytes:  # type: ignore[type-arg]
    """Return columns as the whole binary COPY that writes them; the other way round of ``columns_of``."""
    many = len(columns[fields[0].name])
    rows = np.zeros(many, row_kind(fields))
    rows["fields"] = len(fields)
    for field in fields:
        rows[f"length of {field.name}"] = field.width
        rows[field.name] = columns[field.name]
    return HEADER + rows.tobytes() + TRAILER
