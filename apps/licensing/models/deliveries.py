"""What was handed over, and what was taken back afterwards."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.battles.models import Battle
from apps.licensing.domain.journal import Fault
from apps.licensing.models.editions import Edition
from apps.licensing.models.licensees import Licensee


class DeliveryState(models.TextChoices):
    """How a delivery ended."""

    CLAIMED = "claimed", _("begun")
    FINISHED = "finished", _("finished")
    BROKEN = "broken", _("broken off")


class Delivery(models.Model):
    """A file of an edition on its way to a licensee; the row is there before the first byte leaves."""

    licensee = models.ForeignKey(Licensee, on_delete=models.PROTECT, related_name="deliveries")
    counter = models.PositiveBigIntegerField(help_text="Of this licensee, from 1, without gaps.")
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="deliveries")
    revision = models.PositiveIntegerField()
    file = models.CharField(max_length=120)
    file_sha256 = models.CharField(max_length=64)
    file_bytes = models.PositiveBigIntegerField()
    via = models.CharField(max_length=8, choices=[("web", "web"), ("api", "api")])
    pseudonym = models.CharField(max_length=64, help_text="Who fetched it, as the log names them.")
    state = models.CharField(max_length=16, choices=DeliveryState.choices, default=DeliveryState.CLAIMED)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    bytes_sent = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["licensee", "counter"], name="licensing_deliveries_are_counted"),
            models.CheckConstraint(
                condition=Q(state__in=DeliveryState.values), name="licensing_delivery_state_is_known"
            ),
            models.CheckConstraint(condition=Q(counter__gte=1), name="licensing_deliveries_count_from_one"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.counter} to licensee {self.licensee_id}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this delivery."""
        return f"licensing.delivery:{self.pk}"


class Transfer(models.Model):
    """One answer to one request within a delivery: the bytes that it was to send, and how many left.

    The row is there before the first byte, and ``seen_at`` moves while bytes leave: one that has not moved for a while
    belongs to a process that is gone.
    """

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="transfers")
    start = models.PositiveBigIntegerField(help_text="First byte.")
    until = models.PositiveBigIntegerField(help_text="First byte behind it.")
    sent = models.PositiveBigIntegerField(default=0)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(until__gte=models.F("start")), name="licensing_transfer_has_an_end"),
            models.CheckConstraint(
                condition=Q(sent__lte=models.F("until") - models.F("start")), name="licensing_transfer_sends_its_part"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["began_at"], name="licensing_transfers_by_time"),
            models.Index(fields=["seen_at"], condition=Q(ended_at=None), name="licensing_transfers_under_way"),
        ]

    def __str__(self) -> str:
        return f"bytes {self.start} to {self.until} of delivery {self.delivery_id}"


class ReadMatch(models.Model):
    """That a day's journal of reads was compared with the deliveries, and what it came to; written once."""

    day = models.DateField(unique=True)
    lines = models.PositiveIntegerField()
    incidents = models.PositiveIntegerField()
    journal_sha256 = models.CharField(max_length=64)
    matched_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"reads of {self.day}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this comparison."""
        return f"licensing.readmatch:{self.pk}"


class ReadIncident(models.Model):
    """Something about the files of editions that must not be: a read without a delivery, a file that changed."""

    fault = models.CharField(max_length=24, choices=[(fault.value, fault.value) for fault in Fault])
    key = models.CharField(max_length=80, help_text="The same whenever the same thing is found again.")
    day = models.DateField()
    file = models.CharField(max_length=120, blank=True)
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, null=True, blank=True, related_name="incidents")
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, null=True, blank=True, related_name="incidents")
    found_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["fault", "key"], name="licensing_incident_once"),
            models.CheckConstraint(
                condition=Q(fault__in=[fault.value for fault in Fault]), name="licensing_incident_fault_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fault} on {self.day}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this incident."""
        return f"licensing.readincident:{self.pk}"


class TombstoneReason(models.TextChoices):
    """Why a released row was taken back."""

    CONSENT = "consent", _("consent withdrawn")
    PROMPT = "prompt", _("prompt withdrawn")
    VOTE = "vote", _("vote left out")
    ERASED = "erased", _("erased")
    OBJECTION = "objection", _("objected to")
    RELEASE = "release", _("release withdrawn")


class Tombstone(models.Model):
    """A released battle that no copy holds from now on; written once, for good."""

    battle = models.OneToOneField(Battle, on_delete=models.PROTECT, primary_key=True, related_name="tombstone")
    reason = models.CharField(max_length=16, choices=TombstoneReason.choices)
    is_urgent = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(reason__in=TombstoneReason.values), name="licensing_tombstone_reason_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"tombstone of battle {self.battle_id}"
