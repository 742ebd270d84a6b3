"""Who may receive releases."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.organizations.models import Organization


class Licensee(models.Model):
    """An organization that may receive releases, and the person who speaks for it."""

    organization = models.OneToOneField(Organization, on_delete=models.PROTECT, related_name="licensee")
    contact = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="licensees"
    )
    purpose = models.CharField(max_length=200)
    purposes = models.JSONField(default=list, help_text="Codes that the next agreement is for.")
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


class FinalRecipient(models.Model):
    """An organization in whose hands a licensee's copies end; nobody else may have them."""

    licensee = models.ForeignKey(Licensee, on_delete=models.PROTECT, related_name="final_recipients")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    declared_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["licensee", "organization"], condition=Q(ended_at=None), name="licensing_recipient_once"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("declared_at")),
                name="licensing_recipient_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"organization {self.organization_id} for licensee {self.licensee_id}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this recipient."""
        return f"licensing.finalrecipient:{self.pk}"


class Suspension(models.Model):
    """A time in which a licensee gets nothing, and why; both reasons are public."""

    licensee = models.ForeignKey(Licensee, on_delete=models.PROTECT, related_name="suspensions")
    clause = models.CharField(max_length=8)
    reason = models.CharField(max_length=300)
    suspended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Nobody, when the platform did because a day had passed.",
    )
    suspended_at = models.DateTimeField()
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["licensee"], condition=Q(ended_at=None), name="licensing_suspended_once"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None, ended_because="")
                | (Q(ended_at__gte=F("suspended_at"), ended_by__isnull=False) & ~Q(ended_because="")),
                name="licensing_a_suspension_ends_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"suspension of licensee {self.licensee_id}"


class LicenseeKey(models.Model):
    """A key of the API: its secret is shown once, and what is kept cannot be turned back into it."""

    licensee = models.ForeignKey(Licensee, on_delete=models.PROTECT, related_name="keys")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=12, unique=True)
    secret_sha256 = models.CharField(max_length=64)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("made_at")), name="licensing_keys_expire"),
        ]

    def __str__(self) -> str:
        return f"key {self.prefix} of licensee {self.licensee_id}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this key."""
        return f"licensing.licenseekey:{self.pk}"
