"""The rulebook as rows; what was read of others' words; and the ways out of the platform."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from apps.policy.domain.ways_out import WayKind


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


class ReadingBatch(models.Model):
    """What one person reads of others' words for one purpose within an hour; closed, it is one entry of the log."""

    reader = models.CharField(max_length=100, help_text="A pseudonym, as in the log.")
    role = models.CharField(max_length=32)
    purpose = models.CharField(max_length=32)
    key = models.CharField(max_length=32, blank=True, help_text="The prefix of the key of the API; empty on the web.")
    began_at = models.DateTimeField(db_default=Now(), help_text="By the database's clock, set by a trigger.")
    closed_at = models.DateTimeField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 over the looks, as its entry has it.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["reader", "role", "purpose", "key"],
                condition=models.Q(closed_at=None),
                name="policy_one_open_batch_a_reader",
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at=None, digest="")
                | (models.Q(closed_at__isnull=False) & models.Q(digest__regex="^[0-9a-f]{64}$")),
                name="policy_closed_batches_have_a_digest",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["reader", "began_at"], name="policy_batches_of_a_reader")]

    def __str__(self) -> str:
        return f"reading batch {self.pk}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this batch."""
        return f"policy.readingbatch:{self.pk}"


class ContentLook(models.Model):
    """One look at others' words, committed before they were shown; never changed."""

    batch = models.ForeignKey(ReadingBatch, on_delete=models.PROTECT, related_name="looks")
    at = models.DateTimeField(db_default=Now(), help_text="By the database's clock, set by a trigger.")
    subjects = ArrayField(models.CharField(max_length=150), help_text="References such as prompts.prompt:42.")
    counted = models.PositiveIntegerField(help_text="Texts that this person had not read within 24 hours.")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(subjects__len__gt=0, counted__lte=models.F("subjects__len")),
                name="policy_a_look_is_at_something",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["at"], name="policy_looks_by_time")]

    def __str__(self) -> str:
        return f"look {self.pk}"


class EgressRoute(models.Model):
    """One way out of the platform, as ``domain/ways_out.py`` describes it; written after each migration."""

    name = models.SlugField(max_length=60, unique=True)
    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=120)
    owner = models.CharField(max_length=60)
    carries = models.TextField(help_text="What leaves.")
    because = models.TextField(help_text="Why that is allowed.")
    exits = ArrayField(models.CharField(max_length=120), help_text="Where in the code, such as url:audit:checkpoint.")
    holds_content = models.BooleanField(help_text="Whether anything of a live battle can be in it.")

    class Meta:
        ordering: ClassVar = ["kind", "name"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in WayKind]), name="policy_way_kind_is_known"
            )
        ]

    def __str__(self) -> str:
        return self.name
