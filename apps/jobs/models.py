"""One row for every long piece of work, so that its progress survives restarts and can be read."""

from typing import ClassVar

from django.db import models


class JobState(models.TextChoices):
    """Where a piece of work stands."""

    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobRun(models.Model):
    """Long work with its phase, how much of it is done, and whether somebody asked it to stop."""

    kind = models.CharField(max_length=64, help_text="Which work, such as rankings.refit.")
    subject = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=16, choices=JobState.choices, default=JobState.DUE)
    phase = models.CharField(max_length=80, blank=True)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    owner = models.CharField(max_length=64, help_text="Pseudonym of whoever asked for it.")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(state__in=JobState.values), name="jobs_state_is_known"),
            models.CheckConstraint(
                condition=models.Q(total=0) | models.Q(done__lte=models.F("total")), name="jobs_done_within_total"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["kind", "-created_at"], name="jobs_kind_newest")]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"

    @property
    def ref(self) -> str:
        """The reference under which the log names this work."""
        return f"jobs.jobrun:{self.pk}"
