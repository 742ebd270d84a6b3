"""One licensee's copy of a release, and what became of it."""

from typing import ClassVar

from django.db import models

from apps.licensing.models.licensees import Licensee
from apps.licensing.models.offers import Offer
from apps.licensing.models.releases import Release


class Edition(models.Model):
    """One licensee's copy of a sealed release: its files and the manifest that names them, as they are now."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="editions")
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="editions")
    licensee = models.ForeignKey(Licensee, on_delete=models.PROTECT, related_name="editions")
    ordinal = models.PositiveIntegerField(help_text="Editions of this licensee that were counted before it.")
    revision = models.PositiveIntegerField(default=0, help_text="0 is the one that was approved.")
    manifest = models.JSONField()
    manifest_sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=300, help_text="Folder below the releases' storage.")
    rows = models.PositiveBigIntegerField()
    built_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["release", "licensee"], name="licensing_one_edition_each"),
            models.UniqueConstraint(fields=["licensee", "ordinal"], name="licensing_editions_are_counted"),
        ]

    def __str__(self) -> str:
        return f"edition of release {self.release_id} for licensee {self.licensee_id}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this edition."""
        return f"licensing.edition:{self.pk}"


class EditionRevision(models.Model):
    """An edition as it was at one time; a successor names its predecessor and the rows that left."""

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    manifest = models.JSONField()
    manifest_sha256 = models.CharField(max_length=64)
    rows = models.PositiveBigIntegerField()
    built_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["edition", "number"], name="licensing_revision_numbers"),
        ]

    def __str__(self) -> str:
        return f"revision {self.number} of edition {self.edition_id}"
