"""The rows of a release as tables of Arrow, some ten thousand at a time, and never as Python's own objects.

PostgreSQL writes CSV faster than anything that can be asked of it row by row, and Arrow reads it faster than anything
that could be done with it here. Each piece of the release is one statement, so that the caller can tell how far it is
in between. An item that is taken back between two pieces is in the copy or not; the next look finds it either way.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
from django.db import connection, transaction
from psycopg import sql
from pyarrow import csv

from apps.licensing.domain.rows import RAW

ITEMS_PER_PIECE: Final = 20_000
_BLOCK_BYTES: Final = 8 * 2**20

_PIECES: Final = """
SELECT min(battle_id), max(battle_id), count(*) FROM (
  SELECT battle_id, (row_number() OVER (ORDER BY battle_id) - 1) / %s AS piece
  FROM release_item WHERE release_id = %s) AS numbered
GROUP BY piece ORDER BY piece
"""
_ITEMS: Final = (
    "SELECT battle_id FROM release_item WHERE release_id = %s AND battle_id BETWEEN %s AND %s ORDER BY battle_id"
)
_ROWS: Final = sql.SQL("""
COPY (
  SELECT r.battle_id, r.author_id, r.voter_id, r.mark, r.country, r.spoken, r.profession, r.age_band, r.education,
    r.language, r.category, r.month, r.left_name, r.right_name, r.outcome,
    CASE WHEN r.mark = 's' THEN r.prompt END, CASE WHEN r.mark = 's' THEN r.left_text END,
    CASE WHEN r.mark = 's' THEN r.right_text END
  FROM (
    SELECT i.battle_id, coalesce(p.author_id, 0) AS author_id, coalesce(v.contributor_id, 0) AS voter_id,
      CASE WHEN t.battle_id IS NOT NULL THEN 'w'
        WHEN o.is_later THEN 'h'
        WHEN o.id IS NOT NULL OR v.id IS NOT NULL AND g.contributor_id IS NULL THEN 'l'
        WHEN v.id IS NULL OR p.id IS NULL OR ls.id IS NULL OR rs.id IS NULL THEN 'm'
        ELSE 's' END AS mark,
      g.country, g.language AS spoken, g.profession, g.age_band, g.education, b.language, b.category,
      to_char(v.cast_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, lm.name AS left_name, rm.name AS right_name,
      CASE v.choice WHEN 'left' THEN 'a' WHEN 'right' THEN 'b' ELSE v.choice END AS outcome,
      p.text AS prompt, ls.text AS left_text, rs.text AS right_text
    FROM unnest({battles}::bigint[]) AS i (battle_id)
    JOIN battles_battle b ON b.id = i.battle_id
    JOIN battles_languagemodel lm ON lm.id = b.left_model_id
    JOIN battles_languagemodel rm ON rm.id = b.right_model_id
    LEFT JOIN battles_vote v ON v.battle_id = i.battle_id
    LEFT JOIN prompts_prompt p ON p.id = b.prompt_id
    LEFT JOIN battles_response ls ON ls.battle_id = i.battle_id AND ls.side = 'left'
    LEFT JOIN battles_response rs ON rs.battle_id = i.battle_id AND rs.side = 'right'
    LEFT JOIN licensing_persongeneralization g ON g.contributor_id = v.contributor_id
    LEFT JOIN licensing_leftout o ON o.release_id = {release} AND o.contributor_id = v.contributor_id
    LEFT JOIN licensing_tombstone t ON t.battle_id = i.battle_id
  ) AS r
) TO STDOUT (FORMAT csv)
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of a release's items by battle id, both ends included."""

    first: int
    last: int
    items: int


def pieces_of(release_id: int) -> list[Piece]:
    """Return the stretches in which a release is read."""
    with connection.cursor() as cursor:
        cursor.execute(_PIECES, [ITEMS_PER_PIECE, release_id])
        return [Piece(first=first, last=last, items=count) for first, last, count in cursor.fetchall()]


def blocks_of(release_id: int, piece: Piece) -> Iterator[bytearray]:
    """Yield the items of a piece with what a copy tells of each as CSV, whole rows, some megabytes at a time."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Each item is looked up by its key: that costs the same whatever else the tables hold, and battles that follow
        # one another lie beside one another. Left to itself, the planner reads tables of texts to the end.
        cursor.execute("SET LOCAL enable_hashjoin = off")
        cursor.execute("SET LOCAL enable_mergejoin = off")
        cursor.execute(_ITEMS, [release_id, piece.first, piece.last])
        statement = _ROWS.format(
            battles=sql.Literal([battle for (battle,) in cursor.fetchall()]),
            release=sql.Literal(release_id),
        )
        with cursor.copy(statement) as lines:
            yield from _blocks(lines)


def _blocks(lines: Any) -> Iterator[bytearray]:
    # The server sends each row as one message, so a block never ends inside a row.
    block = bytearray()
    for line in lines:
        block += line
        if len(block) >= _BLOCK_BYTES:
            yield block
            block = bytearray()
    if block:
        yield block


def table_of(block: bytearray) -> pa.Table:
    """Return a block's items; needs no database, so that another thread may do it while the next block is on its way.

    Letters, breaks of lines and quotation marks come back as they were; an empty text and no text are both empty.
    """
    return csv.read_csv(
        pa.BufferReader(block),
        read_options=csv.ReadOptions(column_names=RAW.names, block_size=len(block) + 1, use_threads=False),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=RAW, strings_can_be_null=False, quoted_strings_can_be_null=False, null_values=[]
        ),
    )
