"""An offer: editions of one sealed release that are approved, announced and opened together."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.licensing.models.licensees import Licensee
from apps.licensing.models.releases import Release


class OfferState(models.TextChoices):
    """Where an offer stands between sealing and opening, and how it ends."""

    BUILDING = "building", _("being built")
    AWAITING = "awaiting", _("awaiting approval")
    ANNOUNCED = "announced", _("announced")
    SUSPENDED = "suspended", _("suspended")
    OPEN = "open", _("open")
    REFUSED = "refused", _("refused")
    CANCELLED = "cancelled", _("cancelled")
    WITHDRAWN = "withdrawn", _("withdrawn")


def _apart(one: str, other: str) -> Q:
    return Q(**{one: None}) | Q(**{other: None}) | ~Q(**{one: F(other)})


# Three days, as the first edition of the rulebook says; docs/decisions/0015 says why no later one can go below.
LEAST_LOCK_HOURS = 72
# Clause W4 asks for two to five; the first two have columns of their own in the offer, and each has a row.
MOST_APPROVALS = 5


class Offer(models.Model):
    """Editions of a release that open together; a later licensee gets an offer of their own.

    Approvals bind ``digest``, the SHA-256 in hexadecimal digits of the canonical JSON of the release's root and the
    sorted hashes of the editions' manifests.
    """

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="offers")
    number = models.PositiveSmallIntegerField(help_text="Within the release, from 1.")
    state = models.CharField(max_length=16, choices=OfferState.choices, default=OfferState.BUILDING)
    policy_version = models.PositiveIntegerField()
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    builder = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    first_approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    second_approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    announced_at = models.DateTimeField(null=True, blank=True)
    lock_hours = models.PositiveIntegerField(null=True, blank=True)
    opens_at = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_clause = models.CharField(max_length=8, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["release", "number"], name="licensing_offer_numbers"),
            models.CheckConstraint(condition=Q(state__in=OfferState.values), name="licensing_offer_state_is_known"),
            models.CheckConstraint(
                condition=_apart("requester", "builder")
                & _apart("requester", "first_approver")
                & _apart("requester", "second_approver")
                & _apart("builder", "first_approver")
                & _apart("builder", "second_approver")
                & _apart("first_approver", "second_approver"),
                name="licensing_four_people",
            ),
            models.CheckConstraint(
                condition=Q(announced_at=None) | Q(lock_hours__gte=LEAST_LOCK_HOURS), name="licensing_lock_has_a_floor"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["announced", "suspended", "open"])
                | (
                    Q(requester__isnull=False)
                    & Q(first_approver__isnull=False)
                    & Q(second_approver__isnull=False)
                    & ~Q(digest="")
                    & Q(announced_at__isnull=False)
                    & Q(opens_at__isnull=False)
                ),
                name="licensing_announced_by_four",
            ),
            models.CheckConstraint(
                condition=~Q(state="open") | (Q(opened_at__isnull=False) & Q(opened_at__gte=F("opens_at"))),
                name="licensing_opened_after_the_lock",
            ),
        ]

    def __str__(self) -> str:
        return f"offer {self.number} of release {self.release_id}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this offer."""
        return f"licensing.offer:{self.pk}"


class OfferLicensee(models.Model):
    """Who is to get an edition under an offer."""

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="recipients")
    licensee = models.ForeignKey(Licensee, on_delete=models.PROTECT, related_name="offers")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["offer", "licensee"], name="licensing_offered_once"),
        ]

    def __str__(self) -> str:
        return f"licensee {self.licensee_id} under offer {self.offer_id}"


class Approval(models.Model):
    """One person's yes to exactly these bytes; it is written once."""

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="approvals")
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    place = models.PositiveSmallIntegerField(help_text="From 1, in the order of the approvals.")
    digest = models.CharField(max_length=64)
    approved_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["offer", "place"], name="licensing_approval_places"),
            models.UniqueConstraint(fields=["offer", "approver"], name="licensing_approves_once"),
            models.CheckConstraint(
                condition=Q(place__range=(1, MOST_APPROVALS)), name="licensing_approvals_have_a_place"
            ),
        ]

    def __str__(self) -> str:
        return f"approval {self.place} of offer {self.offer_id}"


class Halt(models.Model):
    """A time in which nothing of an offer leaves, since somebody who approved it is tied to whoever gets it by now.

    The database asks about the ties itself at opening and at each delivery; this says since when, and until when, the
    answer was known. Nothing is deleted by it.
    """

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="halts")
    found_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["offer"], condition=Q(ended_at=None), name="licensing_halted_once"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("found_at")), name="licensing_halt_ends_after_it_began"
            ),
        ]

    def __str__(self) -> str:
        return f"halt of offer {self.offer_id}"
