"""Refusals for everybody to read, and whether the counters have gaps, for those who check."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import NotPermitted
from apps.audit.permissions import is_auditor
from apps.licensing import queries
from apps.licensing.models import Act
from apps.licensing.permissions import may_see_drafts


@require_safe
def refusals(request: HttpRequest) -> HttpResponse:
    """List who asked for what, and which clause said no; refusals of drafts are for staff."""
    actor = acting(request)
    act, clause = request.GET.get("act", ""), request.GET.get("clause", "")
    page = queries.refusals_page(
        act=act, clause=clause, before=request.GET.get("before", ""), with_drafts=may_see_drafts(actor)
    )
    kept = {name: value for name, value in (("act", act), ("clause", clause)) if value}
    context = {
        "page": page,
        "requests": queries.requests_refused() if not kept and not request.GET.get("before") else [],
        "may_see": may_see_drafts(actor),
        "act": act,
        "clause": clause,
        "acts": Act.choices,
        "clauses": [(number, f"{number} ({times})") for number, times in page.clauses],
        "older": f"?{urlencode({**kept, 'before': page.older})}" if page.older else "",
        "newest": f"?{urlencode(kept)}" if request.GET.get("before") else "",
        "may_read_entries": is_auditor(actor),
    }
    return render(request, "licensing/refusals.html", context)


@require_safe
@login_required
def completeness(request: HttpRequest) -> HttpResponse:
    """Compare the counters of every licensee with the entries of the log."""
    if not may_see_drafts(acting(request)):
        raise NotPermitted(_("This page is for auditors, approvers and officers."))
    return render(request, "licensing/completeness.html", {"lines": queries.counters()})
