"""Cases that a person must look at, the decisions made on them with their reasons, and appeals."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contributors.models import Contributor, Network
from apps.integrity.models import Finding
from apps.licensing.models import Release
from apps.moderation.domain.priority import Reason
from apps.prompts.models import Prompt


class CaseKind(models.TextChoices):
    """What a case is about."""

    PROMPT = "prompt", _("Prompts")
    FINDING = "finding", _("Findings about votes")
    APPEAL = "appeal", _("Appeals")
    RELEASE = "release", _("Releases")
    EXPORTS = "exports", _("Many exports")


class CaseState(models.TextChoices):
    """Whether a case still waits; a moot one lost its subject before anybody decided."""

    OPEN = "open", _("open")
    DECIDED = "decided", _("decided")
    MOOT = "moot", _("nothing left to decide")


class PriorityReason(models.TextChoices):
    """Why a case has its place in the queue."""

    PERSONAL_DATA = Reason.PERSONAL_DATA.value, _("Personal data may stand in it")
    APPEAL = Reason.APPEAL.value, _("Somebody waits for a second look")
    FINDING = Reason.FINDING.value, _("These votes count until somebody decides")
    EXPORTS = Reason.EXPORTS.value, _("Many people of one network took their words away")
    FLAGGED = Reason.FLAGGED.value, _("Its author waits for an answer")
    NEWCOMER = Reason.NEWCOMER.value, _("Read afterwards: among a newcomer's first prompts")
    SAMPLE = Reason.SAMPLE.value, _("Read afterwards: drawn by chance")


class ExportsOutcome(models.TextChoices):
    """What a look at many exports came to."""

    EXPLAINED = "explained", _("There is a plain reason")
    HANDED_ON = "handed_on", _("Somebody may be collecting them: handed on to who runs the networks")


class CaseQuerySet(models.QuerySet["Case"]):
    """Reads that chain like adjectives."""

    def open(self) -> "CaseQuerySet":
        """Only cases that nobody has decided."""
        return self.filter(state=CaseState.OPEN)


class Case(models.Model):
    """Something a person must look at; its subject is exactly one thing."""

    kind = models.CharField(max_length=16, choices=CaseKind.choices)
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    appeal = models.OneToOneField("Appeal", on_delete=models.PROTECT, null=True, blank=True, related_name="case")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    state = models.CharField(max_length=16, choices=CaseState.choices, default=CaseState.OPEN)
    priority = models.PositiveSmallIntegerField(default=2, help_text="0 is the most urgent, 3 the least.")
    priority_reason = models.CharField(max_length=200, blank=True, choices=PriorityReason.choices)
    language = models.CharField(max_length=16, blank=True)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    lease_holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, blank=True, choices=ExportsOutcome.choices)
    note = models.TextField(blank=True, help_text="What a look at many exports came to, in the moderator's words.")

    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind="prompt", prompt__isnull=False, finding=None, release=None, appeal=None, network=None)
                | Q(kind="finding", prompt=None, finding__isnull=False, release=None, appeal=None, network=None)
                | Q(kind="release", prompt=None, finding=None, release__isnull=False, appeal=None, network=None)
                | Q(kind="appeal", prompt=None, finding=None, release=None, appeal__isnull=False, network=None)
                | Q(kind="exports", prompt=None, finding=None, release=None, appeal=None, network__isnull=False),
                name="moderation_exactly_one_subject",
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None) | Q(state__in=["decided", "moot"], decided_at__isnull=False),
                name="moderation_decided_has_a_time",
            ),
            # Nobody is decided against, so there is no decision to appeal: the case says itself what came of it.
            models.CheckConstraint(
                condition=Q(kind="exports", state="decided", outcome__in=ExportsOutcome.values) & ~Q(note="")
                | (~Q(kind="exports", state="decided") & Q(outcome="", note="")),
                name="moderation_looked_into_says_what_came",
            ),
            models.CheckConstraint(condition=Q(priority__lte=3), name="moderation_priority_is_a_band"),
            models.CheckConstraint(
                condition=Q(lease_until=None) | Q(state="open"), name="moderation_only_open_cases_are_lent"
            ),
            models.UniqueConstraint(
                fields=["prompt"], condition=Q(state="open"), name="moderation_one_open_case_a_prompt"
            ),
            models.UniqueConstraint(
                fields=["finding"], condition=Q(state="open"), name="moderation_one_open_case_a_finding"
            ),
            models.UniqueConstraint(
                fields=["network"], condition=Q(state="open"), name="moderation_one_open_case_a_network"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["priority", "due_at", "id"], condition=Q(state="open"), name="moderation_open_queue")
        ]

    def __str__(self) -> str:
        return f"case {self.pk} ({self.kind})"

    @property
    def ref(self) -> str:
        """The reference under which the log names this case."""
        return f"moderation.case:{self.pk}"

    def is_about(self, account_id: int | None) -> bool:
        """Whether it is about somebody's own prompt, votes or appeal."""
        if self.prompt is not None:
            return self.prompt.author.account_id == account_id
        if self.finding is not None:
            return self.finding.contributor.account_id == account_id
        if self.appeal is not None:
            return account_id in {self.appeal.appellant_id, self.appeal.decision.concerns.account_id}
        if self.network is not None:
            return self.network.own_exports.filter(contributor__account=account_id).exists()
        return False

    def is_against(self, account_id: int | None) -> bool:
        """Whether it is an appeal against somebody's own decision (clause M2)."""
        return self.appeal is not None and self.appeal.decision.decided_by_id == account_id


class Action(models.TextChoices):
    """What a decision does, from the mildest to the hardest."""

    APPROVE = "approve", _("Approve the prompt")
    DISMISS = "dismiss", _("Dismiss the finding")
    REJECT = "reject", _("Reject the prompt")
    EXCLUDE_VOTES = "exclude_votes", _("Leave the votes out")
    UPHOLD = "uphold", _("Uphold the decision")
    OVERTURN = "overturn", _("Overturn the decision")


# What is decided against somebody can be appealed; an appeal's own decision is the last word.
APPEALABLE = (Action.REJECT, Action.EXCLUDE_VOTES)


class DecisionSource(models.TextChoices):
    """Who decided: a person, or a rule of the rulebook."""

    PERSON = "person", _("a person")
    RULE = "rule", _("a rule of the rulebook")


class DecisionQuerySet(models.QuerySet["Decision"]):
    """Reads that chain like adjectives."""

    def standing(self) -> "DecisionQuerySet":
        """Only decisions that no later one has replaced."""
        return self.filter(superseded_by=None)


class Decision(models.Model):
    """A decision with its clause and its reasons; never edited, only superseded.

    A trigger keeps three more promises (migration 0002): nobody decides about themselves, an appeal is decided by
    somebody else, and a decision supersedes one on the same thing.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, blank=True, related_name="decisions")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, null=True, blank=True, related_name="decisions")
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, null=True, blank=True, related_name="decisions")
    action = models.CharField(max_length=16, choices=Action.choices)
    source = models.CharField(max_length=8, choices=DecisionSource.choices)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    policy_version = models.PositiveIntegerField()
    clause = models.CharField(max_length=8)
    reason = models.TextField(blank=True, help_text="What the person concerned reads.")
    reason_commitment = models.CharField(max_length=64, blank=True)
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    decided_at = models.DateTimeField()
    effective_at = models.DateTimeField()

    objects = DecisionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(action__in=Action.values), name="moderation_action_is_known"),
            models.CheckConstraint(
                condition=Q(prompt__isnull=False, finding=None, action__in=["approve", "reject", "uphold", "overturn"])
                | Q(prompt=None, finding__isnull=False, action__in=["dismiss", "exclude_votes", "uphold", "overturn"]),
                name="moderation_action_fits_its_subject",
            ),
            models.CheckConstraint(condition=~Q(clause=""), name="moderation_decision_names_a_clause"),
            models.CheckConstraint(
                condition=Q(action__in=["approve", "dismiss"]) | ~Q(reason=""), name="moderation_harm_needs_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(source="person", decided_by__isnull=False, case__isnull=False)
                | Q(source="rule", decided_by=None, case=None),
                name="moderation_person_or_rule",
            ),
            models.CheckConstraint(
                condition=Q(effective_at__gte=F("decided_at")), name="moderation_effective_after_decided"
            ),
            models.UniqueConstraint(fields=["case"], name="moderation_one_decision_a_case"),
            models.UniqueConstraint(
                fields=["prompt"], condition=Q(supersedes=None), name="moderation_one_first_decision_a_prompt"
            ),
            models.UniqueConstraint(
                fields=["finding"], condition=Q(supersedes=None), name="moderation_one_first_decision_a_finding"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-decided_at"], name="moderation_newest_decisions")]

    def __str__(self) -> str:
        return f"{self.action} under {self.clause}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this decision."""
        return f"moderation.decision:{self.pk}"

    @property
    def concerns(self) -> Contributor:
        """The contributor about whose prompt or votes it is."""
        if self.prompt is not None:
            return self.prompt.author
        if self.finding is not None:
            return self.finding.contributor
        raise ValueError("A decision is about a prompt or a finding.")


class AppealState(models.TextChoices):
    """What became of an appeal."""

    OPEN = "open", _("open")
    UPHELD = "upheld", _("the decision was upheld")
    OVERTURNED = "overturned", _("the decision was overturned")


class Appeal(models.Model):
    """A contributor's objection to a decision; somebody else looks again."""

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="appeal")
    appellant = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="appeals")
    text = models.TextField()
    state = models.CharField(max_length=16, choices=AppealState.choices, default=AppealState.OPEN)
    made_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=AppealState.values), name="moderation_appeal_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None)
                | Q(state__in=["upheld", "overturned"], closed_at__isnull=False),
                name="moderation_closed_appeals_have_a_time",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="moderation_appeals_say_something"),
        ]

    def __str__(self) -> str:
        return f"appeal {self.pk}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this appeal."""
        return f"moderation.appeal:{self.pk}"


class Draft(models.Model):
    """What a moderator has written on a case and not sent: a lease that ends takes nothing from anybody."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="drafts")
    moderator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    action = models.CharField(max_length=16, blank=True)
    clause = models.CharField(max_length=8, blank=True)
    reason = models.TextField(blank=True)
    saved_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "moderator"], name="moderation_one_draft_a_person")
        ]

    def __str__(self) -> str:
        return f"draft on case {self.case_id}"
