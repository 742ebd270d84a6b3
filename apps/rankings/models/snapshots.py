"""Snapshots: what one run published, the tree over its votes, and where every vote stood in it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.battles.models import Vote
from apps.rankings.models.runs import RefitRun


class SnapshotQuerySet(models.QuerySet["Snapshot"]):
    """Reads that chain like adjectives."""

    def published(self) -> "SnapshotQuerySet":
        """Only snapshots that stand in the log."""
        return self.filter(published_at__isnull=False)


class Snapshot(models.Model):
    """Every board of one run; never edited once published, only followed by a correction."""

    run = models.OneToOneField(RefitRun, on_delete=models.PROTECT, related_name="snapshot")
    taken_at = models.DateTimeField(help_text="No vote after this moment is in it.")
    policy_version = models.PositiveIntegerField()
    method = models.JSONField(default=dict)
    code_version = models.CharField(max_length=64)
    votes_root = models.CharField(max_length=64, help_text="RFC 6962 root over the counted votes, hex.")
    votes_counted = models.PositiveBigIntegerField()
    left_out = models.JSONField(default=dict, help_text="Reason to number of votes.")
    input_sha256 = models.CharField(max_length=64, blank=True)
    timings = models.JSONField(default=dict)
    seeds = models.JSONField(default=dict, help_text="Seed of every random draw, by its use.")
    sealed_rows = models.PositiveBigIntegerField(default=0, help_text="Votes in the sealed input.")
    findings = models.JSONField(default=list, help_text="Sentences such as who is best for whom, with their evidence.")
    moves = models.JSONField(default=dict, help_text="What changed since the snapshot before, in short.")
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrections")
    correction = models.CharField(max_length=500, blank=True, help_text="What was wrong with the one it corrects.")
    published_at = models.DateTimeField(null=True, blank=True)

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(corrects=None, correction="") | (Q(corrects__isnull=False) & ~Q(correction="")),
                name="rankings_corrections_say_what",
            )
        ]

    def __str__(self) -> str:
        return f"snapshot {self.pk}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this snapshot."""
        return f"rankings.snapshot:{self.pk}"


class SnapshotBallots(models.Model):
    """The tree over a snapshot's counted votes, in blocks of 256, so that one vote's place in it can be proved."""

    snapshot = models.OneToOneField(Snapshot, on_delete=models.PROTECT, primary_key=True, related_name="ballots")
    size = models.PositiveBigIntegerField(help_text="Counted votes.")
    firsts = models.BinaryField(help_text="The first public id of each block, 16 bytes each.")
    roots = models.BinaryField(help_text="The root over each block, 32 bytes each.")

    def __str__(self) -> str:
        return f"ballots of snapshot {self.snapshot_id}"


class SealedInput(models.Model):
    """From what a snapshot's sealed input can be made again: the secret behind its voters' names and its rows' order.

    Who has the secret can tell which contributor stands behind a name, so neither auditors nor pages read it.
    """

    snapshot = models.OneToOneField(Snapshot, on_delete=models.PROTECT, primary_key=True, related_name="sealed_input")
    secret = models.BinaryField(help_text="32 random bytes.")
    file_bytes = models.PositiveBigIntegerField()
    layout = models.PositiveIntegerField(help_text="The version of the file's columns.")

    def __str__(self) -> str:
        return f"sealed input of snapshot {self.snapshot_id}"


class VoteStanding(models.Model):
    """How a vote stood from one snapshot up to, and without, another: counted, or left out and why.

    A vote that no row covers was not read for a snapshot: it was cast later, or committed too late for that night.
    """

    # The constraints below are all the indexes that are needed, and a night writes many rows.
    vote = models.ForeignKey(Vote, on_delete=models.PROTECT, db_index=False, related_name="standings")
    since = models.ForeignKey(Snapshot, on_delete=models.PROTECT, db_index=False, related_name="+")
    until = models.ForeignKey(
        Snapshot, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    left_out_because = models.CharField(max_length=16, blank=True, help_text="Empty while it counts.")
    clause = models.CharField(max_length=8, blank=True, help_text="Under which it was left out by a decision.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["vote", "since"], name="rankings_standing_once_a_snapshot"),
            models.UniqueConstraint(fields=["vote"], condition=Q(until=None), name="rankings_one_present_standing"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=models.F("since")), name="rankings_standing_ends_after_its_start"
            ),
            models.CheckConstraint(
                condition=Q(clause="") | ~Q(left_out_because=""), name="rankings_counted_ones_break_no_clause"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["vote"], condition=Q(until=None) & ~Q(left_out_because=""), name="rankings_standing_aside"
            )
        ]

    def __str__(self) -> str:
        return f"vote {self.vote_id} since snapshot {self.since_id}"
