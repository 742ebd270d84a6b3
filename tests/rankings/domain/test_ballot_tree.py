"""The blocks of a snapshot's tree give its root and every vote's proof, and never a vote's outcome."""

import random

import pytest

from apps.audit.domain.merkle import InvalidProof, inclusion_proof, leaf_hash, root_hash, verify_inclusion
from apps.rankings.domain.ballot_tree import BLOCK, BallotTree, BlockDiffers, ballot, ballot_tree, stored_tree


def ballots(count: int) -> list[bytes]:
    rng = random.Random(count)
    ids = sorted(rng.randbytes(16) for _ in range(count))
    return [ballot(nonce=rng.randbytes(16), public_id=public_id, outcome=rng.randrange(4)) for public_id in ids]


@pytest.mark.parametrize("count", [0, 1, 2, 255, 256, 257, 511, 512, 513, 1000, 1279])
def test_blocks_give_the_root_over_all_votes(count: int) -> None:
    leaves = ballots(count)
    tree = ballot_tree(leaves)
    assert tree.root == root_hash([leaf_hash(leaf) for leaf in leaves])
    assert len(tree.roots) == -(-count // BLOCK)
    again = stored_tree(size=tree.size, firsts=b"".join(tree.firsts), roots=b"".join(tree.roots))
    assert again == tree


@pytest.mark.parametrize("count", [1, 2, 256, 257, 600])
def test_every_vote_has_the_proof_that_the_whole_tree_gives(count: int) -> None:
    leaves = ballots(count)
    hashes = [leaf_hash(leaf) for leaf in leaves]
    tree = ballot_tree(leaves)
    for index, leaf in enumerate(leaves):
        block = tree.block_of(leaf[16:32])
        assert block == index // BLOCK
        proof = tree.proof(block, leaves[block * BLOCK : (block + 1) * BLOCK], index % BLOCK)
        assert proof == inclusion_proof(hashes, index, count)
        verify_inclusion(leaf=hashes[index], index=index, size=count, proof=proof, root=tree.root)


def test_a_changed_outcome_is_in_no_tree() -> None:
    leaves = ballots(300)
    tree = ballot_tree(leaves)
    other = leaves[7][:-1] + bytes([(leaves[7][-1] + 1) % 4])
    with pytest.raises(BlockDiffers):
        tree.proof(0, [*leaves[:7], other, *leaves[8:BLOCK]], 7)
    proof = tree.proof(0, leaves[:BLOCK], 7)
    with pytest.raises(InvalidProof):
        verify_inclusion(leaf=leaf_hash(other), index=7, size=300, proof=proof, root=tree.root)


def test_an_id_before_the_first_is_in_no_block() -> None:
    assert ballot_tree(ballots(3)).block_of(b"\0" * 16) is None
    assert BallotTree(size=0, firsts=(), roots=()).block_of(b"\xff" * 16) is None


def test_a_leaf_tells_the_outcome_to_nobody_without_the_nonce() -> None:
    public_id = bytes(range(16))
    told = {leaf_hash(ballot(nonce=bytes([n]) * 16, public_id=public_id, outcome=1)) for n in range(256)}
    guesses = {leaf_hash(ballot(nonce=b"", public_id=public_id, outcome=outcome)) for outcome in range(4)}
    assert len(told) == 256
    assert len(told & guesses) == 1, "only the nonce of zeros, which imported votes have, can be guessed"
