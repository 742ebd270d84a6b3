"""Rows of a binary COPY as columns, and votes as columns of codes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.audit.domain.merkle import root_hash
from apps.rankings.domain.ballot_columns import BallotColumns
from apps.rankings.domain.ballot_tree import BLOCK, tree_over
from apps.rankings.domain.copy_rows import HEADER, TRAILER, Field, RowsDiffer, binary_rows, columns_of
from apps.rankings.domain.membership import ATTRIBUTES, Column

FIELDS = (Field("number", ">i8"), Field("bytes", "V16"), Field("share", ">f8"), Field("small", ">i2"))


def drawn(many: int, seed: int = 1) -> BallotColumns:
    rng = np.random.default_rng(seed)
    values = ("AO", "BR", "PT")
    return BallotColumns(
        vote_ids=rng.permutation(many).astype(np.int64),
        public_ids=rng.integers(0, 256, (many, 16)).astype(np.uint8),
        leaves=rng.integers(0, 256, (many, 32)).astype(np.uint8),
        people=rng.integers(0, 9, many),
        left=rng.integers(0, 3, many),
        right=rng.integers(3, 6, many),
        outcome=rng.integers(0, 4, many).astype(np.int8),
        attributes={name: Column(values, rng.integers(-1, 3, many).astype(np.int32)) for name in ATTRIBUTES},
        probability=rng.random(many),
        measures=rng.integers(-1, 99, (many, 12)).astype(np.int32),
    ).in_order()


@given(many=st.integers(0, 40), piece=st.integers(1, 99))
def test_rows_are_read_whatever_the_pieces_they_come_in(many: int, piece: int) -> None:
    rng = np.random.default_rng(many)
    columns = {
        "number": rng.integers(-(2**60), 2**60, many),
        "bytes": rng.integers(0, 256, (many, 16)).astype(np.uint8).view("V16").reshape(many),
        "share": rng.random(many),
        "small": rng.integers(-9, 9, many).astype(np.int16),
    }
    sent = binary_rows(columns, FIELDS)
    found = columns_of([sent[at : at + piece] for at in range(0, len(sent), piece)], FIELDS)
    assert found["bytes"].tobytes() == columns["bytes"].tobytes()
    for name in ("number", "share", "small"):
        assert np.array_equal(found[name], columns[name])


def test_other_rows_are_refused_and_never_misread() -> None:
    columns = {
        "number": np.arange(3),
        "bytes": np.zeros(3, "V16"),
        "share": np.zeros(3),
        "small": np.zeros(3, np.int16),
    }
    sent = binary_rows(columns, FIELDS)
    null = bytearray(sent)
    null[len(HEADER) + 2 : len(HEADER) + 6] = b"\xff\xff\xff\xff"
    for wrong in (bytes(null), sent[:-2], sent[:-9] + TRAILER, b"PGDUMP" + sent[6:], b""):
        with pytest.raises(RowsDiffer):
            columns_of([wrong], FIELDS)


@pytest.mark.parametrize("many", [0, 1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 77])
def test_the_tree_over_columns_is_that_of_rfc_6962(many: int) -> None:
    votes = drawn(many)
    tree = tree_over(votes.public_ids, votes.leaves)
    assert tree.root == root_hash([bytes(leaf) for leaf in votes.leaves])
    assert tree.firsts == tuple(bytes(first) for first in votes.public_ids[::BLOCK])
    assert (tree.size, len(tree.roots)) == (many, -(-many // BLOCK))


def test_months_in_any_split_are_the_same_votes() -> None:
    votes = drawn(300)
    places = np.random.default_rng(4).integers(0, 5, 300)
    parts = [votes.take(np.flatnonzero(places == part)) for part in range(5)]
    assert BallotColumns.joined(parts).sha256() == votes.sha256()
    assert BallotColumns.joined(parts[::-1]).sha256() == votes.sha256()
    assert BallotColumns.joined(parts[1:]).sha256() != votes.sha256()


def test_ids_that_begin_alike_are_told_apart_by_their_ends() -> None:
    votes = drawn(40)
    alike = votes.public_ids.copy()
    alike[:, :8] = 7
    order = BallotColumns.joined([BallotColumns(**{**fields_of(votes), "public_ids": alike})]).public_ids
    assert [bytes(one) for one in order] == sorted(bytes(one) for one in alike)


def fields_of(votes: BallotColumns) -> dict[str, Any]:
    return {name: getattr(votes, name) for name in BallotColumns.__slots__}


@pytest.mark.parametrize("name", ["outcome", "people", "leaves", "measures", "country"])
def test_no_column_can_change_without_the_hash(name: str) -> None:
    votes = drawn(30)
    fields = fields_of(votes)
    if name in ATTRIBUTES:
        column = votes.attributes[name]
        codes = column.codes.copy()
        codes[3] = (codes[3] + 1) % 3
        fields["attributes"] = {**votes.attributes, name: Column(column.values, codes)}
    else:
        changed = getattr(votes, name).copy()
        changed.flat[5] += 1
        fields[name] = changed
    assert BallotColumns(**fields).sha256() != votes.sha256()
