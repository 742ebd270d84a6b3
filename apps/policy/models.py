"""The rulebook as rows: versions, and the clauses in force under each."""

from typing import ClassVar

from django.db import models


class PolicyVersion(models.Model):
    """One edition of the rulebook; decisions and releases name the one they were made under."""

    number = models.PositiveIntegerField(unique=True)
    effective_at = models.DateTimeField()
    summary = models.CharField(max_length=300)

    def __str__(self) -> str:
        return f"version {self.number}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this version."""
        return f"policy.version:{self.number}"


class Clause(models.Model):
    """One rule with its number, its words and its parameters."""

    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="clauses")
    number = models.CharField(max_length=8, help_text="A letter for the subject and a running number, such as P2.")
    title = models.CharField(max_length=120)
    text = models.TextField()
    parameters = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "number"], name="policy_clause_once_per_version")
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"
