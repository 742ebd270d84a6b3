"""Runs of the ranking, and the parts that any number of workers share out among themselves."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

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
    corrects = models.ForeignKey(
        "rankings.Snapshot", on_delete=models.PROTECT, null=True, blank=True, related_name="correcting_runs"
    )
    correction = models.CharField(max_length=500, blank=True, help_text="What was wrong with the one it corrects.")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(corrects=None, correction="") | (Q(corrects__isnull=False) & ~Q(correction="")),
                name="rankings_correcting_runs_say_what",
            ),
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


class PartState(models.TextChoices):
    """Where one part of a run stands."""

    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class RefitPart(models.Model):
    """One piece of a run that one worker computes alone; its result stays in the row until the last part reduces."""

    run = models.ForeignKey(RefitRun, on_delete=models.PROTECT, related_name="parts")
    phase = models.CharField(max_length=32, help_text="Which kind of work; the phases of a run follow each other.")
    key = models.CharField(max_length=120, help_text="Which votes or boards: 2026-09, country=BR, …")
    state = models.CharField(max_length=16, choices=PartState.choices, default=PartState.DUE)
    attempts = models.PositiveIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    result = models.BinaryField(null=True, blank=True)
    result_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=PartState.values), name="rankings_part_state_is_known"),
            models.UniqueConstraint(fields=["run", "phase", "key"], name="rankings_part_once_a_run"),
            models.CheckConstraint(
                condition=~Q(state=PartState.DONE) | Q(finished_at__isnull=False), name="rankings_done_parts_say_when"
            ),
        ]

    def __str__(self) -> str:
        return f"part {self.key} of run {self.run_id} ({self.state})"
