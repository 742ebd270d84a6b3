"""The votes of one board as the engine takes them, and why those left out are left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from apps.battles.models import ImportedDataset, LanguageModel
from apps.rankings.domain.ballot_columns import MEASURES, BallotColumns
from apps.rankings.domain.membership import Column
from apps.rankings.domain.votes import UNKNOWN, Codes, Counts, Floats, Votes
from apps.rankings.models import Snapshot
from apps.rankings.queries.columns import Aside, Overlay, dataset_columns, one_moment, overlay_of, platform_columns


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CountedVotes:
    """The votes of one board of record as columns, in the order of their public ids.

    ``votes`` holds what the engine needs; ``columns`` are the same votes as they were cast; ``model_ids`` maps the
    engine's model codes to rows; ``released`` (bool, n) marks those whose battle was sold since, which count as before;
    ``aside`` are the votes that do not count; ``networks`` (int32, contributors) is each one's network, by its row, -1
    where nobody knows.
    """

    votes: Votes
    columns: BallotColumns
    model_ids: tuple[int, ...]
    released: NDArray[np.bool_]
    aside: tuple[Aside, ...]
    networks: Codes

    @property
    def vote_ids(self) -> Counts:
        """The rows of the votes that count."""
        return self.columns.vote_ids

    @property
    def attributes(self) -> Mapping[str, Column]:
        """What the voters had declared, as one column of codes for each attribute."""
        return self.columns.attributes

    @property
    def leaves(self) -> bytes:
        """The hashes of the counted votes in the snapshot's tree, 32 bytes each."""
        return self.columns.leaves.tobytes()


def counted_votes(*, dataset: ImportedDataset | None = None, until: datetime) -> CountedVotes:
    """Read the votes of one board from the database, all of one moment.

    Without a dataset these are the drawn battles of the platform; excluded votes and battles tagged by the wall are
    left out and named.
    """
    with one_moment():
        if dataset is None:
            columns = platform_columns(since=None, before=None, until=until)
        else:
            columns = dataset_columns(dataset, until=until)
        return counted_of(columns, overlay_of(dataset, until=until))


_STOOD: Final = """
SELECT vote_id, left_out_because, clause FROM rankings_votestanding
WHERE since_id <= %(snapshot)s AND (until_id IS NULL OR until_id > %(snapshot)s) AND {which} ORDER BY vote_id
"""


def counted_in(snapshot: Snapshot) -> CountedVotes:
    """Read the votes that a published snapshot counted, and what it left out, all of one moment.

    Votes are as they stand today: what somebody who was erased since had declared is not there any more, and what was
    sold since is marked as sold.
    """
    with one_moment():
        columns = platform_columns(since=None, before=None, until=snapshot.taken_at)
        with connection.cursor() as cursor:
            cursor.execute(_STOOD.format(which="left_out_because = ''"), {"snapshot": snapshot.pk})
            counted = np.array([row[0] for row in cursor.fetchall()], np.int64)
            cursor.execute(_STOOD.format(which="left_out_because <> ''"), {"snapshot": snapshot.pk})
            aside = tuple(Aside(vote_id=row[0], because=row[1], clause=row[2]) for row in cursor.fetchall())
        released = overlay_of(None, until=snapshot.taken_at).released
    columns = columns.take(np.isin(columns.vote_ids, counted))
    return counted_of(columns, Overlay(aside=aside, released=released))


def counted_of(columns: BallotColumns, overlay: Overlay) -> CountedVotes:
    """Lay over votes what was decided about them since, and hand the rest to the engine."""
    left_out = np.isin(columns.vote_ids, np.array([one.vote_id for one in overlay.aside], np.int64))
    if left_out.any():
        columns = columns.take(~left_out)
    model_ids = np.union1d(columns.left, columns.right)
    names = dict(LanguageModel.objects.filter(pk__in=model_ids.tolist()).values_list("pk", "name"))
    people, contributor = np.unique(columns.people, return_inverse=True)
    votes = Votes(
        models=tuple(names[model_id] for model_id in model_ids.tolist()),
        model_a=np.searchsorted(model_ids, columns.left).astype(np.int32),
        model_b=np.searchsorted(model_ids, columns.right).astype(np.int32),
        outcome=columns.outcome,
        contributor=contributor.astype(np.int32),
        contributors=len(people),
        position=np.ones(len(columns), dtype=np.int8),
        style=_style(columns),
        style_names=MEASURES,
    )
    return CountedVotes(
        votes=votes,
        columns=columns,
        model_ids=tuple(model_ids.tolist()),
        released=np.isin(columns.vote_ids, overlay.released),
        aside=overlay.aside,
        networks=_networks(people, overlay.networks),
    )


def _networks(people: Counts, known: Counts) -> Codes:
    """Return the network of each of these contributors (rising rows)."""
    _common, mine, theirs = np.intersect1d(people, known[:, 0], assume_unique=True, return_indices=True)
    networks = np.full(len(people), UNKNOWN, np.int32)
    networks[mine] = known[theirs, 1]
    return networks


def _style(columns: BallotColumns) -> Floats:
    """Return each measure's left value less its right one (n by k), NaN where an answer is missing."""
    sides = columns.measures.reshape(len(columns), 2, len(MEASURES))
    differences = (sides[:, 0] - sides[:, 1]).astype(np.float64)
    differences[(sides < 0).any(axis=1)] = np.nan
    return differences
