"""What licensees ask for, before anybody drafts it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.licensing.models.licensees import Licensee, LicenseeKey
from apps.organizations.models import Organization


class RequestState(models.TextChoices):
    """What became of a request."""

    ASKED = "asked", _("waits for an officer")
    DRAFTED = "drafted", _("drafted")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("withdrawn")


class AccessRequest(models.Model):
    """A licensee's wish: what for, which battles, for whom, and by when."""

    licensee = models.ForeignKey(Licensee, on_delete=models.PROTECT, related_name="requests")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    key = models.ForeignKey(LicenseeKey, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    title = models.CharField(max_length=120)
    purpose = models.CharField(max_length=40, help_text="Code of one of the agreement's purposes.")
    use = models.CharField(max_length=1000, help_text="What will be done with it, in words.")
    wanted = models.CharField(max_length=1000, help_text="Which battles, in words.")
    filters = models.JSONField(default=dict)
    recipients = models.ManyToManyField(Organization, related_name="+")
    needed_by = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=RequestState.choices, default=RequestState.ASKED)
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    refused_clause = models.CharField(max_length=8, blank=True)
    refused_because = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=RequestState.values), name="licensing_request_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="asked", decided_at=None) | (~Q(state="asked") & Q(decided_at__isnull=False)),
                name="licensing_decided_requests_say_when",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | (~Q(refused_clause="") & ~Q(refused_because="")),
                name="licensing_refused_requests_say_why",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["licensee", "-asked_at"], name="licensing_requests_newest"),
            models.Index(fields=["asked_at"], condition=Q(state="asked"), name="licensing_requests_waiting"),
        ]

    def __str__(self) -> str:
        return f"request {self.pk}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this request."""
        return f"licensing.accessrequest:{self.pk}"
