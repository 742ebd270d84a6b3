"""Tiles and bundles: which there are at which size, how they are named, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.audit.domain.merkle import MAX_SIZE, leaf_hash, root_hash
from apps.audit.domain.tiles import (
    EntryBundle,
    InvalidBundle,
    InvalidTilePath,
    Place,
    Tile,
    TileFault,
    decode_bundle,
    decode_tile,
    encode_bundle,
    hash_in_tile,
    new_bundles,
    new_tiles,
    parse_path,
    tile_for,
    tiles_of,
    width_at,
)
from apps.audit.domain.tree import GrowingTree, complete_subtrees

LEAVES = [leaf_hash(b"entry %d" % number) for number in range(70_000)]
BOUNDARIES = [255, 256, 257, 65_535, 65_536, 65_537]


def paths(size: int) -> list[str]:
    return [tile.path for tile in tiles_of(size)]


def test_the_tiles_of_the_specification_s_own_examples() -> None:
    # C2SP tlog-tiles says what a tree of 70,000 and one of 256 are made of.
    of_70_000 = list(tiles_of(70_000))
    assert [(tile.level, tile.width) for tile in of_70_000 if not tile.is_full] == [(0, 112), (1, 17), (2, 1)]
    assert sum(tile.is_full and tile.level == 0 for tile in of_70_000) == 273
    assert sum(tile.is_full and tile.level == 1 for tile in of_70_000) == 1
    assert len(of_70_000) == 273 + 1 + 1 + 1 + 1
    assert paths(256) == ["tile/0/000", "tile/1/000.p/1"]
    assert Tile(0, 1_234_067).path == "tile/0/x001/x234/067"


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, []),
        (1, ["tile/0/000.p/1"]),
        (255, ["tile/0/000.p/255"]),
        (256, ["tile/0/000", "tile/1/000.p/1"]),
        (257, ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]),
    ],
)
def test_the_tiles_at_the_boundaries(size: int, expected: list[str]) -> None:
    assert paths(size) == expected


def test_the_upper_tiles_at_the_second_boundary() -> None:
    assert paths(65_535)[-2:] == ["tile/0/255.p/255", "tile/1/000.p/255"]
    assert paths(65_536)[-3:] == ["tile/0/255", "tile/1/000", "tile/2/000.p/1"]
    assert paths(65_537)[-4:] == ["tile/0/255", "tile/0/256.p/1", "tile/1/000", "tile/2/000.p/1"]


@given(st.integers(0, 200_000), st.integers(0, 2_000))
def test_new_tiles_are_those_that_were_not_there(old_size: int, more: int) -> None:
    before, after = set(tiles_of(old_size)), list(tiles_of(old_size + more))
    assert list(new_tiles(old_size, old_size + more)) == [tile for tile in after if tile not in before]
    assert [(bundle.index, bundle.width) for bundle in new_bundles(old_size, old_size + more)] == [
        (tile.index, tile.width) for tile in new_tiles(old_size, old_size + more) if tile.level == 0
    ]


@given(st.integers(1, MAX_SIZE), st.integers(1, 600))
def test_tiles_of_any_size_are_few_and_have_names(size: int, more: int) -> None:
    end = min(size + more, MAX_SIZE)
    for tile in new_tiles(size, end):
        assert parse_path(tile.path) == tile
        assert tile.width == width_at(tile.level, tile.index, end)


@pytest.mark.parametrize(("old_size", "new_size"), [(2, 1), (-1, 1), (0, 2**63), (0, True), ("0", 1), (None, 1)])
def test_no_tiles_between_sizes_that_there_are_not(old_size: int, new_size: int) -> None:
    for ask in (new_tiles, new_bundles):
        with pytest.raises(InvalidTilePath) as caught:
            ask(old_size, new_size)
        assert caught.value.fault is TileFault.SIZE


@pytest.mark.parametrize("size", [1, 2, 3, 129, *BOUNDARIES, 70_000])
def test_every_peak_of_a_tree_is_found_in_its_tiles(size: int) -> None:
    stored = stored_tiles(size)
    for subtree in complete_subtrees(0, size):
        place = tile_for(*subtree)
        first = subtree.position << subtree.level
        expected = root_hash(LEAVES[first : first + (1 << subtree.level)])
        width = width_at(place.tile_level, place.tile_index, size)
        assert hash_in_tile(place, stored[Tile(place.tile_level, place.tile_index, width)]) == expected


def stored_tiles(size: int) -> dict[Tile, bytes]:
    """Cut the tree over the first leaves into tiles, as RFC 6962 and the specification define them."""
    rows = [LEAVES[:size]]
    while len(rows[-1]) >= 256:
        below = rows[-1]
        rows.append([root_hash(below[at : at + 256]) for at in range(0, len(below) - 255, 256)])
    return {tile: b"".join(rows[tile.level][tile.index * 256 :][: tile.width]) for tile in tiles_of(size)}


@given(st.data(), st.integers(0, 20))
def test_a_subtree_lies_in_one_tile(data: st.DataObject, level: int) -> None:
    position = data.draw(st.integers(0, 2**40))
    place = tile_for(level, position)
    assert place.offset + place.width <= 256
    assert place.width == 1 << level % 8
    # Tile and offset count the same leaves as level and position.
    assert (place.tile_index * 256 + place.offset) << 8 * place.tile_level == position << level


def test_where_a_stored_hash_lies() -> None:
    assert tile_for(0, 0) == Place(0, 0, 0, 1)
    assert tile_for(0, 257) == Place(0, 1, 1, 1)
    assert tile_for(3, 33) == Place(0, 1, 8, 8)
    assert tile_for(8, 256) == Place(1, 1, 0, 1)
    assert tile_for(9, 1) == Place(1, 0, 2, 2)


def test_a_hash_out_of_a_tile_that_is_too_short_is_refused() -> None:
    tile = b"".join(LEAVES[:5])
    assert hash_in_tile(Place(0, 0, 4, 1), tile) == LEAVES[4]
    for place, data in (
        (Place(0, 0, 5, 1), tile),
        (Place(0, 0, 4, 2), tile),
        (Place(0, 0, 0, 1), b""),
        (Place(0, 0, 4, 1), tile[:-1]),
    ):
        with pytest.raises(InvalidBundle) as caught:
            hash_in_tile(place, data)
        assert caught.value.fault is TileFault.TRUNCATED


@given(st.integers(0, 63), st.integers(0, MAX_SIZE // 256), st.integers(1, 256))
def test_a_path_reads_back_as_what_it_names(level: int, index: int, width: int) -> None:
    tile, bundle = Tile(level, index, width), EntryBundle(index, width)
    assert parse_path(tile.path) == tile
    assert parse_path(bundle.path) == bundle
    assert tile.path.count(".p/") == (width != 256)


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("", TileFault.MALFORMED_PATH),
        ("tile", TileFault.MALFORMED_PATH),
        ("/tile/0/000", TileFault.MALFORMED_PATH),
        ("tile/0/000/", TileFault.MALFORMED_PATH),
        ("tile/0/", TileFault.MALFORMED_PATH),
        ("tile//000", TileFault.MALFORMED_PATH),
        ("tile/0/0", TileFault.MALFORMED_PATH),
        ("tile/0/00", TileFault.MALFORMED_PATH),
        ("tile/0/0000", TileFault.MALFORMED_PATH),
        ("tile/0/1000", TileFault.MALFORMED_PATH),
        ("tile/0/x000", TileFault.MALFORMED_PATH),
        ("tile/0/001/067", TileFault.MALFORMED_PATH),
        ("tile/0/x001/x067", TileFault.MALFORMED_PATH),
        ("tile/0/X001/067", TileFault.MALFORMED_PATH),
        ("tile/0/x1/067", TileFault.MALFORMED_PATH),
        ("tile/0/x0001/067", TileFault.MALFORMED_PATH),
        ("tile/0/x000/067", TileFault.LEADING_ZEROS),
        ("tile/0/x000/x001/067", TileFault.LEADING_ZEROS),
        ("tile/00/067", TileFault.LEADING_ZEROS),
        ("tile/01/067", TileFault.LEADING_ZEROS),
        ("tile/0/067.p/05", TileFault.LEADING_ZEROS),
        ("tile/0/067.p/00", TileFault.LEADING_ZEROS),
        ("tile/0/067.p/0", TileFault.WIDTH),
        ("tile/0/067.p/256", TileFault.WIDTH),
        ("tile/0/067.p/257", TileFault.WIDTH),
        ("tile/0/067.p/9999999999", TileFault.WIDTH),
        ("tile/0/067.p/", TileFault.MALFORMED_PATH),
        ("tile/0/067.p/-1", TileFault.MALFORMED_PATH),
        ("tile/0/067.p/1/", TileFault.MALFORMED_PATH),
        ("tile/0/067p/1", TileFault.MALFORMED_PATH),
        ("tile/0/067.p", TileFault.MALFORMED_PATH),
        ("tile/64/000", TileFault.LEVEL),
        ("tile/9999999999/000", TileFault.LEVEL),
        ("tile/-1/000", TileFault.MALFORMED_PATH),
        ("tile/0/x036/x028/x797/x018/x963/968", TileFault.INDEX),
        ("tile/0/x999/x999/x999/x999/x999/x999/999", TileFault.INDEX),
        ("tile/0/" + "x999/" * 500 + "999", TileFault.PATH_TOO_LONG),
        ("tile/0/../../etc/passwd", TileFault.MALFORMED_PATH),
        ("tile/0/../0/000", TileFault.MALFORMED_PATH),
        ("tile/0/x001/../067", TileFault.MALFORMED_PATH),
        ("tile/../checkpoint", TileFault.MALFORMED_PATH),
        ("tile/0/000\x00", TileFault.MALFORMED_PATH),
        ("tile/0/000\n", TileFault.MALFORMED_PATH),
        ("tile/0/000%2f", TileFault.MALFORMED_PATH),
        ("tile\\0\\000", TileFault.MALFORMED_PATH),
        ("tile/0/\u0660\u0660\u0660", TileFault.MALFORMED_PATH),
        ("tile/entries/0", TileFault.MALFORMED_PATH),
        ("tile/entries/x000/001", TileFault.LEADING_ZEROS),
        ("tile/entries/000.p/256", TileFault.WIDTH),
        ("tile/Entries/000", TileFault.MALFORMED_PATH),
        ("tile/data/000", TileFault.MALFORMED_PATH),
        (None, TileFault.PATH_TOO_LONG),
        (b"tile/0/000", TileFault.PATH_TOO_LONG),
    ],
)
def test_a_path_has_one_spelling(path: str, fault: TileFault) -> None:
    with pytest.raises(InvalidTilePath) as caught:
        parse_path(path)
    assert caught.value.fault is fault


@given(st.text(alphabet="tile/entris0123x.p", max_size=40))
def test_whatever_reads_is_spelt_as_it_would_be_written(path: str) -> None:
    try:
        parsed = parse_path(f"tile/{path}")
    except InvalidTilePath:
        return
    assert parsed.path == f"tile/{path}"


def test_the_largest_index_is_the_last_that_a_tree_can_have() -> None:
    last = Tile(0, MAX_SIZE // 256)
    assert last.path == "tile/0/x036/x028/x797/x018/x963/967"
    assert parse_path(last.path) == last


@pytest.mark.parametrize(
    ("level", "index", "width", "fault"),
    [
        (64, 0, 256, TileFault.LEVEL),
        (-1, 0, 256, TileFault.LEVEL),
        (True, 0, 256, TileFault.LEVEL),
        (0, -1, 256, TileFault.INDEX),
        (0, 2**55, 256, TileFault.INDEX),
        (0, 1.0, 256, TileFault.INDEX),
        (0, 0, 0, TileFault.WIDTH),
        (0, 0, 257, TileFault.WIDTH),
        (0, 0, "5", TileFault.WIDTH),
    ],
)
def test_there_is_no_such_tile(level: int, index: int, width: int, fault: TileFault) -> None:
    with pytest.raises(InvalidTilePath) as caught:
        Tile(level, index, width)
    assert caught.value.fault is fault


ENTRIES = st.lists(st.binary(max_size=60), min_size=1, max_size=256)


@given(ENTRIES)
def test_a_bundle_reads_back_as_its_entries(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries), len(entries)) == entries


def test_a_bundle_is_lengths_and_entries() -> None:
    assert encode_bundle([b"", b"ab"]) == b"\x00\x00\x00\x02ab"
    largest = b"x" * 65_535
    assert encode_bundle([largest])[:2] == b"\xff\xff"
    assert decode_bundle(encode_bundle([largest]), 1) == [largest]
    assert len(decode_bundle(encode_bundle([b""] * 256))) == 256


def bundle_fault(data: bytes, width: int) -> TileFault:
    with pytest.raises(InvalidBundle) as caught:
        decode_bundle(data, width)
    return caught.value.fault


@given(ENTRIES, st.data())
def test_a_bundle_of_another_width_is_refused(entries: list[bytes], data: st.DataObject) -> None:
    width = data.draw(st.integers(1, 256).filter(lambda number: number != len(entries)))
    expected = TileFault.TRUNCATED if width > len(entries) else TileFault.TRAILING_BYTES
    assert bundle_fault(encode_bundle(entries), width) is expected


@given(ENTRIES, st.data())
def test_a_bundle_that_ends_early_or_late_is_refused(entries: list[bytes], data: st.DataObject) -> None:
    whole = encode_bundle(entries)
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert bundle_fault(whole[:cut], len(entries)) is TileFault.TRUNCATED
    assert bundle_fault(whole + b"\x00", len(entries)) is TileFault.TRAILING_BYTES


@pytest.mark.parametrize("width", [0, -1, 257, 10**30, True, "1", None])
def test_a_bundle_has_one_to_256_entries(width: int) -> None:
    assert bundle_fault(b"", width) is TileFault.WIDTH


def test_what_does_not_fit_into_a_bundle_is_refused() -> None:
    for entries, fault in (
        ([], TileFault.WIDTH),
        ([b""] * 257, TileFault.WIDTH),
        ([b"x" * 65_536], TileFault.ENTRY_TOO_LARGE),
    ):
        with pytest.raises(InvalidBundle) as caught:
            encode_bundle(entries)
        assert caught.value.fault is fault


def test_a_tile_is_hashes_of_32_bytes() -> None:
    assert decode_tile(b"".join(LEAVES[:256])) == LEAVES[:256]
    assert decode_tile(LEAVES[0], 1) == [LEAVES[0]]
    for data, width in ((b"", 1), (LEAVES[0][:-1], 1), (LEAVES[0] + b"x", 1), (LEAVES[0], 2)):
        with pytest.raises(InvalidBundle, match=r"\[tile-length\]"):
            decode_tile(data, width)
    with pytest.raises(InvalidBundle, match=r"\[width-out-of-range\]"):
        decode_tile(b"", 0)


def test_cutting_a_tree_gives_the_tree_s_own_hashes() -> None:
    stored = stored_tiles(70_000)
    tree = GrowingTree()
    tree.append(LEAVES)
    peaks = [tile_for(*subtree) for subtree in complete_subtrees(0, 70_000)]
    hashes = [hash_in_tile(at, stored[Tile(at.tile_level, at.tile_index, width_at(*at[:2], 70_000))]) for at in peaks]
    assert GrowingTree(70_000, hashes).root == tree.root
