"""The rulebook as public pages."""

import re
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from apps.policy.domain.rulebook import SUBJECTS
from apps.policy.models import PolicyVersion
from apps.policy.queries import UnknownClause, clause, current_version, rulebook

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
    "W6.hours": gettext_lazy("Hours of public notice"),
    "W7.k": gettext_lazy("Least contributors in a combination"),
    "M1.days": gettext_lazy("Days in which an appeal can be made"),
    "M3.minutes": gettext_lazy("Minutes of a lease"),
    "M4.prompt": gettext_lazy("Hours for a prompt that waits"),
    "M4.finding": gettext_lazy("Hours for a finding about votes"),
    "M4.appeal": gettext_lazy("Hours for an appeal"),
    "M4.release": gettext_lazy("Hours for a release"),
    "M4.sample": gettext_lazy("Hours for a reading afterwards"),
    "G1.moderator": gettext_lazy("Most texts that a moderator reads within 24 hours"),
    "G1.auditor": gettext_lazy("Most ballots that an auditor opens within 24 hours"),
    "G2.people": gettext_lazy("People of one network whose exports open a case"),
    "G2.share": gettext_lazy("Least share of the network that they are"),
    "G2.days": gettext_lazy("Days within which these count together"),
}
_SHARES: Final = frozenset({"P1.sample_share", "P7.min_confidence", "P3.near_jaccard", "I1.alpha", "G2.share"})
_UNGROUPED: Final = frozenset({"R1.seed"})


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
    """Show every clause in force, by subject."""
    version = PolicyVersion.objects.get(number=current_version())
    clauses = rulebook(version=version.number)
    subjects = [
        (letter, title, [text for text in clauses if text.number.startswith(letter)])
        for letter, title in SUBJECTS.items()
    ]
    return render(request, "policy/rulebook_page.html", {"version": version, "subjects": subjects})


@require_safe
def clause_page(request: HttpRequest, number: str) -> HttpResponse:
    """Show one clause, under the version in force or an earlier one (``?version=``)."""
    asked = request.GET.get("version", "")
    # Anything that is no number of a version means the version in force.
    version = int(asked) if re.fullmatch(r"[0-9]{1,8}", asked) else None
    try:
        text = clause(number, version=version)
    except UnknownClause as unknown:
        raise Http404(str(unknown)) from unknown
    keyed = [(f"{text.number}.{name}", name, value) for name, value in text.parameters.items()]
    numbers = [(_TOLD.get(key, name.replace("_", " ")), _worded(key, value)) for key, name, value in keyed]
    return render(request, "policy/clause_page.html", {"clause": text, "numbers": numbers})
