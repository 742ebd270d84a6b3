"""What an edition looks like, on rows that nobody wrote: invented, the same each time, and in no release.

The columns are the edition's own; the values below are made up here. A column that this page does not know yet gets a
value that says so, and the changelog's test fails until somebody writes down what changed.
"""

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from apps.licensing.domain.edition import COLUMNS, FORMAT, SCHEMA

ROWS: Final = 12
_COLUMNS_OF_1: Final = (
    "row", "author", "voter", "voter_region", "language", "category", "month", "model_a", "model_b", "outcome",
    "prompt", "answer_a", "answer_b",
)  # fmt: skip
_COLUMNS_OF_2: Final = (
    "row", "author", "voter", "voter_country", "voter_language", "voter_profession", "voter_age_band",
    "voter_education", "prompt_language", "category", "month", "model_a", "model_b", "outcome", "prompt", "answer_a",
    "answer_b",
)  # fmt: skip
_WORDS: Final = (
    ("en", "knowledge", "Why does bread rise?", "Yeast makes gas, and the dough holds it.", "Because it is warm."),
    ("pt", "writing", "Escreva um convite para um jantar.", "Venha jantar connosco no sábado.", "Jantar, às oito."),
    ("de", "coding", "Wie kehre ich eine Liste um?", "Mit reversed() oder einem Schnitt.", "Rückwärts lesen."),
    ("hi", "knowledge", "बादल कैसे बनते हैं?", "भाप ठंडी होकर बूँदें बन जाती है।", "हवा से।"),
    ("ar", "writing", "اكتب بيتا عن البحر.", "البحر يحفظ ما ينساه الشاطئ.", "البحر أزرق."),
    ("ja", "reasoning", "三人で十個をどう分けますか。", "三個ずつ、一個は半分に。", "四個、三個、三個。"),
)
_MODELS: Final = ("invented-model-one", "invented-model-two", "invented-model-three")
_OUTCOMES: Final = ("a", "b", "both_good", "both_bad")
# As coarse as copies tell them: a country, its region, or all.
_COUNTRIES: Final = ("BR", "africa", "asia", "DE", "*", "")
_PROFESSIONS: Final = ("2310", "23", "2", "*")
_AGE_BANDS: Final = ("35-44", "*", "")
_EDUCATIONS: Final = ("7", "high", "medium", "*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as the manifest describes it."""

    name: str
    type: str
    holds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaVersion:
    """One version of an edition's columns, from when on, and why it changed."""

    number: int
    since: date
    columns: tuple[str, ...]
    note: str


# The newest first; the columns of the newest are those of editions built today (a test compares them).
SCHEMA_VERSIONS: Final[tuple[SchemaVersion, ...]] = (
    SchemaVersion(
        number=2,
        since=date(2026, 11, 26),
        columns=_COLUMNS_OF_2,
        note="What the voter declared, as coarse as it takes for ten contributors to share every combination; the "
        "region has become one step of the country.",
    ),
    SchemaVersion(
        number=1,
        since=date(2026, 11, 1),
        columns=_COLUMNS_OF_1,
        note="The first editions: words, models, outcome, the month, and the voter's region of the world.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaChange:
    """A version of the columns beside the one before it."""

    version: SchemaVersion
    added: tuple[str, ...]
    removed: tuple[str, ...]


def schema_changes() -> tuple[SchemaChange, ...]:
    """Return every version, newest first, with what came and went since the one before."""
    before: list[tuple[str, ...]] = [*(version.columns for version in SCHEMA_VERSIONS[1:]), ()]
    return tuple(
        SchemaChange(
            version=version,
            added=tuple(name for name in version.columns if name not in earlier),
            removed=tuple(name for name in earlier if name not in version.columns),
        )
        for version, earlier in zip(SCHEMA_VERSIONS, before, strict=True)
    )


def columns() -> tuple[Column, ...]:
    """Return the columns of an edition built today, as its manifest describes them."""
    return tuple(Column(name=one.name, type=str(SCHEMA.field(one.name).type), holds=one.holds) for one in COLUMNS)


def invented_rows(count: int = ROWS) -> list[dict[str, Any]]:
    """Return some rows under the edition's columns, the same ones every time."""
    return [_invented(number) for number in range(count)]


def _invented(number: int) -> dict[str, Any]:
    language, category, prompt, good, poor = _WORDS[number % len(_WORDS)]
    answers = (good, poor) if number % 2 else (poor, good)
    values: dict[str, Any] = {
        "row": _name("row", number),
        "author": _name("person", number % 5),
        "voter": _name("person", 5 + number % 7),
        "voter_country": _COUNTRIES[number % len(_COUNTRIES)],
        "voter_language": language,
        "voter_profession": _PROFESSIONS[number % len(_PROFESSIONS)],
        "voter_age_band": _AGE_BANDS[number % len(_AGE_BANDS)],
        "voter_education": _EDUCATIONS[number % len(_EDUCATIONS)],
        "prompt_language": language,
        "category": category,
        "month": f"2026-{1 + number % 9:02d}",
        "model_a": _MODELS[number % 3],
        "model_b": _MODELS[(number + 1) % 3],
        "outcome": _OUTCOMES[number % 4],
        "prompt": prompt,
        "answer_a": answers[0],
        "answer_b": answers[1],
    }
    return {field.name: values.get(field.name, _unknown(field.type, number)) for field in SCHEMA}


def _name(kind: str, number: int) -> str:
    return hashlib.sha256(f"an invented {kind} {number}".encode()).hexdigest()[:32]


def _unknown(kind: pa.DataType, number: int) -> Any:
    if pa.types.is_boolean(kind):
        return bool(number % 2)
    if pa.types.is_integer(kind):
        return number
    if pa.types.is_floating(kind):
        return number / 2
    if pa.types.is_list(kind):
        return [_unknown(kind.value_type, number)]
    return "invented"


def as_csv(rows: Sequence[dict[str, Any]]) -> bytes:
    """Return rows as CSV in UTF-8 with a header."""
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=SCHEMA.names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def as_json(rows: Sequence[dict[str, Any]]) -> bytes:
    """Return rows as one JSON document that says that they are invented."""
    told = {"format": FORMAT, "invented": True, "schema_version": SCHEMA_VERSIONS[0].number, "rows": list(rows)}
    return json.dumps(told, ensure_ascii=False, indent=1).encode()


def as_parquet(rows: Sequence[dict[str, Any]]) -> bytes:
    """Return rows as a Parquet file under the edition's own schema."""
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=SCHEMA), file, compression="zstd", store_schema=False)
    return file.getvalue()
