"""A log on paper: it signs whatever a test wants, also two histories, and asks with right and wrong proofs."""

from collections.abc import Sequence
from typing import Final

from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.domain.cosigning import question_body
from apps.audit.domain.merkle import consistency_proof, leaf_hash, root_hash
from apps.audit.domain.note import Signer, SigningKey, sign

ORIGIN: Final = "paper.example/log"


class PaperLog:
    """A tree of leaves ``<word> 0``, ``<word> 1``, …; another word from some leaf on makes another history."""

    def __init__(self, origin: str = ORIGIN, *, seed: int = 1, word: str = "leaf", fork_at: int = 0) -> None:
        self.signer = Signer.from_seed(origin, bytes([seed]) * 32)
        self.origin = origin
        self.word = word
        self.fork_at = fork_at
        self._leaves: list[bytes] = []

    def leaves(self, size: int) -> list[bytes]:
        """Return the first leaf hashes."""
        for index in range(len(self._leaves), size):
            word = self.word if index >= self.fork_at else "leaf"
            self._leaves.append(leaf_hash(f"{word} {index}".encode()))
        return self._leaves[:size]

    def checkpoint(self, size: int) -> Checkpoint:
        """Return the head of a size."""
        return Checkpoint(self.origin, size, root_hash(self.leaves(size)))

    def note(self, size: int, *signers: SigningKey) -> bytes:
        """Return the signed checkpoint of a size."""
        return sign(self.checkpoint(size).text, *(signers or (self.signer,)))

    def proof(self, old_size: int, size: int) -> Sequence[bytes]:
        """Return the consistency proof between two sizes."""
        return consistency_proof(self.leaves(size), old_size, size) if 0 < old_size < size else []

    def question(self, old_size: int, size: int) -> bytes:
        """Return the body of an honest request."""
        return question_body(old_size=old_size, proof=self.proof(old_size, size), note=self.note(size))
