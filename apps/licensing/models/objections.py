"""What somebody has against an offer, and what two people made of it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.licensing.models.offers import Offer


class Ground(models.TextChoices):
    """The grounds on which an objection stops the clock."""

    PERSONAL = "personal", _("It holds personal data")
    LIVE = "live", _("It holds live data, or a near-duplicate of some")
    CONSENT = "consent", _("Somebody in it did not agree, or does not any more")
    TIES = "ties", _("An approver is tied to whoever gets it, or whoever gets it is on the board")
    AGREEMENT = "agreement", _("Whoever gets it breaks the agreement, or will")
    LAW = "law", _("It is against another law")


class ObjectionState(models.TextChoices):
    """What became of an objection."""

    OPEN = "open", _("open")
    DISMISSED = "dismissed", _("dismissed")
    REMEDIED = "remedied", _("upheld: goes on without the rows in question")
    UPHELD = "upheld", _("upheld: the offer ends")


OUTCOMES = tuple(state for state in ObjectionState if state is not ObjectionState.OPEN)


class Objection(models.Model):
    """An objection; the database writes its times, suspends the offer with it, and needs two people to decide it.

    ``words`` and ``contact`` are for those who decide; ``public_reason`` is for everybody.
    """

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="objections")
    ground = models.CharField(max_length=16, choices=Ground.choices)
    words = models.TextField()
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    contact = models.CharField(max_length=254, blank=True)
    network = models.CharField(max_length=64, blank=True, help_text="A mark that nobody can undo.")
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=ObjectionState.choices, default=ObjectionState.OPEN)
    outcome = models.CharField(max_length=16, blank=True, help_text="What the first of the two proposes.")
    public_reason = models.TextField(blank=True)
    battles = models.JSONField(default=list, help_text="Items that leave with a remedy.")
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    proposed_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ground__in=Ground.values), name="licensing_objection_ground_is_known"),
            models.CheckConstraint(
                condition=Q(state__in=ObjectionState.values), name="licensing_objection_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(account__isnull=False) | ~Q(contact=""), name="licensing_objectors_can_be_answered"
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_by=None, decided_at=None)
                | (
                    ~Q(state="open")
                    & Q(state=F("outcome"), proposed_by__isnull=False, decided_by__isnull=False)
                    & Q(decided_at__isnull=False)
                    & ~Q(public_reason="")
                    & ~Q(decided_by=F("proposed_by"))
                ),
                name="licensing_two_decide_an_objection",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(state="open"), name="licensing_open_objections"),
            models.Index(fields=["network"], condition=~Q(network=""), name="licensing_objections_of_net"),
        ]

    def __str__(self) -> str:
        return f"objection {self.pk} to offer {self.offer_id}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this objection."""
        return f"licensing.objection:{self.pk}"


class WaitingObjection(models.Model):
    """An objection that came when the day was full; it becomes one as soon as there is room, and goes from here.

    Nothing of its offer opens meanwhile.
    """

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="waiting")
    ground = models.CharField(max_length=16, choices=Ground.choices)
    words = models.TextField()
    contact = models.CharField(max_length=254)
    network = models.CharField(max_length=64, blank=True)
    came_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"waiting objection {self.pk}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this one while it waits."""
        return f"licensing.waitingobjection:{self.pk}"
