"""The texts that licensees agree to, and who agreed to which of them for whom."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.licensing.models.licensees import Licensee


class AgreementText(models.Model):
    """One version of the terms; it is written once, and its hash is over exactly these words."""

    version = models.PositiveIntegerField(unique=True)
    title = models.CharField(max_length=120)
    text = models.TextField()
    sha256 = models.CharField(max_length=64, unique=True)
    valid_days = models.PositiveIntegerField(help_text="How long an acceptance holds.")
    forbids_transfer = models.BooleanField(default=True)
    ends_on_change_of_control = models.BooleanField(default=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-version"]
        constraints: ClassVar = [
            # Whatever else a text says, it says these two things.
            models.CheckConstraint(
                condition=Q(forbids_transfer=True, ends_on_change_of_control=True),
                name="licensing_every_text_forbids_transfer",
            ),
            models.CheckConstraint(
                condition=Q(valid_days__gte=1, valid_days__lte=1830), name="licensing_a_text_holds_for_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"agreement text {self.version}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this text."""
        return f"licensing.agreementtext:{self.pk}"


class Agreement(models.Model):
    """A named person's yes to a text, for a licensee and its purposes, until a day."""

    licensee = models.ForeignKey(Licensee, on_delete=models.PROTECT, related_name="agreements")
    text = models.ForeignKey(AgreementText, on_delete=models.PROTECT, related_name="agreements")
    purposes = models.JSONField(help_text="Codes of what the data may be used for.")
    signed_name = models.CharField(max_length=120)
    signed_position = models.CharField(max_length=120)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whoever accepted here.",
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The officer who holds the signed paper.",
    )
    accepted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["licensee"], condition=Q(ended_at=None), name="licensing_one_agreement_in_force"
            ),
            models.CheckConstraint(
                condition=Q(accepted_by__isnull=False, recorded_by=None)
                | Q(accepted_by=None, recorded_by__isnull=False),
                name="licensing_accepted_here_or_on_paper",
            ),
            models.CheckConstraint(
                condition=~Q(signed_name="") & ~Q(signed_position=""), name="licensing_a_named_person_agreed"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("accepted_at")), name="licensing_agreements_expire"),
        ]

    def __str__(self) -> str:
        return f"agreement {self.pk} of licensee {self.licensee_id}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this agreement."""
        return f"licensing.agreement:{self.pk}"


class ControlReview(models.Model):
    """An officer looked at the register after the owners of a licensee changed, and let the agreement go on."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="control_reviews")
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField()
    finding = models.CharField(max_length=300)

    def __str__(self) -> str:
        return f"review of agreement {self.agreement_id}"
