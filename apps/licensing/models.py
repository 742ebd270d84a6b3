"""Licensees, releases, and the wall's own tables; the latter are written by the database's functions only."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.battles.models import Battle
from apps.organizations.models import Organization
from apps.prompts.models import Cluster


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


class ReleaseState(models.TextChoices):
    """Where a release stands between a wish and a delivery."""

    DRAFT = "draft", _("draft")
    SEALED = "sealed", _("sealed")
    REFUSED = "refused", _("refused")
    CANCELLED = "cancelled", _("cancelled")


class Release(models.Model):
    """A request for battles, and, once sealed, the ordered list of those that left the live distribution."""

    licensee = models.ForeignKey(Licensee, on_delete=models.PROTECT, related_name="releases")
    title = models.CharField(max_length=120)
    filters = models.JSONField(default=dict, help_text="Languages, countries, categories, dates.")
    state = models.CharField(max_length=16, choices=ReleaseState.choices, default=ReleaseState.DRAFT)
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    policy_version = models.PositiveIntegerField()
    sealed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_clause = models.CharField(max_length=8, blank=True)
    items_root = models.CharField(max_length=64, blank=True, help_text="RFC 6962 root over the items in order, hex.")
    tally = models.JSONField(default=dict, help_text="Clause to the number of battles that it took out.")
    items = models.PositiveBigIntegerField(default=0)
    asked = models.PositiveBigIntegerField(default=0, help_text="Battles that the draft named; the rest is the tally.")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=ReleaseState.values), name="licensing_release_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state="sealed") | (Q(sealed_at__isnull=False) & ~Q(items_root="") & Q(items__gt=0)),
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


class ReleaseCandidate(models.Model):
    """A battle that a draft asks for; it stays a wish until sealing."""

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="candidates")
    battle = models.ForeignKey(Battle, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["release", "battle"], name="licensing_candidate_once")]

    def __str__(self) -> str:
        return f"battle {self.battle_id} for release {self.release_id}"


class AttemptState(models.TextChoices):
    """How an attempt at a dangerous act ended."""

    ATTEMPTED = "attempted", _("attempted")
    DONE = "done", _("done")
    REFUSED = "refused", _("refused")
    INTERRUPTED = "interrupted", _("interrupted")


class Attempt(models.Model):
    """An act on a release that was begun: committed before the act, closed after it, by a sweeper if need be."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="attempts")
    act = models.CharField(max_length=16, help_text="Such as seal.")
    actor = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=AttemptState.choices, default=AttemptState.ATTEMPTED)
    clause = models.CharField(max_length=8, blank=True)
    attempted_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=AttemptState.values), name="licensing_attempt_state_is_known"),
            models.UniqueConstraint(
                fields=["release", "act"], condition=Q(state="attempted"), name="licensing_one_open_attempt"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.act} of release {self.release_id}: {self.state}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this attempt."""
        return f"licensing.attempt:{self.pk}"


class Edition(models.Model):
    """One licensee's copy of a sealed release: its files and the manifest that names them."""

    release = models.OneToOneField(Release, on_delete=models.PROTECT, related_name="edition")
    manifest = models.JSONField()
    manifest_sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=300, help_text="Folder below the releases' storage.")
    rows = models.PositiveBigIntegerField()
    built_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"edition of release {self.release_id}"


class RetiredCluster(models.Model):
    """A certificate that a cluster is past the wall; written by the database's function alone."""

    cluster = models.OneToOneField(Cluster, on_delete=models.DO_NOTHING, primary_key=True, related_name="certificate")
    last_live_at = models.DateTimeField()
    retired_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "retired_cluster"

    def __str__(self) -> str:
        return f"certificate of cluster {self.cluster_id}"


class EligibleBattle(models.Model):
    """A battle all of whose clusters are retired; written by the database's functions alone."""

    battle = models.OneToOneField(Battle, on_delete=models.DO_NOTHING, primary_key=True, related_name="eligibility")
    source = models.CharField(max_length=16)
    last_event_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "eligible_battle"

    def __str__(self) -> str:
        return f"eligible battle {self.battle_id}"


class EligibleBattleCluster(models.Model):
    """Why a battle is eligible: one row per cluster, with its certificate's time."""

    pk = models.CompositePrimaryKey("battle_id", "cluster_id")
    battle = models.ForeignKey(EligibleBattle, on_delete=models.DO_NOTHING, related_name="clusters")
    cluster = models.ForeignKey(Cluster, on_delete=models.DO_NOTHING, related_name="+")
    retired_at = models.DateTimeField()
    last_event_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "eligible_battle_cluster"

    def __str__(self) -> str:
        return f"battle {self.battle_id} by cluster {self.cluster_id}"


class ReleaseItem(models.Model):
    """A battle in a sealed release; a battle is in at most one, for good."""

    battle = models.OneToOneField(
        EligibleBattle, on_delete=models.DO_NOTHING, primary_key=True, related_name="release_item"
    )
    release = models.ForeignKey(Release, on_delete=models.DO_NOTHING, related_name="release_items")

    class Meta:
        managed = False
        db_table = "release_item"
        ordering: ClassVar = ["battle_id"]

    def __str__(self) -> str:
        return f"battle {self.battle_id} in release {self.release_id}"
