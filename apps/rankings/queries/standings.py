"""Where one vote stands in the snapshots: in which it counted, in which not and why, and the proof that it did."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from apps.audit.domain.merkle import InvalidProof, leaf_hash, verify_inclusion
from apps.battles.models import Vote
from apps.rankings.domain.ballot_tree import BLOCK, BlockDiffers, ballot, stored_tree
from apps.rankings.models import Snapshot, SnapshotBallots, VoteStanding
from apps.rankings.queries.columns import OUTCOMES

_BLOCK: Final = """
SELECT v.public_id, v.nonce, v.choice FROM battles_vote v
JOIN rankings_votestanding s ON s.vote_id = v.id AND s.left_out_because = ''
  AND s.since_id <= %(snapshot)s AND (s.until_id IS NULL OR s.until_id > %(snapshot)s)
WHERE v.public_id >= %(first)s AND (v.public_id < %(end)s OR %(end)s::uuid IS NULL)
ORDER BY v.public_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A run of snapshots in which a vote stood the same way; ``last`` is None while it still does."""

    first: int
    last: int | None
    first_taken_at: datetime
    left_out_because: str
    clause: str

    @property
    def counted(self) -> bool:
        """Whether the vote counted in these snapshots."""
        return not self.left_out_because


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteRecord:
    """Where a vote stands: its stretches, oldest first, and how the newest snapshot treated it, if there is one.

    ``waits`` says that no snapshot has read the vote yet; ``unknown_up_to`` is the newest snapshot that was taken after
    the vote and did not keep who counted, as the first ones of a platform may not have.
    """

    stretches: tuple[Stretch, ...]
    newest: Snapshot | None
    waits: bool
    unknown_up_to: int | None

    @property
    def now(self) -> Stretch | None:
        """The stretch that the newest snapshot belongs to."""
        return next((one for one in reversed(self.stretches) if one.last is None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedProof:
    """The proof that a vote's leaf stands in a snapshot's tree; hashes have 32 bytes, the proof's lowest first.

    ``leaf`` hides the outcome behind a secret nonce. ``fault`` names why the proof does not hold; None when it does.
    """

    snapshot: int
    leaf: bytes
    index: int
    size: int
    root: bytes
    proof: tuple[bytes, ...]
    fault: str | None


def record_of(vote: Vote) -> VoteRecord:
    """Return where a vote stands in all snapshots, in three reads and one for each change."""
    rows = list(
        VoteStanding.objects.filter(vote=vote)
        .order_by("since_id")
        .values_list("since_id", "until_id", "since__taken_at", "left_out_because", "clause")
    )
    published = Snapshot.objects.published().order_by("-pk")
    ends = {until: _last_before(until) for _since, until, *_rest in rows if until is not None}
    return VoteRecord(
        stretches=tuple(
            Stretch(
                first=since,
                last=None if until is None else ends[until],
                first_taken_at=taken_at,
                left_out_because=because,
                clause=clause,
            )
            for since, until, taken_at, because, clause in rows
        ),
        newest=published.first(),
        waits=not rows,
        unknown_up_to=published.filter(ballots=None, taken_at__gte=vote.cast_at).values_list("pk", flat=True).first(),
    )


def counted_proof(vote: Vote, snapshot_id: int) -> CountedProof | None:
    """Return the proof that a vote counted in a snapshot, checked here and now; None where it did not.

    It costs the reading of one block of 256 votes, whatever the number of votes.
    """
    kept = SnapshotBallots.objects.select_related("snapshot").filter(pk=snapshot_id).first()
    if kept is None:
        return None
    tree = stored_tree(size=kept.size, firsts=bytes(kept.firsts), roots=bytes(kept.roots))
    block = tree.block_of(vote.public_id.bytes)
    if block is None:
        return None
    first, end = tree.bounds(block)
    with connection.cursor() as cursor:
        cursor.execute(
            _BLOCK,
            {
                "snapshot": snapshot_id,
                "first": uuid.UUID(bytes=first),
                "end": uuid.UUID(bytes=end) if end else None,
            },
        )
        rows = cursor.fetchall()
    place = next((place for place, row in enumerate(rows) if row[0] == vote.public_id), None)
    if place is None:
        return None
    leaves = [
        ballot(nonce=bytes(nonce), public_id=public_id.bytes, outcome=int(OUTCOMES[choice]))
        for public_id, nonce, choice in rows
    ]
    leaf, index, root = leaf_hash(leaves[place]), block * BLOCK + place, bytes.fromhex(kept.snapshot.votes_root)
    fault, proof = None, []
    try:
        proof = tree.proof(block, leaves, place)
        verify_inclusion(leaf=leaf, index=index, size=tree.size, proof=proof, root=root)
    except InvalidProof as error:
        fault = error.fault.value
    except BlockDiffers:
        fault = "votes-differ"
    return CountedProof(
        snapshot=snapshot_id, leaf=leaf, index=index, size=tree.size, root=root, proof=tuple(proof), fault=fault
    )


def _last_before(end: int) -> int:
    """Return the last snapshot before the one that ended a stretch; their numbers have gaps."""
    return Snapshot.objects.published().filter(pk__lt=end).order_by("-pk").values_list("pk", flat=True)[0]
