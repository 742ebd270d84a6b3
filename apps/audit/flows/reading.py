"""What everybody can see of the log now, and one entry proved under it."""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from apps.audit.domain.checkpoint import Checkpoint, InvalidCheckpoint, open_checkpoint
from apps.audit.domain.note import InvalidNote
from apps.audit.domain.proof_json import proof_json
from apps.audit.domain.proof_text import write_proof
from apps.audit.gateways import TileStore
from apps.audit.queries import Inclusion, ProvedEntry, announced_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The checkpoint that stands in the file, with all its signatures, opened with the log's announced keys."""

    checkpoint: Checkpoint
    note: bytes

    @property
    def size(self) -> int:
        """How many entries it covers."""
        return self.checkpoint.size


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicProof:
    """An entry proved under the published checkpoint, or, while that does not cover it, in the newest tree.

    ``published`` is None in the latter case, and before the first publication.
    """

    proved: ProvedEntry
    published: Published | None

    @property
    def inclusion(self) -> Inclusion | None:
        """Where the entry stands, or None while it waits for its leaf."""
        return self.proved.inclusion

    def as_json(self, inclusion: Inclusion) -> dict[str, object]:
        """Return the proof as a document for ``showdown-verify``."""
        return proof_json(
            entry=self.proved.body,
            leaf_index=inclusion.leaf_index,
            leaf_hash=inclusion.leaf_hash,
            proof=inclusion.proof,
            size=inclusion.size,
            root=inclusion.root,
            checkpoint=self.published.note if self.published else None,
        )

    def as_text(self) -> str | None:
        """Return the proof in the form of C2SP tlog-proof; None while no published checkpoint covers the entry."""
        inclusion = self.inclusion
        if inclusion is None or self.published is None:
            return None
        return write_proof(inclusion.leaf_index, inclusion.proof, self.published.note)


def published_checkpoint() -> Published | None:
    """Return what everybody sees; None before the first publication, or when none of our keys signed the file."""
    note = TileStore(settings.LOG_FILES).checkpoint()
    if note is None:
        return None
    try:
        checkpoint, _note = open_checkpoint(note, [key.vkey for key in announced_keys()])
    except (InvalidNote, InvalidCheckpoint):
        return None
    return Published(checkpoint=checkpoint, note=note)


def publicly_proved(read: Callable[[int | None], ProvedEntry | None]) -> PublicProof | None:
    """Return an entry with its proof under the published checkpoint, else in the newest tree, else without one.

    ``read`` returns the entry proved in the tree of a size (None: the newest), or None when there is no such entry.
    """
    published = published_checkpoint()
    proved = read(published.size if published else None)
    if proved is None:
        return None
    if published is not None and proved.inclusion is None:
        return PublicProof(proved=read(None) or proved, published=None)
    root = proved.inclusion.root if proved.inclusion else None
    if published is not None and root != published.checkpoint.root:
        # The file is of another history than the database, so the proof is worth no more than the database.
        return PublicProof(proved=proved, published=None)
    return PublicProof(proved=proved, published=published)
