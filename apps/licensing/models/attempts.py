"""Acts on releases that were begun, and how each ended."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.licensing.models.licensees import Licensee
from apps.licensing.models.offers import Offer
from apps.licensing.models.releases import Release


class AttemptState(models.TextChoices):
    """How an attempt at a dangerous act ended."""

    ATTEMPTED = "attempted", _("attempted")
    DONE = "done", _("done")
    REFUSED = "refused", _("refused")
    INTERRUPTED = "interrupted", _("interrupted")


class Act(models.TextChoices):
    """The acts that are attempted before they are done."""

    DRAFT = "draft", _("draft")
    SEAL = "seal", _("seal")
    APPROVE = "approve", _("approve")
    OPEN = "open", _("open")


class Attempt(models.Model):
    """An act on a release that was begun: committed before the act, closed after it, by a sweeper if need be.

    Before a release is drafted there is none, and the attempt names whom it was to be for.
    """

    release = models.ForeignKey(Release, on_delete=models.PROTECT, null=True, blank=True, related_name="attempts")
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, null=True, blank=True, related_name="attempts")
    licensee = models.ForeignKey(Licensee, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    act = models.CharField(max_length=16, choices=Act.choices)
    actor = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=AttemptState.choices, default=AttemptState.ATTEMPTED)
    clause = models.CharField(max_length=8, blank=True)
    code = models.CharField(max_length=64, blank=True, help_text="The kind of refusal.")
    words = models.CharField(max_length=1000, blank=True, help_text="Public: what whoever said no said.")
    entry = models.PositiveBigIntegerField(null=True, blank=True, help_text="Of the log, in which it was closed.")
    attempted_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=AttemptState.values), name="licensing_attempt_state_is_known"),
            models.CheckConstraint(condition=Q(act__in=Act.values), name="licensing_attempt_act_is_known"),
            models.CheckConstraint(
                condition=Q(release__isnull=False) | Q(licensee__isnull=False),
                name="licensing_attempts_are_about_something",
            ),
            models.UniqueConstraint(
                fields=["release", "act"], condition=Q(state="attempted"), name="licensing_one_open_attempt"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-closed_at", "-id"], condition=Q(state="refused"), name="licensing_refusals_by_time")
        ]

    def __str__(self) -> str:
        return f"{self.act} of release {self.release_id}: {self.state}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this attempt."""
        return f"licensing.attempt:{self.pk}"
