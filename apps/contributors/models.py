"""The people who vote: their networks, what they declare about themselves, and what they consent to."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.organizations.models import Organization

# The network of everybody who came by themselves; a migration makes it.
OPEN_NETWORK = "Everyone"


class Network(models.Model):
    """A group of contributors run together: a partner, a country or a cohort, in a tree."""

    name = models.CharField(max_length=120, unique=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    is_imported = models.BooleanField(default=False, help_text="Holds the pseudonymous voters of imported data.")

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> str:
        """The reference under which the log names this network."""
        return f"contributors.network:{self.pk}"


class Standing(models.TextChoices):
    """Whether somebody may take part."""

    APPLYING = "applying", _("applying")
    ACTIVE = "active", _("active")
    SUSPENDED = "suspended", _("suspended")
    LEFT = "left", _("left")


class ContributorQuerySet(models.QuerySet["Contributor"]):
    """Reads that chain like adjectives."""

    def active(self) -> "ContributorQuerySet":
        """Only those who may take part now."""
        return self.filter(standing=Standing.ACTIVE)


class Contributor(models.Model):
    """Somebody who brings prompts and votes; imported voters have no account."""

    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="contributor"
    )
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="contributors")
    voter_id = models.UUIDField(unique=True, default=uuid.uuid4, help_text="Random; the only name that votes carry.")
    standing = models.CharField(max_length=16, choices=Standing.choices, default=Standing.APPLYING)
    joined_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True, blank=True)

    objects = ContributorQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(standing__in=Standing.values), name="contributors_standing_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(standing=Standing.ACTIVE) | models.Q(activated_at__isnull=False),
                name="contributors_active_since_a_moment",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["network", "standing"], name="contributors_by_network")]

    def __str__(self) -> str:
        return f"contributor {self.pk}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this contributor."""
        return f"contributors.contributor:{self.pk}"


class Attribute(models.TextChoices):
    """What a contributor can declare about themselves, and boards can be cut by."""

    COUNTRY = "country", _("country")
    LANGUAGE = "language", _("language")
    PROFESSION = "profession", _("profession")
    AGE_BAND = "age_band", _("age band")
    EDUCATION = "education", _("education")


class ProofLevel(models.IntegerChoices):
    """How well a claim is proved, from somebody's word upwards."""

    SELF_DECLARED = 0, _("self-declared")
    CONTACT = 1, _("contact checked")
    DOCUMENT = 2, _("document seen")
    EXAMINATION = 3, _("examined")
    INTERVIEW = 4, _("interviewed")


class DemographicClaim(models.Model):
    """One declared fact about a contributor; a changed mind ends the old claim and makes a new one."""

    contributor = models.ForeignKey(Contributor, on_delete=models.CASCADE, related_name="claims")
    attribute = models.CharField(max_length=16, choices=Attribute.choices)
    value = models.CharField(max_length=32, help_text="A code: ISO 3166, BCP 47, ISCO-08, a band.")
    proof_level = models.SmallIntegerField(choices=ProofLevel.choices, default=ProofLevel.SELF_DECLARED)
    claimed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(attribute__in=Attribute.values), name="contributors_attribute_is_known"
            ),
            models.UniqueConstraint(
                fields=["contributor", "attribute"],
                condition=models.Q(ended_at=None) & ~models.Q(attribute=Attribute.LANGUAGE),
                name="contributors_one_current_claim",
            ),
            models.UniqueConstraint(
                fields=["contributor", "attribute", "value"],
                condition=models.Q(ended_at=None),
                name="contributors_claim_said_once",
            ),
            models.CheckConstraint(
                condition=models.Q(proof_level__in=ProofLevel.values), name="contributors_proof_level_is_known"
            ),
            models.CheckConstraint(condition=~models.Q(value=""), name="contributors_claim_says_something"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["attribute", "value"], condition=models.Q(ended_at=None), name="contributors_current_claims"
            )
        ]

    def __str__(self) -> str:
        return f"{self.attribute}={self.value}"


class Affiliation(models.Model):
    """Whom a contributor works for, as declared; with neither organization nor name, for nobody."""

    contributor = models.ForeignKey(Contributor, on_delete=models.CASCADE, related_name="affiliations")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    employer_name = models.CharField(max_length=120, blank=True, help_text="As declared, when it is not registered.")
    declared_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["contributor"],
                condition=models.Q(ended_at=None),
                name="contributors_one_current_employer",
            ),
            models.CheckConstraint(
                condition=models.Q(organization=None) | models.Q(employer_name=""),
                name="contributors_employer_said_one_way",
            ),
        ]

    def __str__(self) -> str:
        return self.employer_name or f"organization {self.organization_id}"


class ConsentKind(models.TextChoices):
    """The three things asked for apart; the second and third are free to refuse."""

    PARTICIPATION = "participation", _("Taking part")
    PUBLICATION = "publication", _("Publication")
    LICENSING = "licensing", _("Licensing")


class ConsentText(models.Model):
    """The words somebody agreed to: one kind, one version, one language."""

    kind = models.CharField(max_length=16, choices=ConsentKind.choices)
    version = models.PositiveIntegerField()
    language = models.CharField(max_length=16)
    title = models.CharField(max_length=200)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "version", "language"], name="contributors_consent_text_once"),
            models.CheckConstraint(
                condition=models.Q(kind__in=ConsentKind.values), name="contributors_consent_text_kind_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version} ({self.language})"


class Consent(models.Model):
    """A contributor's agreement to one text, and when they took it back."""

    contributor = models.ForeignKey(Contributor, on_delete=models.CASCADE, related_name="consents")
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=ConsentKind.choices)
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["contributor", "kind"],
                condition=models.Q(withdrawn_at=None),
                name="contributors_one_current_consent",
            ),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at=None) | models.Q(withdrawn_at__gte=models.F("given_at")),
                name="contributors_withdrawn_after_given",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=ConsentKind.values), name="contributors_consent_kind_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.contributor_id}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this consent."""
        return f"contributors.consent:{self.pk}"


class OwnExport(models.Model):
    """A contributor took their own words and votes with them; many from one network open a case (clause G2)."""

    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="own_exports")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="own_exports")
    at = models.DateTimeField(db_default=Now(), help_text="By the database's clock, set by a trigger.")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["network", "at"], name="contributors_exports_by_time")]

    def __str__(self) -> str:
        return f"export {self.pk}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this export."""
        return f"contributors.ownexport:{self.pk}"
