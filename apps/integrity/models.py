"""What the nightly tests found about voters, and which votes were left out because of it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.contributors.models import Contributor


class FindingState(models.TextChoices):
    """What became of a finding; a test accuses, only a person decides."""

    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class Finding(models.Model):
    """One test that found one contributor's votes unlikely under the fit."""

    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="findings")
    test = models.CharField(max_length=32, help_text="Such as likelihood.")
    statistic = models.FloatField()
    p_value = models.FloatField()
    votes = models.PositiveIntegerField()
    evidence = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=FindingState.choices, default=FindingState.OPEN)
    found_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=FindingState.values), name="integrity_finding_state_is_known"),
            models.CheckConstraint(condition=Q(p_value__gte=0) & Q(p_value__lte=1), name="integrity_p_value_is_one"),
            models.UniqueConstraint(
                fields=["contributor", "test"], condition=Q(state="open"), name="integrity_one_open_finding_a_test"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.test} on contributor {self.contributor_id}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this finding."""
        return f"integrity.finding:{self.pk}"


class Sweep(models.Model):
    """One look of the tests over everybody's votes, with all that is needed to make it again."""

    night = models.DateField(null=True, unique=True, help_text="Empty when somebody asked for it between two nights.")
    swept_at = models.DateTimeField()
    policy_version = models.PositiveIntegerField()
    alpha = models.FloatField(help_text="The share of false flags that the correction allows.")
    min_votes = models.PositiveIntegerField()
    draws = models.PositiveIntegerField()
    seed = models.PositiveBigIntegerField()
    voters = models.PositiveIntegerField(help_text="Who had enough votes to be tested.")
    votes = models.PositiveIntegerField(help_text="Their votes that had a winner.")
    flagged = models.PositiveIntegerField()
    findings = models.PositiveIntegerField(help_text="New ones: a flag whose finding is still open makes none.")
    aside = models.PositiveIntegerField(help_text="Voters whose votes were kept out of the yardstick.")
    position = models.FloatField(help_text="The worth of standing left, in log-odds.")
    taste = models.JSONField(default=dict, help_text="By test: the variance per vote that honest tastes add.")
    threshold = models.FloatField(help_text="The largest p-value that was flagged; 0 for none.")

    def __str__(self) -> str:
        return f"sweep {self.pk}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this sweep."""
        return f"integrity.sweep:{self.pk}"


class Exclusion(models.Model):
    """A line of the exclusion ledger: whose votes were left out, under which clause, and whether they came back."""

    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="exclusions")
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, null=True, blank=True, related_name="exclusions")
    clause = models.CharField(max_length=8)
    votes = models.PositiveIntegerField()
    decided_by = models.CharField(max_length=64)
    excluded_at = models.DateTimeField()
    restored_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["contributor"], condition=Q(restored_at=None), name="integrity_one_open_exclusion"
            )
        ]

    def __str__(self) -> str:
        return f"exclusion of contributor {self.contributor_id}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this exclusion."""
        return f"integrity.exclusion:{self.pk}"
