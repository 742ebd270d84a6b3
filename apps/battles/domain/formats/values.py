"""Single values of a table as text, numbers, moments and winners; what is unfit is refused with a reason."""

import math
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from apps.battles.domain.formats.rows import Winner

LONGEST_NAME: Final = 200
#: Earlier ones are mistakes, and the first day of year 1 in some zones is no day that Python can read back.
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWN: Final = 40

_WINNERS: Final[Mapping[str, Winner]] = {
    "model_a": Winner.MODEL_A,
    "model_b": Winner.MODEL_B,
    "tie": Winner.TIE,
    "both_bad": Winner.BOTH_BAD,
    "tie (bothbad)": Winner.BOTH_BAD,
}


class UnfitValue(ValueError):
    """A value that costs its row; the message is the reason."""


def text(value: object, column: str) -> str | None:
    """Return a value as text, None where there is none; refuses what no database column of text can hold."""
    if value is None:
        return None
    if isinstance(value, dict | list):
        raise UnfitValue(f"{column} holds a {'list' if isinstance(value, list) else 'nested object'} instead of text")
    found = value if isinstance(value, str) else str(value)
    if "\0" in found:
        raise UnfitValue(f"{column} holds a NUL character")
    if not found.isascii():
        try:
            found.encode("utf-8")
        except UnicodeEncodeError as failure:
            raise UnfitValue(f"{column} holds half of a surrogate pair") from failure
    return found if found.strip() else None


def name(value: object, column: str) -> str:
    """Return a name, such as a model's: one line, not empty, at most 200 characters."""
    return _name((text(value, column) or "").strip(), column)


# A file names the same few models in every row.
@lru_cache(maxsize=8192)
def _name(found: str, column: str) -> str:
    if not found:
        raise UnfitValue(f"{column} is empty")
    if len(found) > LONGEST_NAME:
        raise UnfitValue(f"{column} is longer than {LONGEST_NAME} characters")
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in found):
        raise UnfitValue(f"{column} holds control characters")
    return found


def number(value: object) -> float | None:
    """Return a finite number, None for anything else."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = float(value) if isinstance(value, int | float | str) else float(str(value))
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def winner(value: object) -> Winner:
    """Return the winner by any of the names that the generic format knows."""
    found = _WINNERS.get(str(value).strip().casefold())
    if found is None:
        raise UnfitValue(f"the winner is {shown(value)} and not one of {', '.join(_WINNERS)}")
    return found


def moment(value: object, *, latest: datetime | None) -> datetime | None:
    """Return a date and time from ISO 8601 or from seconds since 1970; without a zone it is taken as UTC.

    A moment after ``latest`` (aware) is refused: nobody has voted tomorrow. So is one before ``EARLIEST``.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    found = _moment(value)
    if found is None:
        raise UnfitValue(f"the timestamp {shown(value)} is neither ISO 8601 nor seconds since 1970")
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
    if latest is not None and found > latest:
        raise UnfitValue(f"the timestamp {shown(value)} lies in the future")
    if found < EARLIEST:
        raise UnfitValue(f"the timestamp {shown(value)} lies before {EARLIEST.year}")
    return found


def shown(value: object) -> str:
    """Return a value for a message: quoted, on one line and short."""
    found = str(value)
    return ascii(found) if len(found) <= _SHOWN else ascii(found[:_SHOWN]) + "…"


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    seconds = number(value)
    try:
        return (
            datetime.fromtimestamp(seconds, UTC) if seconds is not None else datetime.fromisoformat(str(value).strip())
        )
    except (ValueError, OverflowError, OSError):
        return None
