"""The growing tree and the plans of proofs give what the plain functions give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.audit.domain.merkle import EMPTY_ROOT, OutsideTheTree, inclusion_proof, leaf_hash, root_hash
from apps.audit.domain.tree import (
    GrowingTree,
    Side,
    StoredNode,
    Subtree,
    complete_subtrees,
    inclusion_plan,
    proof_from,
    sibling_sides,
)

LEAVES = [leaf_hash(b"entry %d" % number) for number in range(600)]


def stored_after(*batches: list[bytes]) -> tuple[GrowingTree, dict[Subtree, bytes]]:
    """Grow a tree in batches; return it with everything that would be stored, leaves as level 0."""
    tree, stored = GrowingTree(), {}
    for batch in batches:
        for position, value in enumerate(batch, start=tree.size):
            stored[Subtree(0, position)] = value
        for level, position, value in tree.append(batch):
            assert Subtree(level, position) not in stored
            stored[Subtree(level, position)] = value
    return tree, stored


@given(st.lists(st.integers(0, 40), max_size=8))
def test_growing_in_any_batches_gives_the_same_root(sizes: list[int]) -> None:
    leaves = iter(LEAVES)
    tree, _stored = stored_after(*([next(leaves) for _ in range(size)] for size in sizes))
    assert tree.size == sum(sizes)
    assert tree.root == root_hash(LEAVES[: tree.size])


@given(st.integers(0, 600))
def test_a_tree_is_taken_up_from_its_stored_peaks(size: int) -> None:
    tree, stored = stored_after(LEAVES[:size])
    again = GrowingTree(size, [stored[peak] for peak in complete_subtrees(0, size)])
    assert again.root == tree.root
    rest = LEAVES[size : size + 7]
    assert again.append(rest) == tree.append(rest)
    assert again.root == tree.root


@given(st.data(), st.integers(1, 600))
def test_a_proof_from_stored_subtrees_is_the_plain_one(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    _tree, stored = stored_after(LEAVES[:size])
    plan = inclusion_plan(index, size)
    assert proof_from(plan, stored) == inclusion_proof(LEAVES, index, size)
    assert len(sibling_sides(index, size)) == len(plan)


@given(st.data(), st.integers(1, 2**63 - 1))
def test_a_proof_of_any_tree_needs_few_subtrees(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    plan = inclusion_plan(index, size)
    subtrees = [subtree for hashes in plan for subtree in hashes]
    assert len(plan) <= 63
    assert len(subtrees) < 130
    # With the leaf itself they cover the whole tree, each leaf once.
    assert 1 + sum(1 << subtree.level for subtree in subtrees) == size
    assert all(subtree.position + 1 << subtree.level <= size for subtree in subtrees)


@given(st.integers(0, 500), st.integers(0, 600))
def test_complete_subtrees_lie_side_by_side(first: int, end: int) -> None:
    at = first
    for level, position in complete_subtrees(first, end):
        assert position << level == at
        at += 1 << level
    assert at == max(first, end)


def test_stored_nodes_are_named_by_level_and_position() -> None:
    tree = GrowingTree()
    assert tree.append(LEAVES[:3]) == [StoredNode(1, 0, root_hash(LEAVES[:2]))]
    assert tree.append(LEAVES[3:4]) == [
        StoredNode(1, 1, root_hash(LEAVES[2:4])),
        StoredNode(2, 0, root_hash(LEAVES[:4])),
    ]


def test_sides_follow_the_bits_of_the_index() -> None:
    assert sibling_sides(2, 7) == [Side.RIGHT, Side.LEFT, Side.RIGHT]
    assert sibling_sides(6, 7) == [Side.LEFT, Side.LEFT]


def test_an_empty_tree_has_the_empty_root() -> None:
    assert GrowingTree().root == EMPTY_ROOT
    assert complete_subtrees(0, 0) == []


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3), (0, -1), (0, 2**63)])
def test_no_plan_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(OutsideTheTree):
        inclusion_plan(index, size)


@pytest.mark.parametrize(
    ("size", "peaks"), [(1, []), (2, [LEAVES[0], LEAVES[1]]), (-1, []), (2**63, [LEAVES[0]]), (1, [b"short"])]
)
def test_a_tree_is_not_taken_up_from_the_wrong_peaks(size: int, peaks: list[bytes]) -> None:
    with pytest.raises(ValueError, match=r"tree"):
        GrowingTree(size, peaks)


def test_a_leaf_of_the_wrong_length_is_refused() -> None:
    tree = GrowingTree()
    with pytest.raises(ValueError, match="32 bytes"):
        tree.append([LEAVES[0], b"short"])
