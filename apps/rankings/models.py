"""Runs of the ranking, and the snapshots they publish: boards and the ratings on them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.battles.models import ImportedDataset, LanguageModel, Vote
from apps.jobs.models import JobRun


class RunState(models.TextChoices):
    """Where a run stands; a run that is due is work that nobody has lost."""

    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RefitRun(models.Model):
    """One recomputation of every board, from due to published."""

    night = models.DateField(null=True, blank=True, help_text="Set for the nightly run of that date.")
    state = models.CharField(max_length=16, choices=RunState.choices, default=RunState.DUE)
    job = models.OneToOneField(JobRun, on_delete=models.PROTECT, related_name="+")
    requested_by = models.CharField(max_length=64)
    due_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="rankings_run_state_is_known"),
            models.UniqueConstraint(fields=["night"], name="rankings_one_run_a_night"),
            models.UniqueConstraint(
                models.Value(1), condition=Q(state__in=["due", "running"]), name="rankings_one_open_run"
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} ({self.state})"

    @property
    def ref(self) -> str:
        """The reference under which the log names this run."""
        return f"rankings.refitrun:{self.pk}"


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
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrections")
    published_at = models.DateTimeField(null=True, blank=True)

    objects = SnapshotQuerySet.as_manager()

    def __str__(self) -> str:
        return f"snapshot {self.pk}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this snapshot."""
        return f"rankings.snapshot:{self.pk}"


class Method(models.TextChoices):
    """How a board was fitted."""

    PLAIN = "plain"
    STYLED = "styled"


class Board(models.Model):
    """One ranking: a segment of the votes fitted by one method."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="boards")
    dataset = models.ForeignKey(ImportedDataset, on_delete=models.PROTECT, null=True, blank=True, related_name="boards")
    segment = models.CharField(max_length=80, help_text="everyone, country=BR, language=pt, dataset=12, …")
    method = models.CharField(max_length=16, choices=Method.choices)
    is_without_released = models.BooleanField(
        default=False, help_text="The same board without the votes on battles that were sold since."
    )
    votes = models.PositiveBigIntegerField()
    on_released = models.PositiveBigIntegerField(default=0, help_text="Votes in it whose battle was sold since.")
    contributors = models.PositiveIntegerField()
    suppressed_because = models.CharField(max_length=200, blank=True)
    fit = models.JSONField(default=dict, help_text="Parameters, style coefficients, models that cannot be ranked.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["snapshot", "segment", "method", "is_without_released"], name="rankings_board_once"
            ),
            models.CheckConstraint(
                condition=Q(on_released__lte=models.F("votes")) & (Q(is_without_released=False) | Q(on_released=0)),
                name="rankings_released_ones_are_of_its_votes",
            ),
            models.CheckConstraint(condition=Q(method__in=Method.values), name="rankings_method_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.segment} ({self.method}) of snapshot {self.snapshot_id}"


class Rating(models.Model):
    """One model on one board; numbers are whole millionths of a rating point."""

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="ratings")
    model = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, related_name="ratings")
    rating = models.BigIntegerField()
    lower = models.BigIntegerField(null=True, blank=True)
    upper = models.BigIntegerField(null=True, blank=True)
    rank = models.PositiveIntegerField()
    rank_low = models.PositiveIntegerField()
    rank_high = models.PositiveIntegerField()
    votes = models.PositiveBigIntegerField()
    contributors = models.PositiveIntegerField()

    class Meta:
        ordering: ClassVar = ["rank", "-rating"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["board", "model"], name="rankings_model_once_a_board"),
            models.CheckConstraint(
                condition=Q(lower=None, upper=None) | Q(lower__lte=models.F("rating"), upper__gte=models.F("rating")),
                name="rankings_interval_holds_its_rating",
            ),
        ]

    def __str__(self) -> str:
        return f"model {self.model_id} on board {self.board_id}"


class SnapshotBallots(models.Model):
    """The tree over a snapshot's counted votes, in blocks of 256, so that one vote's place in it can be proved."""

    snapshot = models.OneToOneField(Snapshot, on_delete=models.PROTECT, primary_key=True, related_name="ballots")
    size = models.PositiveBigIntegerField(help_text="Counted votes.")
    firsts = models.BinaryField(help_text="The first public id of each block, 16 bytes each.")
    roots = models.BinaryField(help_text="The root over each block, 32 bytes each.")

    def __str__(self) -> str:
        return f"ballots of snapshot {self.snapshot_id}"


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

    def __str__(self) -> str:
        return f"vote {self.vote_id} since snapshot {self.since_id}"
