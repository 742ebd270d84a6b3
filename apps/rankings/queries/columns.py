"""Votes read from PostgreSQL as columns, by binary COPY, and what may change about them later, by small reads."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

import numpy as np
import pyarrow as pa
from django.db import connection, transaction
from numpy.typing import NDArray

from apps.battles.models import Choice, ImportedDataset, Source
from apps.contributors.models import Contributor
from apps.rankings.domain.ballot_columns import MEASURES, BallotColumns, alphabetical
from apps.rankings.domain.copy_rows import Field, RowsDiffer, columns_of
from apps.rankings.domain.membership import ATTRIBUTES, Column
from apps.rankings.domain.votes import Counts, Outcome

OUTCOMES: Final = {
    Choice.LEFT.value: Outcome.A,
    Choice.RIGHT.value: Outcome.B,
    Choice.BOTH_GOOD.value: Outcome.BOTH_GOOD,
    Choice.BOTH_BAD.value: Outcome.BOTH_BAD,
}
EXCLUDED: Final = "excluded"

# Attribute to its column and the most characters in it; all of them are codes, and codes are ASCII.
_TEXTS: Final = {
    "country": ("country", 2),
    "language": ("language", 16),
    "profession": ("profession", 8),
    "age_band": ("age_band", 16),
    "education": ("education", 16),
    "category": ("category", 16),
}
_OUTCOME: Final = " ".join(f"WHEN '{choice}' THEN {int(outcome)}" for choice, outcome in OUTCOMES.items())
_OUTCOME_BYTE: Final = " ".join(f"WHEN '{choice}' THEN '\\x{int(outcome):02x}'" for choice, outcome in OUTCOMES.items())
_NUMBERS: Final = (
    (Field("vote_ids", ">i8"), "v.id"),
    (Field("public_ids", "V16"), "v.public_id"),
    # The nonce stays in the database: whoever had it could tell the outcome from a leaf.
    (
        Field("leaves", "V32"),
        "sha256('\\x00'::bytea || substring(v.nonce || decode(repeat('00', 16), 'hex') FROM 1 FOR 16)"
        f" || uuid_send(v.public_id) || (CASE v.choice {_OUTCOME_BYTE} END)::bytea)",
    ),
    (Field("people", ">i8"), "v.contributor_id"),
    (Field("left", ">i8"), "b.left_model_id"),
    (Field("right", ">i8"), "b.right_model_id"),
    (Field("outcome", ">i2"), f"(CASE v.choice {_OUTCOME} END)::smallint"),
    (Field("proof", ">i2"), "v.proof_level"),
    (Field("probability", ">f8"), "coalesce(b.pair_probability, 'NaN')"),
    *(
        (Field(f"{side}.{measure}", ">i4"), f"coalesce({side}.{measure}, -1)")
        for side in ("l", "r")
        for measure in MEASURES
    ),
)
_FROM: Final = """
FROM battles_vote v
JOIN battles_battle b ON b.id = v.battle_id
LEFT JOIN battles_response l ON l.battle_id = b.id AND l.side = 'left'
LEFT JOIN battles_response r ON r.battle_id = b.id AND r.side = 'right'
"""

#: What the reading is measured against: the same columns of the same rows as they stand, and nothing made of them.
BARE_COPY: Final = (
    "COPY (SELECT v.id, v.public_id, v.nonce, v.choice, v.contributor_id, b.left_model_id, b.right_model_id,"
    " v.country, v.language, v.profession, v.age_band, v.education, v.category, v.proof_level, b.pair_probability,"
    f" {', '.join(f'{side}.{measure}' for side in ('l', 'r') for measure in MEASURES)} {_FROM}"
    " WHERE b.source = 'platform') TO STDOUT (FORMAT binary)"
)


@contextmanager
def one_moment() -> Iterator[None]:
    """Let everything that is read inside be of one moment, however long it takes.

    Inside a transaction that was begun already this changes nothing: its own isolation holds.
    """
    if connection.in_atomic_block or not connection.get_autocommit():
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def platform_columns(*, since: datetime | None, before: datetime | None, until: datetime) -> BallotColumns:
    """Return the platform's votes cast from ``since`` on and before ``before``, none of them after ``until``."""
    return _copied(
        "b.source = %(source)s AND v.cast_at <= %(until)s"
        " AND (v.cast_at >= %(since)s OR %(since)s::timestamptz IS NULL)"
        " AND (v.cast_at < %(before)s OR %(before)s::timestamptz IS NULL)",
        {"source": Source.PLATFORM.value, "since": since, "before": before, "until": until},
    )


def dataset_columns(dataset: ImportedDataset, *, until: datetime) -> BallotColumns:
    """Return the votes of a file that was imported."""
    return _copied("b.dataset_id = %(dataset)s AND v.cast_at <= %(until)s", {"dataset": dataset.pk, "until": until})


def _copied(where: str, values: dict[str, object]) -> BallotColumns:
    try:
        return _read(where, values, wide=False)
    except RowsDiffer:
        # Some code is not ASCII, as only a file that was imported may have it: its bytes are asked for instead.
        if connection.in_atomic_block and connection.needs_rollback:
            raise
        return _read(where, values, wide=True)


def _read(where: str, values: dict[str, object], *, wide: bool) -> BallotColumns:
    asked = [*_NUMBERS, *(_text(name, column, width, wide=wide) for name, (column, width) in _TEXTS.items())]
    fields = tuple(field for field, _expression in asked)
    chosen = ", ".join(expression for _field, expression in asked)
    statement = f"COPY (SELECT {chosen} {_FROM} WHERE {where}) TO STDOUT (FORMAT binary)"
    with connection.cursor() as cursor, cursor.copy(statement, values) as messages:
        try:
            found = columns_of(messages, fields)
        except RowsDiffer:
            # What is still coming belongs to no reader; PostgreSQL goes on when it has been taken.
            for _message in messages:
                pass
            raise
    return BallotColumns(
        vote_ids=found["vote_ids"],
        public_ids=found["public_ids"],
        leaves=found["leaves"],
        people=found["people"],
        left=found["left"],
        right=found["right"],
        outcome=found["outcome"].astype(np.int8),
        attributes={name: _proof(found["proof"]) if name == "proof" else _codes(found[name]) for name in ATTRIBUTES},
        probability=found["probability"],
        measures=np.stack([found[f"{side}.{one}"] for side in ("l", "r") for one in MEASURES], axis=1),
    ).in_order()


def _text(name: str, column: str, width: int, *, wide: bool) -> tuple[Field, str]:
    if not wide:
        return Field(name, f"V{width}"), f"v.{column}::char({width})"
    padded = f"convert_to(v.{column}, 'UTF8') || decode(repeat('20', {4 * width}), 'hex')"
    return Field(name, f"V{4 * width}"), f"substring({padded} FROM 1 FOR {4 * width})"


def _codes(texts: NDArray[np.uint8]) -> Column:
    """Return texts padded with spaces (uint8, n by width) as a column of codes; the empty one is unknown."""
    kind = pa.binary(texts.shape[1])
    padded = pa.FixedSizeBinaryArray.from_buffers(kind, len(texts), [None, pa.py_buffer(np.ascontiguousarray(texts))])
    found = padded.dictionary_encode()
    values = tuple(value.decode().rstrip(" ") for value in found.dictionary.to_pylist())
    return alphabetical(Column(values, found.indices.to_numpy().astype(np.int32)))


def _proof(levels: NDArray[np.int16]) -> Column:
    present, codes = np.unique(levels, return_inverse=True)
    return alphabetical(Column(tuple(str(level) for level in present.tolist()), codes.astype(np.int32)))


# --- What may change about a vote that was cast ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """One vote that does not count: ``because`` of a decision (``"excluded"``) or of a tag of the wall."""

    vote_id: int
    because: str
    clause: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overlay:
    """What was decided about votes since they were cast, at one moment: who stands aside, and what was sold (ids).

    ``networks`` (int64, contributors by 2) has each contributor's row, rising, and their network's, where boards ask.
    """

    aside: tuple[Aside, ...]
    released: Counts
    networks: Counts = field(default_factory=lambda: np.empty((0, 2), np.int64))


# Each half has a partial index that holds little.
_ASIDE: Final = """
SELECT v.id, v.excluded_under, coalesce(b.tag, '') FROM battles_vote v JOIN battles_battle b ON b.id = v.battle_id
WHERE v.excluded_under <> '' AND {of_source} AND v.cast_at <= %(until)s
UNION ALL
SELECT v.id, '', b.tag FROM battles_battle b JOIN battles_vote v ON v.battle_id = b.id
WHERE b.tag IS NOT NULL AND v.excluded_under = '' AND {of_source} AND v.cast_at <= %(until)s
ORDER BY 1
"""
_RELEASED: Final = """
SELECT DISTINCT v.id FROM battles_released s JOIN battles_battle b ON b.id = s.battle_id
JOIN battles_vote v ON v.battle_id = b.id WHERE {of_source} AND v.cast_at <= %(until)s ORDER BY 1
"""


def overlay_of(dataset: ImportedDataset | None, *, until: datetime) -> Overlay:
    """Read what was decided about the platform's votes, or about those of an imported file."""
    of_source = "b.source = %(source)s" if dataset is None else "b.dataset_id = %(dataset)s"
    values = {"source": Source.PLATFORM.value, "dataset": dataset.pk if dataset else None, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(_ASIDE.format(of_source=of_source), values)
        aside = tuple(
            Aside(vote_id=vote_id, because=EXCLUDED if clause else tag, clause=clause)
            for vote_id, clause, tag in cursor.fetchall()
        )
        cursor.execute(_RELEASED.format(of_source=of_source), values)
        released = np.array([vote_id for (vote_id,) in cursor.fetchall()], np.int64)
    return Overlay(aside=aside, released=released)


def networks_of_people() -> Counts:
    """Return every contributor's row, rising, and their network's (int64, contributors by 2)."""
    rows = list(Contributor.objects.order_by("pk").values_list("pk", "network_id"))
    return np.array(rows, np.int64).reshape(-1, 2)


# --- Which months there are ---


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthTally:
    """A month by UTC, how many votes of any source were cast in it, and the largest of their ids."""

    month: date
    votes: int
    newest: int


_MONTHS: Final = """
SELECT date_trunc('month', cast_at AT TIME ZONE 'UTC')::date, count(*), max(id) FROM battles_vote
WHERE cast_at <= %(until)s AND (cast_at >= %(since)s OR %(since)s::timestamptz IS NULL) GROUP BY 1 ORDER BY 1
"""


def months_of_votes(*, since: datetime | None = None, until: datetime) -> list[MonthTally]:
    """Return the months in which votes were cast, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS, {"since": since, "until": until})
        return [MonthTally(month=month, votes=votes, newest=newest) for month, votes, newest in cursor.fetchall()]
