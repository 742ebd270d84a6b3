"""One case on the desk: its subject, the evidence, and what a decision can rest on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.battles.models import Vote
from apps.contributors.models import Contributor
from apps.integrity.models import Finding
from apps.moderation.models import Action, Case, CaseKind, CaseQuerySet, CaseState, Decision, Draft
from apps.moderation.queries.access import WITH_SUBJECT, NoSuchCase, require_other_person
from apps.moderation.queries.queue import one_of, why
from apps.policy.domain.rulebook import ClauseText
from apps.policy.queries import rulebook
from apps.prompts.models import Category, HintKind, Prompt, PromptQuerySet, PromptState

_SIBLINGS: Final = 3
_HISTORY: Final = 5
_RARE: Final = 1e-6
_WORDS: Final = ("prompt__text", "appeal__text", "appeal__decision__prompt__text")


@dataclass(frozen=True, slots=True, kw_only=True)
class HintLine:
    """What screening noticed, with the clause and what the author answered."""

    kind: str
    label: str
    clause: ClauseText | None
    needs_review: bool
    evidence: Mapping[str, Any]
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a moderator sees of the person concerned: a pseudonym, since when, and how it went before."""

    pseudonym: str
    joined_at: datetime
    prompts: int
    approved: int
    rejected: int
    votes: int
    appeals_won: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseView:
    """Who has a case now: the part of the console that says so by itself."""

    case: Case
    lease: str  # "mine", "free" or "taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case as the console shows it."""

    case: Case
    kind: CaseKind
    why: str
    lease: str  # "mine", "free" or "taken"
    prompt: Prompt | None
    category: str
    person: Person
    hints: list[HintLine]
    siblings: list[Prompt]
    finding: Finding | None
    tests: list[Mapping[str, Any]]
    appealed: Decision | None
    appealed_clause: ClauseText | None
    history: list[Decision]
    decided_by: Decision | None
    draft: Draft | None
    grounds: list[ClauseText]
    actions: tuple[Action, ...]
    is_afterwards: bool
    kind_label: str = field(default="")

    @property
    def chance(self) -> str:
        """The finding's p-value as people say it, or nothing."""
        if self.finding is None:
            return ""
        if self.finding.p_value < _RARE:
            return _("less than once in a million")
        once_in = float(f"{1 / self.finding.p_value:.2g}")
        return _("about once in %(number)s") % {"number": f"{once_in:,.0f}"}

    @property
    def is_likeness(self) -> bool:
        """Whether a person was asked because of another prompt, which should then be in sight."""
        return any(hint.kind == HintKind.DUPLICATE and hint.needs_review for hint in self.hints)


_ACTIONS: Final = {
    CaseKind.PROMPT: (Action.APPROVE, Action.REJECT),
    CaseKind.FINDING: (Action.DISMISS, Action.EXCLUDE_VOTES),
    CaseKind.APPEAL: (Action.UPHOLD, Action.OVERTURN),
    CaseKind.RELEASE: (),
}


def kind_and_decision(case_id: int) -> tuple[CaseKind | None, int | None]:
    """Return what a case is about, and the id of the decision made on it; None for what there is not."""
    found = Case.objects.filter(pk=case_id).values_list("kind", "decisions__pk").first()
    return (CaseKind(found[0]), found[1]) if found else (None, None)


def words_on(actor: Actor, case_id: int) -> list[str]:
    """Return the references of the others' words that a case shows, without reading any of them.

    Raises:
        NotPermitted, NoSuchCase, AboutYourself, SameDecider: when it is not the actor's to decide.
    """
    case = _for_console(actor, Case.objects.defer(*_WORDS), case_id)
    found = [case.appeal.ref] if case.appeal else []
    prompt = case.appeal.decision.prompt if case.appeal else case.prompt
    if prompt is not None:
        answered = prompt.hints.exclude(answer="").values_list("pk", flat=True)
        found += [prompt.ref, *(f"prompts.screeninghint:{pk}" for pk in answered)]
        found += [sibling.ref for sibling in _siblings(prompt).defer("text")]
    return found


def _for_console(actor: Actor, cases: CaseQuerySet, case_id: int) -> Case:
    if not actor.has(Role.MODERATOR):
        raise NotPermitted(_("Cases are for moderators."))
    case = cases.select_related(*WITH_SUBJECT).filter(pk=case_id).exclude(kind=CaseKind.RELEASE).first()
    if case is None:
        raise NoSuchCase(_("There is no such case."))
    require_other_person(actor, case)
    return case


def case_view(actor: Actor, case_id: int, *, now: datetime) -> CaseView:
    """Return a case with all that its moderator needs, in about a dozen queries, whatever its history.

    Only ``flows.read_case`` calls it, which has the look written down before.

    Raises:
        NotPermitted, NoSuchCase, AboutYourself, SameDecider: when it is not the actor's to decide.
    """
    case = _for_console(actor, Case.objects.all(), case_id)
    clauses = {text.number: text for text in rulebook()}
    appealed = case.appeal.decision if case.appeal else None
    about: Case | Decision = appealed or case
    prompt, finding = about.prompt, about.finding
    concerned = prompt.author if prompt else finding.contributor if finding else None
    if concerned is None:
        raise NoSuchCase(_("There is no such case."))
    kind = CaseKind(case.kind)
    return CaseView(
        case=case,
        kind=kind,
        kind_label=one_of(kind),
        why=why(case.priority_reason),
        lease=_lease(actor, case, now),
        prompt=prompt,
        category=str(Category(prompt.category).label) if prompt else "",
        person=_person(concerned),
        hints=_hints(prompt, clauses) if prompt else [],
        siblings=list(_siblings(prompt)) if prompt else [],
        finding=finding,
        tests=list(finding.evidence.get("tests", [])) if finding else [],
        appealed=appealed,
        appealed_clause=clauses.get(appealed.clause) if appealed else None,
        history=_history(concerned, case),
        decided_by=Decision.objects.filter(case=case).first() if case.state == CaseState.DECIDED else None,
        draft=Draft.objects.filter(case=case, moderator_id=actor.account_id).first(),
        grounds=_grounds(kind, clauses),
        actions=_ACTIONS[kind],
        is_afterwards=kind == CaseKind.PROMPT and prompt is not None and prompt.state == PromptState.APPROVED,
    )


def lease_view(actor: Actor, case_id: int, *, now: datetime) -> LeaseView:
    """Return who has a case now, without a word of what it is about.

    Raises:
        NotPermitted, NoSuchCase, AboutYourself, SameDecider: when it is not the actor's to decide.
    """
    case = _for_console(actor, Case.objects.defer(*_WORDS), case_id)
    return LeaseView(case=case, lease=_lease(actor, case, now))


def _lease(actor: Actor, case: Case, now: datetime) -> str:
    if case.lease_until is None or case.lease_until <= now:
        return "free"
    return "mine" if case.lease_holder_id == actor.account_id else "taken"


def _grounds(kind: CaseKind, clauses: Mapping[str, ClauseText]) -> list[ClauseText]:
    """Return the clauses on which a decision against somebody can rest."""
    match kind:
        case CaseKind.PROMPT:
            return [text for number, text in clauses.items() if number.startswith("P") and number != "P1"]
        case CaseKind.FINDING:
            return [text for number, text in clauses.items() if number.startswith("I")]
        case _:
            return []


def _hints(prompt: Prompt, clauses: Mapping[str, ClauseText]) -> list[HintLine]:
    return [
        HintLine(
            kind=hint.kind,
            label=str(HintKind(hint.kind).label),
            clause=clauses.get(hint.clause),
            needs_review=hint.needs_review,
            evidence=hint.evidence,
            answer=hint.answer,
        )
        for hint in prompt.hints.order_by("-needs_review", "pk")
    ]


def _siblings(prompt: Prompt) -> PromptQuerySet:
    """Return a few prompts that screening took for nearly the same, the oldest first."""
    if prompt.cluster_id is None:
        return Prompt.objects.none()
    return Prompt.objects.filter(cluster_id=prompt.cluster_id).exclude(pk=prompt.pk).order_by("pk")[:_SIBLINGS]


def _person(concerned: Contributor) -> Person:
    prompts = concerned.prompts.aggregate(
        every=Count("pk"),
        approved=Count("pk", filter=Q(state=PromptState.APPROVED)),
        rejected=Count("pk", filter=Q(state=PromptState.REJECTED)),
    )
    return Person(
        pseudonym=concerned.account.pseudonym if concerned.account else str(concerned.voter_id)[:8],
        joined_at=concerned.joined_at,
        prompts=prompts["every"],
        approved=prompts["approved"],
        rejected=prompts["rejected"],
        votes=Vote.objects.of(concerned).count(),
        appeals_won=Decision.objects.filter(action=Action.OVERTURN).filter(_about(concerned)).count(),
    )


def _history(concerned: Contributor, case: Case) -> list[Decision]:
    """Return the latest decisions by people about the same person, newest first."""
    made = Decision.objects.filter(_about(concerned), source="person").exclude(case=case)
    return list(made.order_by("-decided_at", "-pk")[:_HISTORY])


def _about(concerned: Contributor) -> Q:
    return Q(prompt__author=concerned) | Q(finding__contributor=concerned)
