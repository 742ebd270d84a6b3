"""What was asked for, what was sealed, and the acts on it."""

from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.battles.models import Battle
from apps.licensing.models.licensees import Licensee

if TYPE_CHECKING:
    from apps.licensing.models.offers import Offer


class ReleaseState(models.TextChoices):
    """Where a release stands between a wish and a delivery."""

    DRAFT = "draft", _("draft")
    SEALED = "sealed", _("sealed")
    REFUSED = "refused", _("refused")
    CANCELLED = "cancelled", _("cancelled")
    WITHDRAWN = "withdrawn", _("withdrawn")


class ReleaseQuerySet(models.QuerySet["Release"]):
    """Releases as they are read."""

    def for_lists(self) -> Self:
        """Read along what a line about a release shows: its licensee, and the offers that its state is told by."""
        return self.select_related("licensee__organization").prefetch_related("offers")


class Release(models.Model):
    """A request for battles, and, once sealed, the ordered list of those that left the live distribution."""

    licensee = models.ForeignKey(
        Licensee, on_delete=models.PROTECT, related_name="releases", help_text="For whom it was first asked."
    )
    request = models.ForeignKey(
        "licensing.AccessRequest",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="releases",
        help_text="What the licensee asked for; whoever asked is the first of the four people.",
    )
    title = models.CharField(max_length=120)
    filters = models.JSONField(default=dict, help_text="Languages, countries, categories, dates.")
    state = models.CharField(max_length=16, choices=ReleaseState.choices, default=ReleaseState.DRAFT)
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    policy_version = models.PositiveIntegerField()
    sealed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    refused_clause = models.CharField(max_length=8, blank=True)
    items_root = models.CharField(max_length=64, blank=True, help_text="RFC 6962 root over the items in order, hex.")
    tally = models.JSONField(default=dict, help_text="Clause to the number of battles that it took out.")
    items = models.PositiveBigIntegerField(default=0)
    asked = models.PositiveBigIntegerField(default=0, help_text="Battles that the draft named; the rest is the tally.")

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=ReleaseState.values), name="licensing_release_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state__in=["sealed", "withdrawn"])
                | (Q(sealed_at__isnull=False) & ~Q(items_root="") & Q(items__gt=0)),
                name="licensing_sealed_ones_have_a_root",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | (Q(refused_at__isnull=False) & ~Q(refused_clause="")),
                name="licensing_refusals_name_their_clause",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "-drafted_at"], name="licensing_releases_by_state")]

    def __str__(self) -> str:
        return f"release {self.pk}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this release."""
        return f"licensing.release:{self.pk}"

    @property
    def leading_offer(self) -> "Offer | None":
        """The offer that a sealed release's state is told by: the first that is under way, else the newest."""
        offers = sorted(self.offers.all(), key=lambda offer: offer.number)
        running = [offer for offer in offers if offer.ended_at is None and offer.opened_at is None]
        return next(iter(running or offers[-1:]), None)


class ReleaseCandidate(models.Model):
    """A battle that a draft asks for; it stays a wish until sealing."""

    # A trigger proves both for each statement, a million rows or one: a key would ask again for every row.
    release = models.ForeignKey(
        Release, on_delete=models.CASCADE, related_name="candidates", db_constraint=False, db_index=False
    )
    battle = models.ForeignKey(Battle, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["release", "battle"], name="licensing_candidate_once")]

    def __str__(self) -> str:
        return f"battle {self.battle_id} for release {self.release_id}"
