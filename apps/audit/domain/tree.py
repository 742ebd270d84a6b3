"""The same tree in steps: how it grows leaf by leaf, and which stored subtrees a proof is made of.

A subtree is named by its level and position: it is the complete one over the leaves from ``position << level`` up to,
and without, ``(position + 1) << level``. Level 0 are the leaves themselves.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from apps.audit.domain.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    MAX_SIZE,
    OutsideTheTree,
    ProofFault,
    node_hash,
)


class Side(StrEnum):
    """Where a hash of a proof stands beside the one that it is hashed with."""

    LEFT = "left"
    RIGHT = "right"


class Subtree(NamedTuple):
    """The name of a complete subtree."""

    level: int
    position: int


class StoredNode(NamedTuple):
    """A complete subtree with its root of 32 bytes, as it is stored."""

    level: int
    position: int
    hash: bytes


def complete_subtrees(first: int, end: int) -> list[Subtree]:
    """Return the largest complete subtrees that cover the leaves ``first`` up to, and without, ``end``, left to right.

    For ``first = 0`` these are the peaks, one for each bit of ``end``, and what a growing tree must remember.
    """
    subtrees = []
    while first < end:
        # A subtree begins at a multiple of its width and must not reach beyond the end.
        level = (end - first).bit_length() - 1
        if first:
            level = min(level, (first & -first).bit_length() - 1)
        subtrees.append(Subtree(level, first >> level))
        first += 1 << level
    return subtrees


def folded(hashes: Sequence[bytes]) -> bytes:
    """Return the root over neighbouring complete subtrees, given left to right from the largest to the smallest."""
    if not hashes:
        return EMPTY_ROOT
    value = hashes[-1]
    for left in reversed(hashes[:-1]):
        value = node_hash(left, value)
    return value


class GrowingTree:
    """A tree that keeps only its peaks: enough to grow and to know its root, 63 hashes at most."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """Take up a tree of ``size`` leaves; ``peaks`` are the roots of ``complete_subtrees(0, size)``."""
        if not 0 <= size <= MAX_SIZE:
            raise ValueError(f"A tree has no size {size}.")
        if len(peaks) != size.bit_count() or any(len(peak) != HASH_BYTES for peak in peaks):
            raise ValueError(f"A tree of {size} leaves has {size.bit_count()} peaks of {HASH_BYTES} bytes.")
        self._size = size
        self._peaks = list(peaks)

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._size

    @property
    def root(self) -> bytes:
        """The root over all leaves, 32 bytes."""
        return folded(self._peaks)

    def append(self, leaf_hashes: Iterable[bytes]) -> list[StoredNode]:
        """Add leaf hashes of 32 bytes; return the subtrees of level 1 and above that are complete now."""
        sha256 = hashlib.sha256
        peaks, size = self._peaks, self._size
        completed = []
        for leaf in leaf_hashes:
            if len(leaf) != HASH_BYTES:
                raise ValueError(f"A leaf hash has {HASH_BYTES} bytes, not {len(leaf)}.")
            value, level, position = leaf, 0, size
            while position & 1:
                value = sha256(b"\x01" + peaks.pop() + value).digest()
                level, position = level + 1, position >> 1
                completed.append(StoredNode(level, position, value))
            peaks.append(value)
            size += 1
            self._size = size
        return completed


def inclusion_plan(index: int, size: int) -> list[list[Subtree]]:
    """Return, for each hash of an inclusion proof from the lowest up, the complete subtrees that it is folded from.

    Every left sibling is one complete subtree; a right one at the tree's edge can be several. Together they are
    fewer than 130, so one read fetches them. Raises ``OutsideTheTree`` unless 0 <= index < size.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise OutsideTheTree(ProofFault.INDEX_OUTSIDE, f"Leaf {index} is outside a tree of {size}.")
    plan = []
    node, last, level = index, size - 1, 0
    while last:
        if node & 1:
            plan.append([Subtree(level, node - 1)])
        elif node < last:
            plan.append(complete_subtrees((node + 1) << level, min((node + 2) << level, size)))
        node, last, level = node >> 1, last >> 1, level + 1
    return plan


def consistency_plan(old_size: int, new_size: int) -> list[list[Subtree]]:
    """Return, for each hash of a consistency proof in its order, the complete subtrees that it is folded from.

    Together they are fewer than 130, so one read fetches them. Raises ``OutsideTheTree`` unless
    0 < old_size <= new_size.
    """
    if old_size == 0:
        raise OutsideTheTree(ProofFault.EMPTY_TREE, "Every tree is consistent with the empty one; that proves nothing.")
    if not 0 < old_size <= new_size <= MAX_SIZE:
        raise OutsideTheTree(ProofFault.SHRINKING, f"A tree does not go from {old_size} to {new_size}.")
    # SUBPROOF of RFC 6962, section 2.1.2, from the root down; the leaves are those from ``first`` up to ``end``.
    plan: list[list[Subtree]] = []
    first, end = 0, new_size
    while old_size != end:
        split = first + (1 << (end - first - 1).bit_length() - 1)
        if old_size <= split:
            plan.append(complete_subtrees(split, end))
            end = split
        else:
            plan.append(complete_subtrees(first, split))
            first = split
    if first:
        plan.append(complete_subtrees(first, end))
    return plan[::-1]


def sibling_sides(index: int, size: int) -> list[Side]:
    """Return on which side each hash of an inclusion proof stands, in the proof's order."""
    sides: list[Side] = []
    node, last = index, size - 1
    while last:
        if node & 1:
            sides.append(Side.LEFT)
        elif node < last:
            sides.append(Side.RIGHT)
        node, last = node >> 1, last >> 1
    return sides


def proof_from(plan: Sequence[Sequence[Subtree]], stored: Mapping[Subtree, bytes]) -> list[bytes]:
    """Return the proof that ``plan`` describes from stored roots of 32 bytes; KeyError when one is missing."""
    return [folded([stored[subtree] for subtree in subtrees]) for subtrees in plan]
