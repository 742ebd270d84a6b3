"""The append-only transparency log: entries, Merkle tree, tree heads and proofs."""
