"""Who may receive releases."""

from django.conf import settings
from django.db import models

from apps.organizations.models import Organization


class Licensee(models.Model):
    """An organization that may receive releases, and the person who speaks for it."""

    organization = models.OneToOneField(Organization, on_delete=models.PROTECT, related_name="licensee")
    contact = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="licensees"
    )
    purpose = models.CharField(max_length=200)
    agreement_sha256 = models.CharField(max_length=64)
    agreed_at = models.DateTimeField()
    suspended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"licensee {self.pk}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this licensee."""
        return f"licensing.licensee:{self.pk}"


class PseudonymKey(models.Model):
    """The key under which one licensee's copies name people and rows; it never leaves the database."""

    licensee = models.OneToOneField(Licensee, on_delete=models.PROTECT, primary_key=True, related_name="pseudonym_key")
    key = models.BinaryField(help_text="32 random bytes.")

    def __str__(self) -> str:
        return f"key of licensee {self.licensee_id}"
