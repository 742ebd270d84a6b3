"""Logs of the machine without anybody's words: an error is written down by its kind and place, never by what it quotes.

An exception's message may hold what somebody wrote: PostgreSQL quotes the failing row, ``int()`` what was no number, a
decoder the bytes it could not read. So only the classes of ``_SPEAKS_OF_MACHINES`` keep their message, and of
PostgreSQL's errors the names that the schema gave: state, constraint, table, column.
"""

import logging
import traceback
from types import TracebackType
from typing import Final

import psycopg

_SPEAKS_OF_MACHINES: Final = (
    ConnectionError,
    TimeoutError,
    ImportError,
    MemoryError,
    RecursionError,
    KeyboardInterrupt,
)
# Celery puts the exception's own words into the message of its report.
_REPEATS_THE_ERROR: Final = ("exc", "traceback")
_Error = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def told(error: BaseException) -> str:
    """Return what may be written down about an error: its class, and names that come from the schema or the machine."""
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    if (found := _postgres(error)) is not None:
        names = {
            "sqlstate": found.sqlstate,
            "constraint": found.diag.constraint_name,
            "table": found.diag.table_name,
            "column": found.diag.column_name,
        }
        said = ", ".join(f"{key} {value}" for key, value in names.items() if value)
        # Without a state the server said nothing: these words are the client's own, about reaching it.
        return f"{name} ({said})" if said else f"{name}: {found}"
    if isinstance(error, _SPEAKS_OF_MACHINES):
        return f"{name}: {error}"
    if isinstance(error, OSError):
        return f"{name}: {error.strerror} ({error.errno})"
    return name


def _postgres(error: BaseException) -> psycopg.Error | None:
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    return cause if isinstance(cause, psycopg.Error) else None


class PlacesAndKinds(logging.Formatter):
    """Formats a line with the places that an error passed through, and with its kind instead of its words."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a record that repeats an error's words loses them, in a copy."""
        copy = logging.makeLogRecord(record.__dict__)
        # Another formatter may have left its own words there.
        copy.exc_text = None
        error = copy.exc_info[1] if copy.exc_info else None
        if isinstance(copy.args, dict) and "exc" in copy.args:
            copy.args = {**copy.args, **dict.fromkeys(_REPEATS_THE_ERROR, told(error) if error else "an error")}
        elif isinstance(copy.args, tuple):
            copy.args = tuple(told(part) if isinstance(part, BaseException) else part for part in copy.args)
        return super().format(copy)

    def formatException(self, ei: _Error) -> str:  # noqa: N802 - As the standard library names it.
        """Return the places and kinds of an error and of those that led to it."""
        lines: list[str] = []
        error: BaseException | None = ei[1]
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            frames = traceback.extract_tb(error.__traceback__)
            places = [f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}' for frame in frames]
            lines += [*(["Caused by:"] if lines else []), *places, told(error)]
            if isinstance(error, BaseExceptionGroup):
                lines += [f"  with {told(inner)}" for inner in error.exceptions]
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n".join(lines)
