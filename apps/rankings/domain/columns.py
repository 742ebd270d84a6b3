"""From batches of columns to the columns that the engine takes, without an object per row."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from apps.battles.domain.formats.batches import Batches, NotColumnar
from apps.battles.domain.formats.generic import DIFFERENCE, OWN, POSITION, TIMESTAMP, stood_left
from apps.battles.domain.formats.rows import BadRow, Source, Winner
from apps.battles.domain.formats.values import EARLIEST, UnfitValue, moment, name, number, text, winner
from apps.rankings.domain.coding import Coded, joined
from apps.rankings.domain.intake import (
    GROUPING,
    LENGTH,
    MOST_MODELS,
    OUTCOMES,
    VOTER,
    Gathered,
    Wanted,
    assembled,
    counts_something,
)
from apps.rankings.domain.votes import UNKNOWN, Flags, Floats, Small

Kind = TypeVar("Kind", bound=np.generic)
Places = NDArray[np.int64]

#: So many names of models, in rows of any kind, are for a reader of rows to refuse or to make sense of.
_MOST_NAMES: Final = 30_000
#: Text with one of these is not blank, whatever else counts as a blank.
_INK: Final = r"[!-~\pL\pN\pP\pS]"
_DAY: Final = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))"
)
#: The usual writings of a moment, which need no closer look where the day is neither long ago nor about now.
_USUAL_MOMENT: Final = (
    rf"^(?:19|20)\d\d-{_DAY}(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{{3}}|\.\d{{6}})?)?"
    r"(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)?)?$"
)
_SECONDS: Final = r"^\d{1,10}(?:\.\d{1,6})?$"


def gather_batches(
    batches: Batches, wanted: Wanted, *, there: Callable[[], set[str]], watch: Callable[[Source], None]
) -> Gathered:
    """Read all batches into columns: what ``gather`` makes of the same file's rows, in every detail.

    Holds the codes of all rows, the differences of the style columns, and each contributor's name about once. ``there``
    says which columns a complaint names; ``watch`` is called after each batch. Raises ``NotColumnar`` where a reader of
    rows has to decide, ``UnknownColumn`` as ``gather`` does.
    """
    reading = _Reading(batches, wanted)
    for batch in batches:
        try:
            reading.take(batch)
        except (pa.ArrowException, UnicodeDecodeError, OverflowError) as failure:
            raise NotColumnar(str(failure)) from failure
        watch(batches.source)
    return reading.gathered(there)


class _Reading:
    """What has been taken of the batches so far."""

    def __init__(self, batches: Batches, wanted: Wanted) -> None:
        self._batches = batches
        self._wanted = wanted
        self._models: dict[str, int] = {}
        self._seen = np.zeros(_MOST_NAMES, np.bool_)
        self._first: list[NDArray[np.int16]] = []
        self._second: list[NDArray[np.int16]] = []
        self._outcome: list[Small] = []
        self._position: list[Small] = []
        self._style: list[list[Floats]] = [[] for _ in wanted.style]
        self._people, self._segments = Coded(), Coded()
        self._rows = 0
        self._negative = 0
        self._bad = 0
        self._first_bad: BadRow | None = None

    def take(self, batch: pa.RecordBatch) -> None:
        first, second = self._named(batch, "model_a"), self._named(batch, "model_b")
        outcome = _mapped(batch, "winner", _outcome, np.int8)
        # In this order a reader of rows looks at them, but which of them is wrong does not matter here.
        bad = (first < 0) | (second < 0) | (first == second) | (outcome < 0)
        people, segments = (self._text(batch, column, bad) for column in (self._people_column, self._wanted.segment))
        columns = [self._differences(batch, column, bad) for column in self._wanted.style]
        _strike_out_moments(batch, bad, self._batches.latest)
        position = _mapped(batch, POSITION, _side, np.int8, absent=1)
        if bad.any():
            self._put_down(batch, bad)
        good = ~bad
        for column, there in ((first, self._first), (second, self._second)):
            there.append(column[good])
            self._seen[there[-1]] = True
        if np.count_nonzero(self._seen) > MOST_MODELS:
            raise NotColumnar("there are too many models")
        self._outcome.append(outcome[good])
        self._position.append(position[good])
        for (differences, negative), chunks in zip(columns, self._style, strict=True):
            chunks.append(differences[good])
            self._negative += int(np.count_nonzero(negative & good))
        for coded, (entries, codes) in ((self._people, people), (self._segments, segments)):
            coded.add(entries, codes[good])
        self._rows += batch.num_rows

    def gathered(self, there: Callable[[], set[str]]) -> Gathered:
        """Return the votes; there can be no more batches."""
        used = sorted(model for model, code in self._models.items() if self._seen[code])
        places = np.full(_MOST_NAMES, UNKNOWN, np.int32)
        for place, model in enumerate(used):
            places[self._models[model]] = place
        rows = sum(map(len, self._outcome))
        style = np.empty((len(self._style), rows)) if self._style else None
        for line, chunks in enumerate(self._style):
            if style is not None:
                joined(chunks, np.float64, into=style[line])
        contributor, people = self._people.finished()
        segment_codes, segments = self._segments.finished()
        return assembled(
            self._wanted,
            models=tuple(used),
            model_a=joined(self._first, np.int32, through=places),
            model_b=joined(self._second, np.int32, through=places),
            outcome=joined(self._outcome, np.int8),
            position=joined(self._position, np.int8),
            contributor=contributor,
            contributors=len(people),
            segments=tuple(segments.to_pylist()) if self._wanted.segment is not None else (),
            segment_codes=segment_codes,
            style=style,
            negative=self._negative,
            there=there,
            bad=self._bad,
            first_bad=self._first_bad,
        )

    @property
    def _people_column(self) -> str:
        return VOTER if self._wanted.cluster is None else self._wanted.cluster

    def _named(self, batch: pa.RecordBatch, column: str) -> NDArray[np.int16]:
        def code(value: object) -> int:
            try:
                found = name(value, column)
            except UnfitValue:
                return UNKNOWN
            place = self._models.setdefault(found, len(self._models))
            if place >= _MOST_NAMES:
                raise NotColumnar("there are very many names of models")
            return place

        return _mapped(batch, column, code, np.int16)

    def _text(self, batch: pa.RecordBatch, column: str | None, bad: Flags) -> tuple[pa.Array, Places]:
        """Return the texts of a column and each row's place among them, -1 for none; unfit ones make their row bad."""
        nothing = np.full(batch.num_rows, UNKNOWN, np.int64)
        known = column is not None and (column in GROUPING or column not in OWN) and column in batch.schema.names
        if not known:
            return pa.array([], pa.large_string()), nothing
        entries, codes = _entries(batch.column(column))
        texts, unfit, blank = _texts(entries, column or "")
        bad |= np.append(unfit, False)[codes]
        return texts, np.where(np.append(blank, True)[codes], UNKNOWN, codes)

    def _differences(self, batch: pa.RecordBatch, column: str, bad: Flags) -> tuple[Floats, Flags]:
        """Return the first side less the second one, NaN where unknown, and where a count is below zero."""
        here, there = (_numbers(batch, f"{column}{end}") for end in ("_a", "_b"))
        unknown = np.isnan(here) | np.isnan(there)
        if column == LENGTH:
            long_here, long_there = (self._lengths(batch, f"response{end}", bad) for end in ("_a", "_b"))
            here, there = np.where(unknown, long_here, here), np.where(unknown, long_there, there)
            unknown = np.isnan(here) | np.isnan(there)
        negative = ~unknown & (np.minimum(here, there) < 0) & counts_something(column)
        with np.errstate(over="ignore"):
            found = np.where(unknown | negative, np.nan, here - there)
        given = f"{column}{DIFFERENCE}"
        if unknown.any() and given in batch.schema.names:
            found = np.where(unknown, _numbers(batch, given), found)
        return found, negative

    def _lengths(self, batch: pa.RecordBatch, column: str, bad: Flags) -> Floats:
        if column not in batch.schema.names:
            return np.full(batch.num_rows, np.nan)
        entries, codes = _entries(batch.column(column))
        texts, unfit, blank = _texts(entries, column)
        bad |= np.append(unfit, False)[codes]
        lengths = pc.utf8_length(texts).to_numpy(zero_copy_only=False).astype(np.float64)
        return np.append(np.where(blank, np.nan, lengths), np.nan)[codes]

    def _put_down(self, batch: pa.RecordBatch, bad: Flags) -> None:
        self._bad += int(np.count_nonzero(bad))
        if self._first_bad is None:
            place = int(np.argmax(bad))
            (values,) = batch.slice(place, 1).to_pylist()
            self._first_bad = self._batches.bad_row(self._rows + place, values)


def _outcome(value: object) -> int:
    try:
        found: Winner = winner(value)
    except UnfitValue:
        return UNKNOWN
    return OUTCOMES[found]


def _side(value: object) -> int:
    left = stood_left(value)
    return 0 if left is None else 1 if left else -1


def _entries(column: pa.Array) -> tuple[pa.Array, Places]:
    """Return values that a column holds, and for each row the place of its own among them, -1 for none."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        stored, codes = _entries(column.storage)
        return pa.ExtensionArray.from_storage(kind, stored), codes
    if pa.types.is_floating(kind):
        # As bits, since -0.0 reads differently from 0.0 and is equal to it.
        entries, codes = _entries(column.view({16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[kind.bit_width]))
        return entries.view(kind), codes
    coded = column if pa.types.is_dictionary(kind) else column.dictionary_encode()
    codes = _whole(coded.indices.cast(pa.int64()), UNKNOWN)
    if len(coded.dictionary) <= len(codes):
        return coded.dictionary, codes
    # The dictionary may be that of a whole file.
    used = np.unique(codes[codes >= 0])
    places = np.full(len(coded.dictionary) + 1, UNKNOWN, np.int64)
    places[used] = np.arange(len(used))
    return coded.dictionary.take(pa.array(used)), places[codes]


def _whole(column: pa.Array, missing: int) -> Places:
    """Return a column of whole numbers (int64) with a number for what is missing."""
    found: Places = column.to_numpy(zero_copy_only=False)
    # With something missing they came as floating point, which is near enough for moments and exact for places.
    return np.where(np.isnan(found), missing, found).astype(np.int64) if column.null_count else found


def _flags(column: pa.Array) -> Flags:
    """Return a column of truth values, in which what is missing is not true."""
    found: Flags = pc.and_kleene(column, column.is_valid()).to_numpy(zero_copy_only=False)
    return found


def _mapped(
    batch: pa.RecordBatch,
    column: str,
    found_in: Callable[[object], float],
    kind: type[Kind],
    *,
    absent: float = UNKNOWN,
) -> NDArray[Kind]:
    """Return what a function finds in every row's value; it sees each value once, and None for a missing one."""
    if column not in batch.schema.names:
        return np.full(batch.num_rows, absent, kind)
    entries, codes = _entries(batch.column(column))
    used = np.bincount(codes[codes >= 0], minlength=len(entries)).astype(np.bool_)
    found = np.zeros(len(entries) + 1, kind)
    found[-1] = found_in(None)
    for place, value in zip(np.flatnonzero(used), entries.filter(pa.array(used)).to_pylist(), strict=True):
        found[place] = found_in(value)
    return found[codes]


def _numbers(batch: pa.RecordBatch, column: str) -> Floats:
    """Return a column's numbers, NaN where there is none or none that is finite."""
    if column in OWN or column not in batch.schema.names:
        return np.full(batch.num_rows, np.nan)
    kind = batch.schema.field(column).type
    if not (pa.types.is_integer(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind)):
        return _mapped(batch, column, _number, np.float64)
    values = batch.column(column).cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.where(np.isfinite(values), values, np.nan)


def _number(value: object) -> float:
    found = number(value)
    return np.nan if found is None else found


def _texts(entries: pa.Array, column: str) -> tuple[pa.Array, Flags, Flags]:
    """Return values as text, and which of them no column of text can hold, and which say nothing."""
    if not (pa.types.is_string(entries.type) or pa.types.is_large_string(entries.type)):
        entries = pa.array([_as_text(value, column) for value in entries.to_pylist()], pa.large_string())
    unfit = _flags(pc.match_substring(entries, "\0"))
    blank = ~_flags(pc.match_substring_regex(entries, _INK))
    for place in np.flatnonzero(blank & ~unfit):
        blank[place] = not (entries[int(place)].as_py() or "").strip()
    return entries.cast(pa.large_string()), unfit, blank


def _as_text(value: object, column: str) -> str | None:
    try:
        return text(value, column)
    except UnfitValue as unfit:
        raise NotColumnar(str(unfit)) from unfit


def _strike_out_moments(batch: pa.RecordBatch, bad: Flags, latest: datetime | None) -> None:
    """Mark the rows whose timestamp is none, or in the future, or long past; most need no look at a single one."""
    if TIMESTAMP not in batch.schema.names:
        return
    column = batch.column(TIMESTAMP)
    if pa.types.is_dictionary(column.type):
        entries, codes = _entries(column)
        fine = np.append(_surely_good(entries, latest), True)[codes]
    else:
        fine = _surely_good(column, latest)
    doubtful = ~bad & ~fine & ~column.is_null().to_numpy(zero_copy_only=False)
    places = np.flatnonzero(doubtful)
    for place, value in zip(places, column.take(pa.array(places)).to_pylist(), strict=True):
        try:
            moment(value, latest=latest)
        except UnfitValue:
            bad[place] = True


def _surely_good(column: pa.Array, latest: datetime | None) -> Flags:
    """Say which timestamps are well after ``EARLIEST`` and well before ``latest``, whatever their zones."""
    day = timedelta(days=2)
    begin, end = EARLIEST + day, (latest or datetime(2100, 1, 1, tzinfo=UTC)) - day
    kind = column.type
    if pa.types.is_timestamp(kind):
        ticks = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
        values = _whole(column.cast(pa.int64()), -1)
        return (values > int(begin.timestamp()) * ticks) & (values < int(end.timestamp()) * ticks)
    if pa.types.is_integer(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind):
        seconds: Floats = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return (seconds > begin.timestamp()) & (seconds < end.timestamp())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        usual = pc.match_substring_regex(column, _USUAL_MOMENT)
        after = pc.greater(column, begin.date().isoformat() + "~")
        before = pc.less(column, end.date().isoformat())
        known = pc.or_(pc.equal(column, ""), pc.and_(usual, pc.and_(after, before)))
        numbers = pc.if_else(pc.match_substring_regex(column, _SECONDS), column, None).cast(pa.float64())
        return _flags(known) | _surely_good(numbers, latest)
    return np.zeros(len(column), np.bool_)
