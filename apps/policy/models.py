"""The rulebook as rows; what is proposed; what was read of others' words; and the ways out of the platform."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.policy.domain.changes import Kind
from apps.policy.domain.directions import Safer
from apps.policy.domain.way_out import WayKind


class KindChoices(models.TextChoices):
    """What a version does, compared with the one before."""

    TIGHTENS = Kind.TIGHTENS.value, _("tightens")
    LOOSENS = Kind.LOOSENS.value, _("loosens")
    MIXED = Kind.MIXED.value, _("tightens and changes")
    CHANGES = Kind.CHANGES.value, _("changes")


class PolicyVersion(models.Model):
    """One edition of the rulebook; decisions and releases name the one they were made under.

    Written by migrations and by the database's function ``policy_adopt`` alone.
    """

    number = models.PositiveIntegerField(unique=True)
    effective_at = models.DateTimeField()
    summary = models.CharField(max_length=300)
    kind = models.CharField(max_length=16, choices=KindChoices.choices, blank=True, default="", db_default="")
    adopted_at = models.DateTimeField(null=True, blank=True)
    proposal = models.ForeignKey(
        "policy.PolicyProposal", on_delete=models.PROTECT, null=True, blank=True, related_name="versions"
    )
    carries = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The version that was waiting and is written anew, with what was tightened meanwhile.",
    )

    def __str__(self) -> str:
        return f"version {self.number}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this version."""
        return f"policy.version:{self.number}"


class Clause(models.Model):
    """One rule with its number, its words and its parameters."""

    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="clauses")
    number = models.CharField(max_length=8, help_text="A letter for the subject and a running number, such as P2.")
    title = models.CharField(max_length=120)
    text = models.TextField()
    parameters = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "number"], name="policy_clause_once_per_version")
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class ReadingBatch(models.Model):
    """What one person reads of others' words for one purpose within an hour; closed, it is one entry of the log."""

    reader = models.CharField(max_length=100, help_text="A pseudonym, as in the log.")
    role = models.CharField(max_length=32)
    purpose = models.CharField(max_length=32)
    key = models.CharField(max_length=32, blank=True, help_text="The prefix of the key of the API; empty on the web.")
    began_at = models.DateTimeField(db_default=Now(), help_text="By the database's clock, set by a trigger.")
    closed_at = models.DateTimeField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 over the looks, as its entry has it.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["reader", "role", "purpose", "key"],
                condition=models.Q(closed_at=None),
                name="policy_one_open_batch_a_reader",
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at=None, digest="")
                | (models.Q(closed_at__isnull=False) & models.Q(digest__regex="^[0-9a-f]{64}$")),
                name="policy_closed_batches_have_a_digest",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["reader", "began_at"], name="policy_batches_of_a_reader")]

    def __str__(self) -> str:
        return f"reading batch {self.pk}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this batch."""
        return f"policy.readingbatch:{self.pk}"


class ContentLook(models.Model):
    """One look at others' words, committed before they were shown; never changed."""

    batch = models.ForeignKey(ReadingBatch, on_delete=models.PROTECT, related_name="looks")
    at = models.DateTimeField(db_default=Now(), help_text="By the database's clock, set by a trigger.")
    subjects = ArrayField(models.CharField(max_length=150), help_text="References such as prompts.prompt:42.")
    counted = models.PositiveIntegerField(help_text="Texts that this person had not read within 24 hours.")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(subjects__len__gt=0, counted__lte=models.F("subjects__len")),
                name="policy_a_look_is_at_something",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["at"], name="policy_looks_by_time")]

    def __str__(self) -> str:
        return f"look {self.pk}"


class EgressRoute(models.Model):
    """One way out of the platform, as ``domain/ways_out.py`` describes it; written after each migration."""

    name = models.SlugField(max_length=60, unique=True)
    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=120)
    owner = models.CharField(max_length=60)
    carries = models.TextField(help_text="What leaves.")
    because = models.TextField(help_text="Why that is allowed.")
    exits = ArrayField(models.CharField(max_length=120), help_text="Where in the code, such as url:audit:checkpoint.")
    holds_content = models.BooleanField(help_text="Whether anything of a live battle can be in it.")

    class Meta:
        ordering: ClassVar = ["kind", "name"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in WayKind]), name="policy_way_kind_is_known"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ParameterDirection(models.Model):
    """To which side a parameter is safer; the database reads it where it decides what loosens."""

    clause = models.CharField(max_length=8)
    name = models.CharField(max_length=64)
    safer = models.CharField(max_length=8, choices=[(each.value, each.value) for each in Safer])

    class Meta:
        ordering: ClassVar = ["clause", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["clause", "name"], name="policy_one_direction_each"),
            models.CheckConstraint(condition=Q(safer__in=list(Safer)), name="policy_direction_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.clause}.{self.name}: {self.safer}"


class ProposalState(models.TextChoices):
    """Where a proposal stands."""

    PROPOSED = "proposed", _("proposed")
    ADOPTED = "adopted", _("adopted")
    REJECTED = "rejected", _("rejected")
    WITHDRAWN = "withdrawn", _("withdrawn")


class PolicyProposal(models.Model):
    """A wish to change the rulebook, upon one version of it; a second person says yes or no."""

    based_on = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=16, choices=ProposalState.choices, default=ProposalState.PROPOSED)
    proposer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    backtested_at = models.DateTimeField(null=True, blank=True)
    second = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=300, blank=True, help_text="Why it was rejected.")
    kind = models.CharField(max_length=16, choices=KindChoices.choices, blank=True, default="")
    effective_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=ProposalState.values), name="policy_proposal_state_is_known"),
            models.CheckConstraint(
                condition=Q(second=None) | ~Q(second=F("proposer")), name="policy_two_people_change_the_book"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["adopted", "rejected"]) | Q(second__isnull=False, decided_at__isnull=False),
                name="policy_a_second_person_decides",
            ),
            models.CheckConstraint(
                condition=~Q(state="adopted")
                | (Q(effective_at__isnull=False, backtested_at__isnull=False) & ~Q(kind="")),
                name="policy_adopted_ones_were_tested",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="policy_proposals_have_a_reason"),
        ]

    def __str__(self) -> str:
        return f"proposal {self.pk}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this proposal."""
        return f"policy.proposal:{self.pk}"


class ClauseProposal(models.Model):
    """How one clause would read under a proposal, or that it would go."""

    proposal = models.ForeignKey(PolicyProposal, on_delete=models.PROTECT, related_name="clauses")
    number = models.CharField(max_length=8)
    title = models.CharField(max_length=120, blank=True)
    text = models.TextField(blank=True)
    parameters = models.JSONField(default=dict, blank=True)
    is_removed = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["proposal", "number"], name="policy_clause_once_per_proposal"),
            models.CheckConstraint(
                condition=Q(number__regex=r"^[A-Z][1-9][0-9]{0,2}$"), name="policy_proposed_number_is_one"
            ),
            models.CheckConstraint(
                condition=Q(is_removed=True) | (~Q(title="") & ~Q(text="")), name="policy_proposed_clause_has_words"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} under proposal {self.proposal_id}"


class BackTest(models.Model):
    """What one past release would have met under a proposal; written by whoever knows releases."""

    proposal = models.ForeignKey(PolicyProposal, on_delete=models.PROTECT, related_name="back_tests")
    subject = models.CharField(max_length=100, help_text="A reference, such as licensing.release:12.")
    held = models.BooleanField(help_text="Whether every rule held under the version that the proposal is based on.")
    holds = models.BooleanField(help_text="Whether every rule would hold under the proposal.")
    verdicts = models.JSONField(default=list, help_text="Rule by rule: what was counted, and against which number.")
    tested_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["proposal", "subject"], name="policy_one_back_test_each"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} under proposal {self.proposal_id}"
