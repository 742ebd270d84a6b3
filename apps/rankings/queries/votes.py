"""The votes of one board as columns, read in one statement, and why those left out are left out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from apps.battles.models import Choice, ImportedDataset, LanguageModel, Source
from apps.rankings.domain.ballot_tree import ballot
from apps.rankings.domain.segments import ATTRIBUTES
from apps.rankings.domain.votes import Outcome, Votes

OUTCOMES = {
    Choice.LEFT.value: Outcome.A,
    Choice.RIGHT.value: Outcome.B,
    Choice.BOTH_GOOD.value: Outcome.BOTH_GOOD,
    Choice.BOTH_BAD.value: Outcome.BOTH_BAD,
}
STYLE = ("tokens", "headers", "lists", "bold")
EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """One vote that does not count: ``because`` of a decision (``"excluded"``) or of a tag of the wall."""

    vote_id: int
    because: str
    clause: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CountedVotes:
    """The votes of one board of record as columns, in the order of their public ids.

    ``votes`` holds what the engine needs; ``vote_ids`` (int64, n) are their rows; ``model_ids`` maps its model codes to
    rows; ``attributes`` maps each segment attribute to its value per vote (object, n); ``leaves`` are the 33 bytes of
    each vote in the snapshot's tree; ``released`` (bool, n) marks those whose battle was sold since, which count as
    before; ``aside`` are the votes that do not count.
    """

    votes: Votes
    vote_ids: NDArray[np.int64]
    model_ids: tuple[int, ...]
    attributes: dict[str, NDArray[np.object_]]
    leaves: list[bytes]
    released: NDArray[np.bool_]
    aside: list[Aside]


_SELECT = """
SELECT v.public_id, v.nonce, v.choice, v.contributor_id, b.left_model_id, b.right_model_id,
       v.country, v.language, v.excluded_under, b.tag,
       l.tokens, l.headers, l.lists, l.bold, r.tokens, r.headers, r.lists, r.bold, v.id,
       EXISTS (SELECT FROM battles_released s WHERE s.battle_id = b.id)
FROM battles_vote v
JOIN battles_battle b ON b.id = v.battle_id
LEFT JOIN battles_response l ON l.battle_id = b.id AND l.side = 'left'
LEFT JOIN battles_response r ON r.battle_id = b.id AND r.side = 'right'
WHERE b.source = %(source)s AND (b.dataset_id = %(dataset)s OR %(dataset)s::bigint IS NULL) AND v.cast_at <= %(until)s
ORDER BY v.public_id
"""
_ATTRIBUTE_COLUMNS = {"country": 6, "language": 7}


def counted_votes(*, dataset: ImportedDataset | None = None, until: datetime) -> CountedVotes:
    """Read the votes of one board in a single statement, so that they are of one moment.

    Without a dataset these are the drawn battles of the platform; excluded votes and battles tagged by the wall are
    left out and named.
    """
    rows: list[tuple[Any, ...]] = []
    aside: list[Aside] = []
    with connection.cursor() as cursor:
        cursor.execute(
            _SELECT,
            {
                "source": Source.IMPORTED if dataset else Source.PLATFORM,
                "dataset": dataset.pk if dataset else None,
                "until": until,
            },
        )
        while batch := cursor.fetchmany(20_000):
            for row in batch:
                clause, tag = row[8], row[9]
                if clause or tag:
                    aside.append(Aside(vote_id=row[18], because=EXCLUDED if clause else tag, clause=clause))
                else:
                    rows.append(row)
    return _as_columns(rows, aside)


def _as_columns(rows: list[tuple[Any, ...]], aside: list[Aside]) -> CountedVotes:
    model_ids = tuple(sorted({row[4] for row in rows} | {row[5] for row in rows}))
    code = {model_id: place for place, model_id in enumerate(model_ids)}
    names = dict(LanguageModel.objects.filter(pk__in=model_ids).values_list("pk", "name"))
    people: dict[int, int] = {}
    contributor = np.array([people.setdefault(row[3], len(people)) for row in rows], dtype=np.int32)
    outcome = np.array([OUTCOMES[row[2]] for row in rows], dtype=np.int8)
    sides = np.array([[np.nan if cell is None else cell for cell in row[10:18]] for row in rows], dtype=np.float64)
    sides = sides.reshape(len(rows), 2 * len(STYLE))
    votes = Votes(
        models=tuple(names[model_id] for model_id in model_ids),
        model_a=np.array([code[row[4]] for row in rows], dtype=np.int32),
        model_b=np.array([code[row[5]] for row in rows], dtype=np.int32),
        outcome=outcome,
        contributor=contributor,
        contributors=len(people),
        position=np.ones(len(rows), dtype=np.int8),
        style=sides[:, : len(STYLE)] - sides[:, len(STYLE) :],
        style_names=STYLE,
    )
    return CountedVotes(
        votes=votes,
        vote_ids=np.array([row[18] for row in rows], dtype=np.int64),
        model_ids=model_ids,
        attributes={
            attribute: np.array([row[_ATTRIBUTE_COLUMNS[attribute]] for row in rows], dtype=object)
            for attribute in ATTRIBUTES
        },
        leaves=[
            ballot(nonce=bytes(row[1]), public_id=row[0].bytes, outcome=int(said))
            for row, said in zip(rows, outcome.tolist(), strict=True)
        ],
        released=np.array([row[19] for row in rows], dtype=np.bool_),
        aside=aside,
    )
