"""The rulebook as public pages: every clause in force, one of them with its past, and the words for their numbers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from apps.audit.middleware import actor_of
from apps.policy.domain.changes import ClauseDifference
from apps.policy.domain.directions import Effect
from apps.policy.domain.rulebook import SUBJECTS
from apps.policy.models import PolicyVersion
from apps.policy.permissions import may_propose, may_see_proposals
from apps.policy.queries import UnknownClause, book, clause, current_version, history_of, rulebook

# What the numbers of the clauses are called on their pages; a number without words here is shown by its name.
_TOLD: Final[dict[str, str | Promise]] = {
    "A1.minimum_age": gettext_lazy("Least age in years"),
    "P1.newcomer_first": gettext_lazy("First prompts of a newcomer that a person reads"),
    "P1.sample_share": gettext_lazy("Share of all others that a person reads"),
    "P3.near_jaccard": gettext_lazy("Shared wording from which two prompts are one (Jaccard index)"),
    "P3.permutations": gettext_lazy("Hash functions of the comparison (MinHash)"),
    "P3.bands": gettext_lazy("Bands into which these are sorted"),
    "P3.shingle": gettext_lazy("Characters of the pieces that are compared"),
    "P3.max_candidates": gettext_lazy("Most earlier prompts compared in full"),
    "P6.min_characters": gettext_lazy("Least characters"),
    "P6.max_characters": gettext_lazy("Most characters"),
    "P6.cluster_min_characters": gettext_lazy("Characters from which resemblance means something"),
    "P7.min_characters": gettext_lazy("Characters from which the language is guessed"),
    "P7.min_confidence": gettext_lazy("Certainty from which the guess counts"),
    "B2.hours": gettext_lazy("Hours until a battle closes"),
    "B2.answer_minutes": gettext_lazy("Minutes that an answer may take"),
    "B5.per_day": gettext_lazy("Battles within 24 hours"),
    "R1.anchor": gettext_lazy("Mean of the ranked models, in points"),
    "R1.ties": gettext_lazy("What both good and both bad are worth to each side"),
    "R1.style": gettext_lazy("What the styled board adjusts for, beside the position"),
    "R1.weight_cap": gettext_lazy("Most that one contributor may weigh"),
    "R1.seed": gettext_lazy("Seed of the spread's random draws"),
    "R2.min_contributors": gettext_lazy("Least contributors"),
    "R2.min_effective": gettext_lazy("Least effective contributors"),
    "R3.min_votes": gettext_lazy("Votes below which a rating is provisional"),
    "R3.min_contributors": gettext_lazy("Contributors below which a rating is provisional"),
    "I1.alpha": gettext_lazy("Most that is expected to be wrong among all flagged"),
    "I1.min_votes": gettext_lazy("Votes from which somebody is tested"),
    "I1.draws": gettext_lazy("Random draws of each test"),
    "W1.min_age_days": gettext_lazy("Days since the last live event"),
    "W4.approvals": gettext_lazy("Approvals"),
    "W5.hold_back_days": gettext_lazy("Days since the last live event where somebody is on the board"),
    "W6.hours": gettext_lazy("Hours of public notice"),
    "W6.objection_days": gettext_lazy("Days to decide about an objection"),
    "W7.k": gettext_lazy("Least contributors in a combination"),
    "W7.order": gettext_lazy("What is made coarser, in this order"),
    "W9.loosening_days": gettext_lazy("Days before anything but a tightening holds"),
    "W11.notice_days": gettext_lazy("Days for a licensee to drop rows"),
    "W11.urgent_days": gettext_lazy("Days when it is urgent"),
    "W11.escalation_days": gettext_lazy("Days without an answer until people act"),
    "M1.days": gettext_lazy("Days in which an appeal can be made"),
    "M3.minutes": gettext_lazy("Minutes of a lease"),
    "M4.prompt": gettext_lazy("Hours for a prompt that waits"),
    "M4.finding": gettext_lazy("Hours for a finding about votes"),
    "M4.appeal": gettext_lazy("Hours for an appeal"),
    "M4.release": gettext_lazy("Hours for a release"),
    "M4.sample": gettext_lazy("Hours for a reading afterwards"),
    "L1.share": gettext_lazy("Most that an auditor draws of a period"),
    "G1.moderator": gettext_lazy("Most texts that a moderator reads within 24 hours"),
    "G1.auditor": gettext_lazy("Most ballots that an auditor opens within 24 hours"),
    "G2.people": gettext_lazy("People of one network whose exports open a case"),
    "G2.share": gettext_lazy("Least share of the network that they are"),
    "G2.days": gettext_lazy("Days within which these count together"),
}
_SHARES: Final = frozenset({"P1.sample_share", "P7.min_confidence", "P3.near_jaccard", "I1.alpha", "L1.share"})
_UNGROUPED: Final = frozenset({"R1.seed"})


_SENTENCES: Final = re.compile(r"(?<=[.!?:;]) +")
_EFFECTS: Final[dict[Effect, str | Promise]] = {
    Effect.TIGHTENS: gettext_lazy("tightens"),
    Effect.LOOSENS: gettext_lazy("loosens"),
    Effect.CHANGES: gettext_lazy("changes"),
    Effect.SAME: gettext_lazy("stays"),
}


def called(number: str, name: str) -> str:
    """Return what a clause's parameter is called in the reader's language."""
    return str(_TOLD.get(f"{number}.{name}", name.replace("_", " ")))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownParameter:
    """One parameter of a comparison, in words."""

    called: str
    before: str
    after: str
    effect: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownClause:
    """One clause of a comparison: its words a sentence to the line, its parameters in words."""

    number: str
    title: str
    fate: str
    before: str
    after: str
    parameters: tuple[ShownParameter, ...]


def shown(found: Iterable[ClauseDifference]) -> list[ShownClause]:
    """Word a comparison for its page."""
    return [
        ShownClause(
            number=each.number,
            title=each.title,
            fate="new" if each.before is None else "gone" if each.after is None else "changed",
            before=_lines(each, is_after=False),
            after=_lines(each, is_after=True),
            parameters=tuple(
                ShownParameter(
                    called=called(each.number, one.name),
                    before=_worded(f"{each.number}.{one.name}", one.before),
                    after=_worded(f"{each.number}.{one.name}", one.after),
                    effect=one.effect.value,
                    told=str(_EFFECTS[one.effect]),
                )
                for one in each.parameters
            ),
        )
        for each in found
    ]


def _lines(difference: ClauseDifference, *, is_after: bool) -> str:
    text = difference.after if is_after else difference.before
    if text is None or (difference.before is not None and difference.after is not None and not difference.is_reworded):
        return ""
    return "\n".join([text.title, *_SENTENCES.split(text.text)])


def _worded(key: str, value: Any) -> str:
    if value is None:
        return _("no limit")
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if key in _SHARES:
        return f"{number_format(round(100 * value, 6), use_l10n=True)}%".replace(".0%", "%")
    return str(value) if key in _UNGROUPED else number_format(value, use_l10n=True, force_grouping=True)


@require_safe
def rulebook_page(request: HttpRequest) -> HttpResponse:
    """Show every clause in force, by subject, and what will change when."""
    whole = book()
    version = PolicyVersion.objects.get(number=whole.in_force)
    clauses = rulebook(version=version.number)
    subjects = [
        (letter, title, [text for text in clauses if text.number.startswith(letter)])
        for letter, title in SUBJECTS.items()
    ]
    actor = actor_of(request)
    context = {
        "version": version,
        "subjects": subjects,
        "waiting": whole.waiting,
        "may_propose": may_propose(actor),
        "may_see_proposals": may_see_proposals(actor),
    }
    return render(request, "policy/rulebook_page.html", context)


@require_safe
def clause_page(request: HttpRequest, number: str) -> HttpResponse:
    """Show one clause, under the version in force or another (``?version=``), and how it came to read like that."""
    asked = request.GET.get("version", "")
    # Anything that is no number of a version means the version in force.
    version = int(asked) if re.fullmatch(r"[0-9]{1,8}", asked) else None
    try:
        text = clause(number, version=version)
    except UnknownClause as unknown:
        raise Http404(str(unknown)) from unknown
    numbers = [
        (called(text.number, name), _worded(f"{text.number}.{name}", value)) for name, value in text.parameters.items()
    ]
    context = {
        "clause": text,
        "numbers": numbers,
        "in_force": current_version(),
        "history": [(moment, shown([moment.difference])[0]) for moment in history_of(number)],
        "may_propose": may_propose(actor_of(request)),
    }
    return render(request, "policy/clause_page.html", context)
