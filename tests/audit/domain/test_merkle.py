"""The Merkle tree of RFC 6962 against published vectors, its own recursive definition, and everything malformed."""

import hashlib
import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.audit.domain.merkle import (
    EMPTY_ROOT,
    InvalidProof,
    OutsideTheTree,
    ProofFault,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)

# The eight entries and the roots over the first n of them that implementations of RFC 6962 test with.
KNOWN_ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
KNOWN_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
KNOWN_INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
}
KNOWN_CONSISTENCY = {
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}


def hashes_of(count: int) -> list[bytes]:
    return [leaf_hash(b"entry %d" % number) for number in range(count)]


LEAVES = hashes_of(300)
TILE_BOUNDARIES = (255, 256, 257, 65_535, 65_536, 65_537)


def root_as_defined(leaves: list[bytes]) -> bytes:
    """Return MTH of RFC 6962, section 2.1, as it stands there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    both = root_as_defined(leaves[:split]) + root_as_defined(leaves[split:])
    return hashlib.sha256(b"\x01" + both).digest()


def path_as_defined(index: int, leaves: list[bytes]) -> list[bytes]:
    """Return PATH of RFC 6962, section 2.1.1, as it stands there."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*path_as_defined(index, leaves[:split]), root_as_defined(leaves[split:])]
    return [*path_as_defined(index - split, leaves[split:]), root_as_defined(leaves[:split])]


def test_published_roots() -> None:
    hashes = [leaf_hash(entry) for entry in KNOWN_ENTRIES]
    assert [root_hash(hashes[:size]).hex() for size in range(1, 9)] == KNOWN_ROOTS
    assert root_hash([]) == EMPTY_ROOT == hashlib.sha256(b"").digest()


def test_published_proofs() -> None:
    hashes = [leaf_hash(entry) for entry in KNOWN_ENTRIES]
    for (index, size), proof in KNOWN_INCLUSION.items():
        assert [value.hex() for value in inclusion_proof(hashes, index, size)] == proof
    for (old_size, new_size), proof in KNOWN_CONSISTENCY.items():
        assert [value.hex() for value in consistency_proof(hashes, old_size, new_size)] == proof


@given(st.lists(st.binary(max_size=40), max_size=70))
def test_the_root_is_the_one_of_the_definition(entries: list[bytes]) -> None:
    hashes = [leaf_hash(entry) for entry in entries]
    assert root_hash(hashes) == root_as_defined(hashes)


@given(st.data(), st.integers(1, 70))
def test_the_proof_is_the_one_of_the_definition(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    assert inclusion_proof(LEAVES, index, size) == path_as_defined(index, LEAVES[:size])


def every_pair(limit: int) -> None:
    roots = [root_hash(LEAVES[:size]) for size in range(limit + 1)]
    for size in range(1, limit + 1):
        for index in range(size):
            proof = inclusion_proof(LEAVES, index, size)
            verify_inclusion(leaf=LEAVES[index], index=index, size=size, proof=proof, root=roots[size])
            old = index + 1
            proof = consistency_proof(LEAVES, old, size)
            verify_consistency(old_size=old, new_size=size, old_root=roots[old], new_root=roots[size], proof=proof)


def test_every_pair_up_to_130_verifies() -> None:
    every_pair(130)


@pytest.mark.slow
def test_every_pair_up_to_300_verifies() -> None:
    every_pair(300)


def with_one_bit_changed(value: bytes, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_a_single_changed_bit_is_refused_everywhere() -> None:
    for size in range(1, 41):
        root = root_hash(LEAVES[:size])
        for index in range(size):
            proof = inclusion_proof(LEAVES, index, size)
            for place, value in enumerate(proof):
                broken = [*proof]
                broken[place] = with_one_bit_changed(value, (97 * size + 31 * index + place) % 256)
                with pytest.raises(InvalidProof, match="root-mismatch"):
                    verify_inclusion(leaf=LEAVES[index], index=index, size=size, proof=broken, root=root)
            for leaf, wrong_root in (
                (with_one_bit_changed(LEAVES[index], (97 * size + index) % 256), root),
                (LEAVES[index], with_one_bit_changed(root, (97 * index + size) % 256)),
            ):
                with pytest.raises(InvalidProof, match="root-mismatch"):
                    verify_inclusion(leaf=leaf, index=index, size=size, proof=proof, root=wrong_root)


@pytest.mark.slow
@pytest.mark.parametrize("size", [*range(1, 41), *TILE_BOUNDARIES])
def test_every_changed_bit_is_refused(size: int) -> None:
    leaves = hashes_of(size)
    root = root_hash(leaves)
    edges = {0, 1, 254, 255, 256, 257, size // 2, size - 2, size - 1}
    for index in range(size) if size <= 40 else sorted(edge for edge in edges if edge < size):
        proof = inclusion_proof(leaves, index, size)
        for place, bit in itertools.product(range(len(proof)), range(256)):
            broken = [*proof]
            broken[place] = with_one_bit_changed(proof[place], bit)
            with pytest.raises(InvalidProof):
                verify_inclusion(leaf=leaves[index], index=index, size=size, proof=broken, root=root)


@pytest.mark.slow
@pytest.mark.parametrize("new_size", [*range(2, 41), *TILE_BOUNDARIES])
def test_every_changed_bit_of_a_consistency_proof_is_refused(new_size: int) -> None:
    leaves = hashes_of(new_size)
    new_root = root_hash(leaves)
    edges = {1, 2, 255, 256, 257, new_size // 2, new_size - 1}
    for old_size in range(1, new_size) if new_size <= 40 else sorted(edge for edge in edges if edge < new_size):
        old_root, proof = root_hash(leaves[:old_size]), consistency_proof(leaves, old_size, new_size)
        for place, bit in itertools.product(range(len(proof)), range(256)):
            broken = [*proof]
            broken[place] = with_one_bit_changed(proof[place], bit)
            with pytest.raises(InvalidProof):
                verify_consistency(
                    old_size=old_size, new_size=new_size, old_root=old_root, new_root=new_root, proof=broken
                )


@given(st.data(), st.integers(2, 130))
def test_a_changed_consistency_proof_is_refused(data: st.DataObject, new_size: int) -> None:
    old_size = data.draw(st.integers(1, new_size - 1))
    old_root, new_root = root_hash(LEAVES[:old_size]), root_hash(LEAVES[:new_size])
    proof = consistency_proof(LEAVES, old_size, new_size)
    place, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    proof[place] = with_one_bit_changed(proof[place], bit)
    with pytest.raises(InvalidProof):
        verify_consistency(old_size=old_size, new_size=new_size, old_root=old_root, new_root=new_root, proof=proof)


@given(st.data(), st.integers(2, 130))
def test_a_proof_holds_at_its_own_index_only(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index))
    proof, root = inclusion_proof(LEAVES, index, size), root_hash(LEAVES[:size])
    with pytest.raises(InvalidProof):
        verify_inclusion(leaf=LEAVES[index], index=other, size=size, proof=proof, root=root)


@given(st.data(), st.integers(2, 130))
def test_a_rewritten_entry_breaks_consistency(data: st.DataObject, new_size: int) -> None:
    old_size = data.draw(st.integers(1, new_size - 1))
    rewritten = [*LEAVES[:new_size]]
    place = data.draw(st.integers(0, old_size - 1))
    rewritten[place] = leaf_hash(b"something else")
    with pytest.raises(InvalidProof):
        verify_consistency(
            old_size=old_size,
            new_size=new_size,
            old_root=root_hash(LEAVES[:old_size]),
            new_root=root_hash(rewritten),
            proof=consistency_proof(rewritten, old_size, new_size),
        )


def inclusion_fault(
    leaf: bytes = LEAVES[2],
    index: int = 2,
    size: int = 7,
    proof: list[bytes] | None = None,
    root: bytes | None = None,
) -> ProofFault:
    with pytest.raises(InvalidProof) as caught:
        verify_inclusion(
            leaf=leaf,
            index=index,
            size=size,
            proof=inclusion_proof(LEAVES, 2, 7) if proof is None else proof,
            root=root or root_hash(LEAVES[:7]),
        )
    return caught.value.fault


def test_malformed_inclusion_proofs_are_refused_by_name() -> None:
    proof = inclusion_proof(LEAVES, 2, 7)
    assert inclusion_fault(size=0, index=0, proof=[]) is ProofFault.EMPTY_TREE
    assert inclusion_fault(index=7) is ProofFault.INDEX_OUTSIDE
    assert inclusion_fault(index=-1) is ProofFault.NEGATIVE
    assert inclusion_fault(size=-7) is ProofFault.NEGATIVE
    assert inclusion_fault(size=2**63) is ProofFault.TOO_LARGE
    assert inclusion_fault(index=10**4000, size=2**63 - 1) is ProofFault.TOO_LARGE
    assert inclusion_fault(index=True) is ProofFault.NOT_A_NUMBER
    assert inclusion_fault(size="7") is ProofFault.NOT_A_NUMBER  # type: ignore[arg-type]
    assert inclusion_fault(leaf=LEAVES[2][:-1]) is ProofFault.HASH_LENGTH
    assert inclusion_fault(root=b"\x00" * 33) is ProofFault.HASH_LENGTH
    assert inclusion_fault(proof=[*proof[:-1], proof[-1] + b"\x00"]) is ProofFault.HASH_LENGTH
    assert inclusion_fault(proof=[*proof[:-1], proof[-1].hex()]) is ProofFault.HASH_LENGTH  # type: ignore[list-item]
    assert inclusion_fault(proof=b"".join(proof)) is ProofFault.NOT_A_LIST  # type: ignore[arg-type]
    assert inclusion_fault(proof=7) is ProofFault.NOT_A_LIST  # type: ignore[arg-type]
    assert inclusion_fault(index=1.0) is ProofFault.NOT_A_NUMBER  # type: ignore[arg-type]
    assert inclusion_fault(proof=proof[:-1]) is ProofFault.PROOF_LENGTH
    assert inclusion_fault(proof=[*proof, proof[0]]) is ProofFault.PROOF_LENGTH
    assert inclusion_fault(proof=[proof[0]] * 5000) is ProofFault.PROOF_LENGTH
    assert inclusion_fault(proof=proof[::-1]) is ProofFault.ROOT_MISMATCH


def consistency_fault(
    old_size: int = 3, new_size: int = 7, proof: list[bytes] | None = None, old_root: bytes | None = None
) -> ProofFault:
    with pytest.raises(InvalidProof) as caught:
        verify_consistency(
            old_size=old_size,
            new_size=new_size,
            old_root=old_root or root_hash(LEAVES[:3]),
            new_root=root_hash(LEAVES[:7]),
            proof=consistency_proof(LEAVES, 3, 7) if proof is None else proof,
        )
    return caught.value.fault


def test_malformed_consistency_proofs_are_refused_by_name() -> None:
    proof = consistency_proof(LEAVES, 3, 7)
    assert consistency_fault(old_size=0, proof=[]) is ProofFault.EMPTY_TREE
    assert consistency_fault(old_size=0, new_size=0, proof=[]) is ProofFault.EMPTY_TREE
    assert consistency_fault(old_size=-3) is ProofFault.NEGATIVE
    assert consistency_fault(old_size=8) is ProofFault.SHRINKING
    assert consistency_fault(new_size=2**200) is ProofFault.TOO_LARGE
    assert consistency_fault(proof=proof[1:]) is ProofFault.PROOF_LENGTH
    assert consistency_fault(proof=[*proof, proof[0]]) is ProofFault.PROOF_LENGTH
    assert consistency_fault(proof=[proof[0][1:], *proof[1:]]) is ProofFault.HASH_LENGTH
    assert consistency_fault(old_root=LEAVES[0]) is ProofFault.OLD_ROOT_MISMATCH
    assert consistency_fault(old_size=7, proof=[], old_root=LEAVES[0]) is ProofFault.OLD_ROOT_MISMATCH
    assert consistency_fault(old_size=7, old_root=root_hash(LEAVES[:7])) is ProofFault.PROOF_LENGTH


@pytest.mark.parametrize(
    "ask",
    [
        lambda: inclusion_proof(LEAVES, 0, 0),
        lambda: inclusion_proof(LEAVES, 5, 5),
        lambda: inclusion_proof(LEAVES, -1, 5),
        lambda: inclusion_proof(LEAVES, 0, 301),
        lambda: inclusion_proof(LEAVES, 0, 2**70),
        lambda: consistency_proof(LEAVES, 0, 5),
        lambda: consistency_proof(LEAVES, 6, 5),
        lambda: consistency_proof(LEAVES, 1, 301),
        lambda: consistency_proof(LEAVES, -1, 5),
    ],
)
def test_a_proof_that_no_tree_has_is_not_made(ask: Callable[[], list[bytes]]) -> None:
    with pytest.raises(OutsideTheTree):
        ask()


@pytest.mark.parametrize("wrong", [b"", b"\x00" * 31, b"\x00" * 33])
def test_hashes_have_exactly_32_bytes(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        root_hash([LEAVES[0], wrong])
    with pytest.raises(ValueError, match="32 bytes"):
        node_hash(LEAVES[0], wrong)
    with pytest.raises(ValueError, match="32 bytes"):
        node_hash(wrong, LEAVES[0])


def test_a_leaf_is_never_taken_for_a_node() -> None:
    two = LEAVES[0] + LEAVES[1]
    assert leaf_hash(two) != node_hash(LEAVES[0], LEAVES[1])
