"""The ways out by which a snapshot can be checked by others."""

from typing import Final

from apps.policy.domain.way_out import WayKind, WayOut

WAYS_OF_SNAPSHOTS: Final[tuple[WayOut, ...]] = (
    WayOut(
        name="what-boards-follow-from",
        kind=WayKind.AGGREGATE,
        title="Pair counts and evidence of everybody's boards",
        owner="rankings",
        carries="How often each two models met with which outcome, and the matrices that ratings and intervals follow "
        "from; of everybody's boards alone.",
        because="Who cannot compute a board again has to believe it. No vote and no person can be told from them.",
        exits=("url:api:snapshot_pair_counts", "url:api:snapshot_evidence"),
    ),
    WayOut(
        name="sealed-inputs",
        kind=WayKind.AUDIT,
        title="The counted votes of a snapshot as codes",
        owner="rankings",
        carries="Model, outcome, weight and differences of length for each vote, under names of voters that hold for "
        "this one snapshot. No words, no public ids, no times, no secret of the tree, nothing that anybody declared.",
        because="An auditor computes styled boards from rows. For auditors only; each download is an entry before it "
        "is answered. The files lie under 0600 on the machine that publishes.",
        exits=("url:api:snapshot_input", "module:apps.rankings.gateways.sealed_files"),
        holds_content=True,
    ),
)
