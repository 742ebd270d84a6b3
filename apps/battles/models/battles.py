"""Language models, the battles between two of them, their further turns and their answers."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.contributors.models import Contributor
from apps.organizations.models import Organization
from apps.prompts.models import Category, Cluster, Prompt


class ModelState(models.TextChoices):
    """How public a model is."""

    PRIVATE = "private"
    PREVIEW = "preview"
    PUBLIC = "public"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


# Only these are drawn; a private model is compared elsewhere, a deprecated one keeps the votes it has.
DRAWN_STATES = (ModelState.PREVIEW, ModelState.PUBLIC)


class LanguageModel(models.Model):
    """A model that answers prompts and stands on the board."""

    name = models.CharField(max_length=120, unique=True)
    slug = models.SlugField(max_length=120, unique=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="language_models")
    licence = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=16, choices=ModelState.choices, default=ModelState.PUBLIC)
    is_imported = models.BooleanField(default=False)
    added_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=ModelState.values), name="battles_model_state_is_known")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> str:
        """The reference under which the log names this model."""
        return f"battles.languagemodel:{self.pk}"


class Provider(models.TextChoices):
    """How an endpoint is spoken to."""

    RECORDED = "recorded"
    OPENAI = "openai"


# A provider must never be sent another of the platform's secrets because somebody typed its name.
KEY_REFERENCE_PATTERN = r"^SHOWDOWN_MODEL_KEY_[A-Z0-9_]+$"


class Endpoint(models.Model):
    """Where a model answers, and under which terms its answers may be passed on."""

    model = models.ForeignKey(LanguageModel, on_delete=models.CASCADE, related_name="endpoints")
    provider = models.CharField(max_length=16, choices=Provider.choices)
    base_url = models.CharField(max_length=300, blank=True)
    remote_name = models.CharField(max_length=120)
    key_reference = models.CharField(
        max_length=80, blank=True, help_text="Name of the environment variable: SHOWDOWN_MODEL_KEY_…"
    )
    redistribution_allowed = models.BooleanField(null=True, help_text="Unknown counts as no.")
    weight = models.FloatField(default=1.0)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(provider__in=Provider.values), name="battles_provider_is_known"),
            models.CheckConstraint(
                condition=Q(weight__gte=0) & Q(weight__lte=1_000), name="battles_weight_is_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(key_reference="") | Q(key_reference__regex=KEY_REFERENCE_PATTERN),
                name="battles_key_is_a_models_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remote_name} ({self.provider})"

    @property
    def ref(self) -> str:
        """The reference under which the log names this endpoint."""
        return f"battles.endpoint:{self.pk}"


class ImportedDataset(models.Model):
    """A public file of battles that was read in, with its licence."""

    name = models.CharField(max_length=120, unique=True)
    format = models.CharField(max_length=32)
    licence = models.CharField(max_length=120, blank=True)
    source_sha256 = models.CharField(max_length=64)
    rows = models.PositiveBigIntegerField(default=0)
    imported_at = models.DateTimeField()
    is_complete = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> str:
        """The reference under which the log names this dataset."""
        return f"battles.importeddataset:{self.pk}"


class Source(models.TextChoices):
    """Whether a battle was fought here or read from a file."""

    PLATFORM = "platform"
    IMPORTED = "imported"


class BattleState(models.TextChoices):
    """Where a battle stands; only one that is ready can be voted on."""

    OPENED = "opened"
    ANSWERING = "answering"
    READY = "ready"
    VOTED = "voted"
    VOIDED = "voided"
    SKIPPED = "skipped"
    EXPIRED = "expired"


UNFINISHED = (BattleState.OPENED, BattleState.ANSWERING, BattleState.READY)


class VoidReason(models.TextChoices):
    """Why a battle counts for nobody."""

    FAILED = "failed", _("the provider reported an error")
    STALLED = "stalled", _("an answer stopped arriving")
    TOO_SLOW = "too_slow", _("an answer took too long")
    GARBAGE = "garbage", _("what arrived was not an answer")
    EMPTY = "empty", _("an answer was empty")
    ENDLESS = "endless", _("an answer did not end")
    CUT = "cut", _("the connection broke in the middle of an answer")
    NAMED_ITSELF = "named_itself", _("an answer named its model or its maker")
    ABANDONED = "abandoned", _("the answers never arrived")
    PROMPT_CLOSED = "prompt_closed", _("the prompt was taken back")


class BattleQuerySet(models.QuerySet["Battle"]):
    """Reads that chain like adjectives."""

    def unfinished(self) -> "BattleQuerySet":
        """Only battles that still wait for answers or a vote."""
        return self.filter(state__in=UNFINISHED)

    def of(self, contributor: Contributor) -> "BattleQuerySet":
        """Only one contributor's battles."""
        return self.filter(contributor=contributor)


class Battle(models.Model):
    """Two answers to one prompt, shown blind to one contributor."""

    source = models.CharField(max_length=16, choices=Source.choices, default=Source.PLATFORM)
    dataset = models.ForeignKey(
        ImportedDataset, on_delete=models.PROTECT, null=True, blank=True, related_name="battles"
    )
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, null=True, blank=True, related_name="battles")
    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="battles")
    left_model = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, related_name="+")
    right_model = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, related_name="+")
    left_endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    right_endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    pair_probability = models.FloatField(null=True, blank=True, help_text="With which the unordered pair was drawn.")
    language = models.CharField(max_length=16, blank=True, help_text="Of the prompt; BCP 47.")
    category = models.CharField(max_length=16, choices=Category.choices, default=Category.OTHER)
    state = models.CharField(max_length=16, choices=BattleState.choices, default=BattleState.OPENED)
    voted = models.BooleanField(default=False)
    tag = models.CharField(max_length=16, null=True, blank=True, help_text="Set by the wall: released, near_released.")  # noqa: DJ001
    void_reason = models.CharField(max_length=32, blank=True, choices=VoidReason.choices)
    opening_key = models.UUIDField(unique=True, default=uuid.uuid4, help_text="A second click finds the first battle.")
    opened_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="When a process began to fetch the answers.")
    last_event_at = models.DateTimeField(db_default=Now(), help_text="By the database's clock, set by a trigger.")

    clusters = models.ManyToManyField(Cluster, through="BattleCluster", related_name="battles")

    objects = BattleQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["id", "source", "last_event_at"], name="battles_event_key"),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="battles_source_is_known"),
            models.CheckConstraint(condition=Q(state__in=BattleState.values), name="battles_state_is_known"),
            models.CheckConstraint(condition=~Q(left_model=F("right_model")), name="battles_two_different_models"),
            models.CheckConstraint(
                condition=Q(source=Source.PLATFORM, dataset=None, prompt__isnull=False)
                | Q(source=Source.IMPORTED, dataset__isnull=False, prompt=None),
                name="battles_imported_ones_have_a_dataset",
            ),
            models.CheckConstraint(
                condition=Q(voted=True, state=BattleState.VOTED) | (Q(voted=False) & ~Q(state=BattleState.VOTED)),
                name="battles_voted_means_voted",
            ),
            models.CheckConstraint(
                condition=Q(void_reason="") & ~Q(state=BattleState.VOIDED)
                | Q(void_reason__in=VoidReason.values, state=BattleState.VOIDED),
                name="battles_void_ones_say_why",
            ),
            models.CheckConstraint(
                condition=Q(pair_probability=None) | (Q(pair_probability__gt=0) & Q(pair_probability__lte=1)),
                name="battles_probability_is_one",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["contributor", "-opened_at"], name="battles_of_contributor"),
            models.Index(fields=["opened_at"], condition=Q(state__in=UNFINISHED), name="battles_unfinished"),
        ]

    def __str__(self) -> str:
        return f"battle {self.pk}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this battle."""
        return f"battles.battle:{self.pk}"


class BattleCluster(models.Model):
    """The clusters that a battle's words live in; rows are added, never changed."""

    pk = models.CompositePrimaryKey("battle_id", "cluster_id")
    battle = models.ForeignKey(Battle, on_delete=models.PROTECT, related_name="cluster_links")
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="battle_links")

    class Meta:
        db_table = "battle_cluster"

    def __str__(self) -> str:
        return f"battle {self.battle_id} in cluster {self.cluster_id}"


class Turn(models.Model):
    """A further turn of the contributor's; the first is the prompt. Unscreened while a person would have to look."""

    battle = models.ForeignKey(Battle, on_delete=models.PROTECT, related_name="turns")
    number = models.PositiveSmallIntegerField(help_text="From 2 on, without a gap.")
    text = models.TextField()
    text_sha256 = models.CharField(max_length=64, help_text="Of the normalised text.")
    language = models.CharField(max_length=16, help_text="Of the battle; BCP 47.")
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, null=True, related_name="turns")
    screened_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(help_text="By the database's clock, set by a trigger.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["battle", "number"], name="battles_turns_are_numbered"),
            models.CheckConstraint(condition=Q(number__gte=2) & ~Q(text=""), name="battles_turns_follow_the_prompt"),
        ]

    def __str__(self) -> str:
        return f"turn {self.number} of battle {self.battle_id}"


class Side(models.TextChoices):
    """Which answer; left is shown as A."""

    LEFT = "left"
    RIGHT = "right"


class Response(models.Model):
    """A whole answer of one side, with the style that ranking controls for and the times that the voter saw."""

    battle = models.ForeignKey(Battle, on_delete=models.PROTECT, related_name="responses")
    side = models.CharField(max_length=8, choices=Side.choices)
    text = models.TextField()
    tokens = models.PositiveIntegerField(help_text="Counted by our own rule, the same for every model.")
    headers = models.PositiveIntegerField(help_text="Markdown headers.")
    lists = models.PositiveIntegerField(help_text="Markdown list items.")
    bold = models.PositiveIntegerField(help_text="Bold spans.")
    first_token_ms = models.PositiveIntegerField(help_text="Until the first token was shown.")
    last_token_ms = models.PositiveIntegerField(help_text="Until the last token was shown.")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["battle", "side"], name="battles_one_response_a_side"),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="battles_side_is_known"),
            models.CheckConstraint(condition=~Q(text=""), name="battles_answers_are_not_empty"),
            models.CheckConstraint(
                condition=Q(last_token_ms__gte=F("first_token_ms")), name="battles_last_token_follows_the_first"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} of battle {self.battle_id}"


class EndpointFailure(models.Model):
    """A battle that one endpoint made void, so that whoever runs the models sees what to mend."""

    battle = models.OneToOneField(Battle, on_delete=models.PROTECT, related_name="failure")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="failures")
    side = models.CharField(max_length=8, choices=Side.choices)
    reason = models.CharField(max_length=32, choices=VoidReason.choices)
    failed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(side__in=Side.values), name="battles_failing_side_is_known"),
            models.CheckConstraint(condition=Q(reason__in=VoidReason.values), name="battles_failure_is_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["endpoint", "-failed_at"], name="battles_failures_newest")]

    def __str__(self) -> str:
        return f"{self.reason} at endpoint {self.endpoint_id}"
