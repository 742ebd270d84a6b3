"""The rulebook as public pages."""

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.policy.domain.rulebook import SUBJECTS
from apps.policy.models import PolicyVersion
from apps.policy.queries import UnknownClause, clause, current_version, rulebook


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
    return render(request, "policy/clause_page.html", {"clause": text})
