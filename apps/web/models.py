"""The auditor's desk: samples drawn by lot, and bundles of the log that were written for one auditor."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from apps.jobs.models import JobRun


class SampleQuerySet(models.QuerySet["Sample"]):
    """Reads that chain like adjectives."""

    def overlapping(self, sample: "Sample") -> "SampleQuerySet":
        """Only samples of the same auditor and event whose period shares a moment with this one's."""
        return self.filter(auditor=sample.auditor, event=sample.event, since__lt=sample.until, until__gt=sample.since)


class Sample(models.Model):
    """Entries of one event and period that an auditor drew by lot, with all that is needed to draw them again.

    The population are the entries with ``since`` <= time < ``until`` below ``checkpoint_size``, the first checkpoint
    after the period; ``late`` counts those that got their leaf after it and could not be drawn.
    """

    auditor = models.CharField(max_length=100, help_text="Pseudonym.")
    event = models.CharField(max_length=101)
    since = models.DateTimeField()
    until = models.DateTimeField()
    population = models.PositiveBigIntegerField()
    late = models.PositiveBigIntegerField()
    checkpoint_size = models.PositiveBigIntegerField()
    witness = models.CharField(max_length=400, help_text="The public key of the auditor's witness.")
    cosignature = models.CharField(max_length=600, help_text="Its signature line under the checkpoint.")
    seed = models.CharField(max_length=64, help_text="SHA-256 of the cosignature's bytes, hex.")
    digest = models.CharField(max_length=64, help_text="SHA-256 over the drawn leaves in rising order, hex.")
    drawn_at = models.DateTimeField()

    objects = SampleQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["auditor", "event", "since"], name="web_sample_once_a_period"),
            models.CheckConstraint(condition=Q(since__lt=F("until")), name="web_sample_has_a_period"),
            models.CheckConstraint(condition=Q(drawn_at__gte=F("until")), name="web_sample_is_drawn_afterwards"),
        ]

    def __str__(self) -> str:
        return f"sample {self.pk} of {self.event}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this sample."""
        return f"web.sample:{self.pk}"


class SampledEntry(models.Model):
    """One drawn entry; ``place`` 1 has the lowest ticket."""

    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="entries")
    place = models.PositiveIntegerField()
    entry = models.ForeignKey("audit.Entry", on_delete=models.PROTECT, db_index=False, related_name="+")
    leaf_index = models.PositiveBigIntegerField()

    class Meta:
        ordering: ClassVar = ["place"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sample", "place"], name="web_sampled_once_a_place"),
            models.UniqueConstraint(fields=["entry", "sample"], name="web_sampled_once"),
        ]

    def __str__(self) -> str:
        return f"leaf {self.leaf_index} of sample {self.sample_id}"


class Export(models.Model):
    """A bundle of the whole log that is written for one auditor, kept for a while and then removed.

    ``folder`` is random, so that its name tells nothing. ``size`` leaves lie under the checkpoint that it holds.
    """

    job = models.OneToOneField(JobRun, on_delete=models.PROTECT, related_name="+")
    auditor = models.CharField(max_length=100, help_text="Pseudonym.")
    folder = models.CharField(max_length=32, unique=True)
    requested_at = models.DateTimeField()
    size = models.PositiveBigIntegerField(null=True)
    bytes = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    built_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(built_at=None, expires_at=None, size=None, bytes=None, sha256="", removed_at=None)
                | Q(
                    built_at__isnull=False,
                    expires_at__isnull=False,
                    size__isnull=False,
                    bytes__isnull=False,
                    sha256__regex=r"^[0-9a-f]{64}$",
                ),
                name="web_export_is_whole_or_not_there",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["auditor", "-requested_at"], name="web_exports_of_auditor")]

    def __str__(self) -> str:
        return f"export {self.pk}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this export."""
        return f"web.export:{self.pk}"
