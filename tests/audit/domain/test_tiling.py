"""The published files grow into exactly those that the whole tree would have, whatever the steps."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.audit.domain.merkle import leaf_hash, root_hash
from apps.audit.domain.tiles import (
    EntryBundle,
    Tile,
    decode_bundle,
    decode_tile,
    new_bundles,
    new_tiles,
    tiles_of,
)
from apps.audit.domain.tiling import GrowingTiles, edge_rows, first_entry
from apps.audit.domain.tree import GrowingTree, Subtree

ENTRIES = [b"entry %d" % number for number in range(66_000)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
STORED = {
    Subtree(node.level, node.position): node.hash for node in GrowingTree().append(LEAVES) if node.level in {8, 16}
}
BOUNDARIES = [0, 1, 255, 256, 257, 511, 512, 513, 65_279, 65_280, 65_281, 65_535, 65_536, 65_537]


def taken_up(size: int) -> GrowingTiles:
    rows = [[STORED[Subtree(level, at)] for at in range(first, end)] for level, first, end in edge_rows(size)]
    return GrowingTiles(size, rows)


def assert_grows(old_size: int, new_size: int) -> None:
    tiles = taken_up(old_size)
    files = list(tiles.grow(ENTRIES[first_entry(old_size) : new_size]))
    assert tiles.size == new_size
    assert tiles.root == GrowingTree(0).root if new_size == 0 else root_hash(LEAVES[:new_size])
    # A bundle's own step may be no growth at all, when the tree is as it was.
    found = [file for file, _data in files if file not in list(tiles_of(old_size)) + list(new_bundles(0, old_size))]
    assert sorted(file for file in found if isinstance(file, Tile)) == sorted(new_tiles(old_size, new_size))
    assert [file for file in found if isinstance(file, EntryBundle)] == list(new_bundles(old_size, new_size))
    for file, data in files:
        if isinstance(file, EntryBundle):
            first = 256 * file.index
            assert decode_bundle(data, file.width) == ENTRIES[first : first + file.width]
        else:
            assert decode_tile(data, file.width) == [
                LEAVES[at] if file.level == 0 else STORED[Subtree(8 * file.level, at)]
                for at in range(256 * file.index, 256 * file.index + file.width)
            ]


@pytest.mark.parametrize("old_size", BOUNDARIES)
@pytest.mark.parametrize("new_size", BOUNDARIES)
def test_at_the_boundaries(old_size: int, new_size: int) -> None:
    if old_size <= new_size:
        assert_grows(old_size, new_size)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 3000), st.integers(0, 1500))
def test_at_any_size(old_size: int, more: int) -> None:
    assert_grows(old_size, old_size + more)


def test_full_bundles_may_come_in_several_calls() -> None:
    tiles = taken_up(0)
    list(tiles.grow(ENTRIES[:512]))
    list(tiles.grow(ENTRIES[512:700]))
    assert tiles.root == root_hash(LEAVES[:700])
    with pytest.raises(ValueError, match="take them up again"):
        list(tiles.grow(ENTRIES[700:701]))


def test_edges_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="other edges"):
        GrowingTiles(512, [[LEAVES[0]]])
