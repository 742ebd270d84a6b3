"""The tree over a snapshot's counted votes, kept as its blocks, so that any one vote can be proved later.

The tree is the one whose root a snapshot publishes: RFC 6962 over the votes in the order of their public ids. Of it are
kept, for every 256 votes, the root over them and the public id of the first. A proof then needs the votes of one block
and these roots, and never the votes of the whole night.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from apps.audit.domain.merkle import HASH_BYTES, inclusion_proof, leaf_hash, root_hash

BLOCK: Final = 256
NONCE_BYTES: Final = 16
ID_BYTES: Final = 16


class BlockDiffers(ValueError):
    """The votes of a block are not those that its root was made over."""


def ballot(*, nonce: bytes, public_id: bytes, outcome: int) -> bytes:
    """Return the 33 bytes of one counted vote; without its secret nonce nobody can tell the outcome from the hash."""
    return nonce.ljust(NONCE_BYTES, b"\0") + public_id + bytes([outcome])


def public_id_of(leaf: bytes) -> bytes:
    """Return the 16 bytes of the public id within a vote's 33 bytes."""
    return leaf[NONCE_BYTES : NONCE_BYTES + ID_BYTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotTree:
    """``size`` votes in blocks: the first public id (16 bytes) and the root (32 bytes) of each."""

    size: int
    firsts: tuple[bytes, ...]
    roots: tuple[bytes, ...]

    @property
    def root(self) -> bytes:
        """The root over all votes, 32 bytes; blocks of 256 are complete subtrees, so theirs is the same tree."""
        return root_hash(self.roots)

    def block_of(self, public_id: bytes) -> int | None:
        """Return the number of the block in which a public id lies, if it is in the tree at all."""
        block = bisect_right(self.firsts, public_id) - 1
        return block if block >= 0 else None

    def bounds(self, block: int) -> tuple[bytes, bytes | None]:
        """Return the block's first public id, and the next block's, which is not included; None after the last."""
        return self.firsts[block], self.firsts[block + 1] if block + 1 < len(self.firsts) else None

    def proof(self, block: int, leaves: Sequence[bytes], place: int) -> list[bytes]:
        """Return the inclusion proof of the vote at ``place`` in a block whose votes (33 bytes each) are ``leaves``.

        Raises ``BlockDiffers`` when they do not give the block's root.
        """
        hashes = [leaf_hash(leaf) for leaf in leaves]
        if root_hash(hashes) != self.roots[block]:
            raise BlockDiffers(f"The votes of block {block} do not give the root that was kept.")
        within = inclusion_proof(hashes, place, len(hashes))
        return within + inclusion_proof(self.roots, block, len(self.roots))


def tree_over(public_ids: NDArray[np.uint8], leaf_hashes: NDArray[np.uint8]) -> BallotTree:
    """Return the tree over votes whose ids (uint8, n by 16) rise and whose leaves are hashed (uint8, n by 32) already.

    It is the tree of ``ballot_tree``: pairs of neighbours are hashed, and the last of an odd row rises as it is.
    """
    level = np.ascontiguousarray(leaf_hashes)
    for _ in range(BLOCK.bit_length() - 1):
        level = _next_level(level)
    return BallotTree(
        size=len(public_ids),
        firsts=cut(np.ascontiguousarray(public_ids[::BLOCK]).tobytes(), ID_BYTES),
        roots=cut(level.tobytes(), HASH_BYTES),
    )


def _next_level(level: NDArray[np.uint8]) -> NDArray[np.uint8]:
    pairs = len(level) // 2
    if not pairs:
        return level
    width = 1 + 2 * HASH_BYTES
    nodes = np.empty((pairs, width), np.uint8)
    nodes[:, 0] = 1
    nodes[:, 1:] = level[: 2 * pairs].reshape(pairs, 2 * HASH_BYTES)
    joined, sha256 = nodes.tobytes(), hashlib.sha256
    hashed = b"".join([sha256(joined[start : start + width]).digest() for start in range(0, len(joined), width)])
    above = np.frombuffer(hashed, np.uint8).reshape(pairs, HASH_BYTES)
    return np.concatenate([above, level[2 * pairs :]]) if len(level) % 2 else above


def ballot_tree(leaves: Sequence[bytes]) -> BallotTree:
    """Return the tree over votes (33 bytes each) that come in the order of their public ids."""
    starts = range(0, len(leaves), BLOCK)
    return BallotTree(
        size=len(leaves),
        firsts=tuple(public_id_of(leaves[start]) for start in starts),
        roots=tuple(root_hash([leaf_hash(leaf) for leaf in leaves[start : start + BLOCK]]) for start in starts),
    )


def cut(joined: bytes, width: int) -> tuple[bytes, ...]:
    """Return equal pieces of ``width`` bytes, as ids or hashes that were stored one after the other."""
    return tuple(joined[start : start + width] for start in range(0, len(joined), width))


def stored_tree(*, size: int, firsts: bytes, roots: bytes) -> BallotTree:
    """Return a tree from how it is stored: all ids in a row, and all roots."""
    return BallotTree(size=size, firsts=cut(firsts, ID_BYTES), roots=cut(roots, HASH_BYTES))
