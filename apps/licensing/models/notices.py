"""What licensees are told about rows that were taken back, what they answered, and what waits to be sent."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.battles.models import Battle
from apps.licensing.models.licensees import Licensee


class Notice(models.Model):
    """A notice to one licensee: the rows that they delete, until when, and who confirmed that they did."""

    licensee = models.ForeignKey(Licensee, on_delete=models.PROTECT, related_name="notices")
    number = models.PositiveBigIntegerField(help_text="Of this licensee, from 1, without gaps.")
    is_urgent = models.BooleanField()
    document = models.TextField(help_text="Canonical JSON, as it was signed.")
    sha256 = models.CharField(max_length=64, unique=True)
    rows = models.PositiveBigIntegerField()
    issued_at = models.DateTimeField()
    due_at = models.DateTimeField()
    suspends_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=64, blank=True, help_text="As the log names them.")
    acknowledged_name = models.CharField(max_length=120, blank=True, help_text="Who confirms that the rows are gone.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["licensee", "number"], name="licensing_notices_are_counted"),
            models.CheckConstraint(
                condition=Q(due_at__gt=models.F("issued_at")) & Q(suspends_at__gte=models.F("due_at")),
                name="licensing_notice_leaves_time",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None, acknowledged_by="", acknowledged_name="")
                | Q(acknowledged_at__isnull=False) & ~Q(acknowledged_by="") & ~Q(acknowledged_name=""),
                name="licensing_notice_answered_by_somebody",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(acknowledged_at=None), name="licensing_notices_unanswered")
        ]

    def __str__(self) -> str:
        return f"notice {self.number} to licensee {self.licensee_id}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this notice."""
        return f"licensing.notice:{self.pk}"


class NoticeRow(models.Model):
    """A row that a licensee has received and must be told about; without a notice it waits for one."""

    licensee = models.ForeignKey(Licensee, on_delete=models.PROTECT, related_name="withdrawn_rows")
    battle = models.ForeignKey(Battle, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=32, help_text="The row as the licensee's copy names it.")
    is_urgent = models.BooleanField()
    owed_at = models.DateTimeField()
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, null=True, blank=True, related_name="told")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["licensee", "battle"], name="licensing_row_told_once"),
            models.UniqueConstraint(fields=["licensee", "name"], name="licensing_row_named_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["licensee"], condition=Q(notice=None), name="licensing_rows_waiting"),
        ]

    def __str__(self) -> str:
        return f"row {self.name} of licensee {self.licensee_id}"


class LetterKind(models.TextChoices):
    """Why a mail about a notice goes out."""

    ISSUED = "issued", _("issued")
    REMINDER = "reminder", _("reminder")
    OVERDUE = "overdue", _("overdue")
    SUSPENDED = "suspended", _("suspended")


class Letter(models.Model):
    """A mail about a notice to one person; it is due until it was handed over."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="letters")
    kind = models.CharField(max_length=16, choices=LetterKind.choices)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["notice", "kind", "recipient"], name="licensing_letter_once"),
            models.CheckConstraint(condition=Q(kind__in=LetterKind.values), name="licensing_letter_kind_is_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_try_at"], condition=Q(sent_at=None), name="licensing_letters_due")
        ]

    def __str__(self) -> str:
        return f"{self.kind} of notice {self.notice_id}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this letter."""
        return f"licensing.letter:{self.pk}"
