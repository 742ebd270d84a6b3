"""The Merkle tree of RFC 6962, section 2.1, with SHA-256: hashes, proofs and their verification.

Two conventions are ours: every hash is exactly 32 bytes, and a consistency proof from the empty tree is refused, since
it would say nothing. Whatever is malformed is refused by name (``ProofFault``) and never with a traceback.
"""

import hashlib
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

HASH_BYTES: Final = 32
# A bigint of PostgreSQL and the counters of the C2SP formats end here.
MAX_SIZE: Final = 2**63 - 1
EMPTY_ROOT: Final = hashlib.sha256().digest()


class ProofFault(StrEnum):
    """What is wrong with a proof."""

    NOT_A_NUMBER = "not-a-number"
    NEGATIVE = "negative"
    TOO_LARGE = "too-large"
    NOT_A_LIST = "not-a-list"
    EMPTY_TREE = "empty-tree"
    INDEX_OUTSIDE = "index-outside-the-tree"
    SHRINKING = "old-size-above-new-size"
    HASH_LENGTH = "hash-length"
    PROOF_LENGTH = "proof-length"
    ROOT_MISMATCH = "root-mismatch"
    OLD_ROOT_MISMATCH = "old-root-mismatch"


class InvalidProof(ValueError):
    """The proof does not show what it should; ``fault`` names the reason."""

    def __init__(self, fault: ProofFault, message: str) -> None:
        super().__init__(f"{message} [{fault.value}]")
        self.fault = fault


class OutsideTheTree(ValueError):
    """A proof was asked for that this tree cannot give; ``fault`` names the reason."""

    def __init__(self, fault: ProofFault, message: str) -> None:
        super().__init__(f"{message} [{fault.value}]")
        self.fault = fault


def leaf_hash(entry: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ entry), 32 bytes."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right), 32 bytes; both sides are hashes of 32 bytes."""
    if len(left) != HASH_BYTES or len(right) != HASH_BYTES:
        raise ValueError(f"Both sides of a node are hashes of {HASH_BYTES} bytes.")
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_hash(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes of 32 bytes each; that of no leaf is SHA-256 of nothing."""
    row = _row(leaf_hashes)
    return _root(row) if row else EMPTY_ROOT


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int, size: int) -> list[bytes]:
    """Return the hashes that lead from leaf ``index`` to the root over the first ``size`` leaves, lowest first.

    Raises ``OutsideTheTree`` unless 0 <= index < size <= len(leaf_hashes).
    """
    _require_within(size, len(leaf_hashes))
    fault = _index_fault(index, size)
    if fault:
        raise OutsideTheTree(*fault)
    row = _row(leaf_hashes[:size])
    proof: list[bytes] = []
    while len(row) > 1:
        sibling = index ^ 1
        # The last one of an odd row has no sibling and rises as it is.
        if sibling < len(row):
            proof.append(row[sibling])
        row = _next_row(row)
        index >>= 1
    return proof


def consistency_proof(leaf_hashes: Sequence[bytes], old_size: int, new_size: int) -> list[bytes]:
    """Return the hashes that show that the tree of ``new_size`` leaves begins with the one of ``old_size``.

    Raises ``OutsideTheTree`` unless 0 < old_size <= new_size <= len(leaf_hashes).
    """
    _require_within(new_size, len(leaf_hashes))
    fault = _sizes_fault(old_size, new_size)
    if fault:
        raise OutsideTheTree(*fault)
    return _subproof(_row(leaf_hashes[:new_size]), old_size, True)


def verify_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf whose hash (32 bytes) is ``leaf`` stands at ``index`` in the tree of ``size`` with ``root``.

    Returns nothing when it does and raises ``InvalidProof`` when not (RFC 9162, section 2.1.3.2).
    """
    fault = _size_fault(size) or _index_fault(index, size)
    if fault:
        raise InvalidProof(*fault)
    _require_hashes([leaf, root], proof)
    left_turns = _expected_inclusion_length(index, size)
    if len(proof) != left_turns:
        raise InvalidProof(ProofFault.PROOF_LENGTH, f"The proof has {len(proof)} hashes and needs {left_turns}.")
    node, last, value = index, size - 1, leaf
    for sibling in proof:
        # The last one of an odd row rises without a sibling until it is a right child.
        while node == last and not node & 1:
            node, last = node >> 1, last >> 1
        value = node_hash(sibling, value) if node & 1 else node_hash(value, sibling)
        node, last = node >> 1, last >> 1
    if value != root:
        raise InvalidProof(ProofFault.ROOT_MISMATCH, "The proof leads to another root.")


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of ``new_size`` with ``new_root`` begins with the tree of ``old_size`` with ``old_root``.

    Returns nothing when it does and raises ``InvalidProof`` when not (RFC 9162, section 2.1.4.2). From size 0 it is
    always refused, and between equal sizes the proof is empty and the roots are the same.
    """
    fault = _size_fault(new_size) or _sizes_fault(old_size, new_size)
    if fault:
        raise InvalidProof(*fault)
    _require_hashes([old_root, new_root], proof)
    expected = _expected_consistency_length(old_size, new_size)
    if len(proof) != expected:
        raise InvalidProof(ProofFault.PROOF_LENGTH, f"The proof has {len(proof)} hashes and needs {expected}.")
    if old_size == new_size:
        if old_root != new_root:
            raise InvalidProof(ProofFault.OLD_ROOT_MISMATCH, "Two trees of the same size have different roots.")
        return
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    hashes = list(proof)
    # When the old tree is one complete subtree, its root is where the proof begins.
    first = hashes.pop(0) if node else old_root
    old_value = new_value = first
    for sibling in hashes:
        while node == last and not node & 1:
            node, last = node >> 1, last >> 1
        if node & 1:
            old_value, new_value = node_hash(sibling, old_value), node_hash(sibling, new_value)
        elif node < last:
            new_value = node_hash(new_value, sibling)
        node, last = node >> 1, last >> 1
    if old_value != old_root:
        raise InvalidProof(ProofFault.OLD_ROOT_MISMATCH, "The proof begins with another old root.")
    if new_value != new_root:
        raise InvalidProof(ProofFault.ROOT_MISMATCH, "The proof leads to another new root.")


_Fault = tuple[ProofFault, str]


def _row(leaf_hashes: Iterable[bytes]) -> list[bytes]:
    row = list(leaf_hashes)
    for value in row:
        if len(value) != HASH_BYTES:
            raise ValueError(f"A leaf hash has {HASH_BYTES} bytes, not {len(value)}.")
    return row


def _next_row(row: list[bytes]) -> list[bytes]:
    above = [node_hash(row[left], row[left + 1]) for left in range(0, len(row) - 1, 2)]
    if len(row) & 1:
        above.append(row[-1])
    return above


def _root(row: list[bytes]) -> bytes:
    while len(row) > 1:
        row = _next_row(row)
    return row[0]


def _subproof(row: list[bytes], old_size: int, whole: bool) -> list[bytes]:
    """Return SUBPROOF of RFC 6962, section 2.1.2; ``whole`` says that the old root is known to the reader."""
    if old_size == len(row):
        return [] if whole else [_root(row)]
    split = 1 << (len(row) - 1).bit_length() - 1
    if old_size <= split:
        return [*_subproof(row[:split], old_size, whole), _root(row[split:])]
    return [*_subproof(row[split:], old_size - split, False), _root(row[:split])]


def _expected_inclusion_length(index: int, size: int) -> int:
    """Return how many hashes the proof has: one for each row in which the node has a sibling."""
    length, node, last = 0, index, size - 1
    while last:
        length += bool(node & 1 or node < last)
        node, last = node >> 1, last >> 1
    return length


def _expected_consistency_length(old_size: int, new_size: int) -> int:
    if old_size == new_size:
        return 0
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    return bool(node) + _expected_inclusion_length(node, last + 1)


def _number_fault(number: int, name: str) -> _Fault | None:
    # What arrives from outside may be anything; True is a number to Python and not to us.
    if not isinstance(number, int) or isinstance(number, bool):
        return ProofFault.NOT_A_NUMBER, f"The {name} is not a whole number."
    if number < 0:
        return ProofFault.NEGATIVE, f"The {name} is negative."
    if number > MAX_SIZE:
        return ProofFault.TOO_LARGE, f"The {name} is above 2^63 - 1."
    return None


def _size_fault(size: int) -> _Fault | None:
    fault = _number_fault(size, "size")
    if fault is None and size == 0:
        return ProofFault.EMPTY_TREE, "A tree of size 0 proves nothing."
    return fault


def _index_fault(index: int, size: int) -> _Fault | None:
    fault = _number_fault(index, "index")
    if fault is None and index >= size:
        return ProofFault.INDEX_OUTSIDE, f"Leaf {index} is outside a tree of {size}."
    return fault


def _sizes_fault(old_size: int, new_size: int) -> _Fault | None:
    fault = _number_fault(old_size, "old size")
    if fault is None and old_size == 0:
        return ProofFault.EMPTY_TREE, "Every tree is consistent with the empty one; that proves nothing."
    if fault is None and old_size > new_size:
        return ProofFault.SHRINKING, f"A tree does not shrink from {old_size} to {new_size}."
    return fault


def _require_within(size: int, available: int) -> None:
    fault = _size_fault(size)
    if fault is None and size > available:
        fault = ProofFault.TOO_LARGE, f"The tree has {available} leaves, not {size}."
    if fault:
        raise OutsideTheTree(*fault)


def _require_hashes(ends: Sequence[bytes], proof: Sequence[bytes]) -> None:
    if not isinstance(proof, list | tuple):
        raise InvalidProof(ProofFault.NOT_A_LIST, "A proof is a list of hashes.")
    for value in (*ends, *proof):
        if not isinstance(value, bytes) or len(value) != HASH_BYTES:
            raise InvalidProof(ProofFault.HASH_LENGTH, f"Every hash is exactly {HASH_BYTES} bytes.")
