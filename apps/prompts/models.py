"""Prompts, the hints that screening gives about them, and the clusters of near-duplicates they live in."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.contributors.models import Contributor
from apps.prompts.domain.findings import FindingKind


class Cluster(models.Model):
    """Prompts that are near-duplicates of one founder; the wall counts liveness by cluster."""

    founded_at = models.DateTimeField()
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return f"cluster {self.pk}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this cluster."""
        return f"prompts.cluster:{self.pk}"


class PromptState(models.TextChoices):
    """Where a prompt stands on its way into the pool."""

    SUBMITTED = "submitted", _("being read")
    AWAITING_REVIEW = "awaiting_review", _("waiting for a person")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")
    WITHDRAWN = "withdrawn", _("withdrawn")


class Category(models.TextChoices):
    """What a prompt asks for."""

    CODING = "coding", _("Coding")
    MATHEMATICS = "mathematics", _("Mathematics")
    WRITING = "writing", _("Writing")
    TRANSLATION = "translation", _("Translation")
    REASONING = "reasoning", _("Reasoning")
    KNOWLEDGE = "knowledge", _("Knowledge")
    ADVICE = "advice", _("Advice")
    OTHER = "other", _("Something else")


class PromptQuerySet(models.QuerySet["Prompt"]):
    """Reads that chain like adjectives."""

    def approved(self) -> "PromptQuerySet":
        """Only prompts that battles may be fought on."""
        return self.filter(state=PromptState.APPROVED)

    def awaiting_screening(self) -> "PromptQuerySet":
        """Only prompts that no screening has read yet."""
        return self.filter(state=PromptState.SUBMITTED)

    def awaiting_review(self) -> "PromptQuerySet":
        """Only prompts that a moderator must decide on."""
        return self.filter(state=PromptState.AWAITING_REVIEW)

    def in_language(self, language: str) -> "PromptQuerySet":
        """Only prompts in one language (BCP 47)."""
        return self.filter(language=language)


class Prompt(models.Model):
    """One contributor's question, in their words."""

    author = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="prompts")
    text = models.TextField()
    text_sha256 = models.CharField(max_length=64, db_index=True, help_text="Of the normalised text.")
    language = models.CharField(max_length=16, help_text="As declared by the author; BCP 47.")
    detected_language = models.CharField(max_length=16, blank=True)
    category = models.CharField(max_length=16, choices=Category.choices, default=Category.OTHER)
    state = models.CharField(max_length=16, choices=PromptState.choices, default=PromptState.SUBMITTED)
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, null=True, blank=True, related_name="prompts")
    below_cluster_length = models.BooleanField(
        default=False, help_text="Too short to resemble anything; it has no cluster, and no release may hold it."
    )
    submission_key = models.UUIDField(unique=True, help_text="Made by the form: a second click finds the first.")
    submitted_at = models.DateTimeField()
    screened_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_clause = models.CharField(max_length=8, blank=True)

    objects = PromptQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(state__in=PromptState.values), name="prompts_state_is_known"),
            models.CheckConstraint(
                condition=models.Q(state__in=[PromptState.SUBMITTED, PromptState.WITHDRAWN])
                | models.Q(screened_at__isnull=False),
                name="prompts_screened_before_anything_else",
            ),
            models.CheckConstraint(
                condition=~models.Q(state=PromptState.APPROVED)
                | models.Q(cluster__isnull=False)
                | models.Q(below_cluster_length=True),
                name="prompts_approved_ones_have_a_cluster",
            ),
            models.CheckConstraint(
                condition=models.Q(below_cluster_length=False) | models.Q(cluster=None),
                name="prompts_short_ones_have_no_cluster",
            ),
            models.CheckConstraint(condition=models.Q(category__in=Category.values), name="prompts_category_is_known"),
            models.CheckConstraint(
                condition=~models.Q(state__in=[PromptState.APPROVED, PromptState.REJECTED])
                | (models.Q(decided_at__isnull=False) & ~models.Q(decided_clause="")),
                name="prompts_decisions_name_their_clause",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["submitted_at"],
                condition=models.Q(state=PromptState.SUBMITTED),
                name="prompts_screening_queue",
            ),
            models.Index(fields=["author", "-submitted_at"], name="prompts_of_author"),
            models.Index(fields=["state", "language"], name="prompts_by_state_language"),
        ]

    def __str__(self) -> str:
        return f"prompt {self.pk}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this prompt."""
        return f"prompts.prompt:{self.pk}"


class HintKind(models.TextChoices):
    """What screening can notice, in the reader's words."""

    LANGUAGE = FindingKind.LANGUAGE.value, _("Another language than declared")
    DUPLICATE = FindingKind.DUPLICATE.value, _("Much like an earlier prompt")
    PERSONAL_DATA = FindingKind.PERSONAL_DATA.value, _("Perhaps personal data")
    IDENTITY_QUESTION = FindingKind.IDENTITY_QUESTION.value, _("Asks the models who they are")
    LENGTH = FindingKind.LENGTH.value, _("Very short")
    CONTROL_CHARACTERS = FindingKind.CONTROL_CHARACTERS.value, _("Characters that nobody can read")
    BANNED = FindingKind.BANNED.value, _("From a list that is not allowed")


class ScreeningHint(models.Model):
    """One kind of thing that screening noticed, with its evidence, and what the author answered."""

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="hints")
    kind = models.CharField(max_length=24, choices=HintKind.choices)
    clause = models.CharField(max_length=8)
    evidence = models.JSONField(default=dict)
    needs_review = models.BooleanField()
    answer = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(kind__in=HintKind.values), name="prompts_hint_is_known"),
            models.UniqueConstraint(fields=["prompt", "kind"], name="prompts_one_hint_of_a_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on prompt {self.prompt_id}"


class PromptBand(models.Model):
    """One band of a founder's MinHash signature; a prompt with an equal key in one band is compared with it."""

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="bands")
    band = models.SmallIntegerField()
    key = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["prompt", "band"], name="prompts_one_key_per_band")]
        indexes: ClassVar = [models.Index(fields=["band", "key"], name="prompts_band_key")]

    def __str__(self) -> str:
        return f"band {self.band} of prompt {self.prompt_id}"


class PromptSignature(models.Model):
    """The whole MinHash signature of a prompt; it stays when the text is erased, or the wall would forget."""

    prompt = models.OneToOneField(Prompt, on_delete=models.CASCADE, related_name="signature")
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="signatures")
    is_founder = models.BooleanField()
    algorithm = models.CharField(max_length=40)
    values = models.BinaryField(help_text="64-bit little-endian values, one per permutation.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["cluster"], condition=models.Q(is_founder=True), name="prompts_one_founder_per_cluster"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["algorithm"], condition=models.Q(is_founder=True), name="prompts_founders_by_algorithm"
            )
        ]

    def __str__(self) -> str:
        return f"signature of prompt {self.prompt_id}"


class TurnFounder(models.Model):
    """The signature of a cluster's founder that is no prompt but a further turn of a battle."""

    cluster = models.OneToOneField(Cluster, on_delete=models.PROTECT, primary_key=True, related_name="turn_founder")
    algorithm = models.CharField(max_length=40)
    values = models.BinaryField(help_text="64-bit little-endian values, one per permutation.")

    def __str__(self) -> str:
        return f"a turn founded cluster {self.cluster_id}"


class TurnFounderBand(models.Model):
    """One band of such a signature, looked up as a prompt's is."""

    founder = models.ForeignKey(TurnFounder, on_delete=models.CASCADE, related_name="bands")
    band = models.SmallIntegerField()
    key = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["founder", "band"], name="prompts_one_key_per_turn_band")
        ]
        indexes: ClassVar = [models.Index(fields=["band", "key"], name="prompts_turn_band_key")]

    def __str__(self) -> str:
        return f"band {self.band} of cluster {self.founder_id}"


class Outcome(models.TextChoices):
    """What became of two clusters that resemble each other; the wall decides it when the row is written."""

    MERGED = "merged", _("they are one")
    NEAR_RELEASED = "near_released", _("one was sold, the other is kept off the boards and out of releases")
    NOTHING = "nothing", _("they were one already, or both were sold")


class Resemblance(models.Model):
    """Two clusters that one text is near to, or whose founders are near each other; written once and never changed."""

    first = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="+")
    jaccard = models.FloatField(help_text="The lesser of the two likenesses that tie them, 0 to 1.")
    algorithm = models.CharField(max_length=40)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, default=Outcome.NOTHING)
    found_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(first=models.F("second")), name="prompts_two_clusters_alike"),
            models.CheckConstraint(condition=models.Q(outcome__in=Outcome.values), name="prompts_outcome_is_known"),
            models.CheckConstraint(
                condition=models.Q(jaccard__gte=0, jaccard__lte=1), name="prompts_likeness_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"clusters {self.first_id} and {self.second_id} are alike"
