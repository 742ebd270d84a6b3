"""The auditor's sampler: drawing by lot, what was drawn, and opening it."""

from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.middleware import remember_refusal
from apps.audit.queries import auditor_database, event_names, witnesses_of
from apps.audit.services import record_look
from apps.web.events import WebEvent
from apps.web.flows import draw_sample
from apps.web.forms import LotForm
from apps.web.permissions import may_audit, may_open
from apps.web.queries import newest_samples, sample_clause, sample_page
from apps.web.services import NotYourLot, OpensForNobody, open_choice

_UNPROCESSABLE: Final = 422
_CONFLICT: Final = 409


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def samples(request: HttpRequest) -> HttpResponse:
    """List what was drawn, and draw."""
    actor = acting(request)
    if not may_audit(actor):
        raise NotYourLot(_("Only auditors draw samples."))
    record_look(WebEvent.SAMPLE_LOOKED_AT, actor=actor, subject="web.sample:all", now=timezone.now())
    form = LotForm(request.POST or None, events=event_names(using=auditor_database()))
    status = 200
    if request.method == "POST":
        status = _UNPROCESSABLE
        if form.is_valid():
            try:
                return redirect("web:sample", draw_sample(actor=actor, lot=form.lot, now=timezone.now()).pk)
            except NotPermitted:
                raise
            except Refused as refused:
                remember_refusal(request, refused)
                form.add_error(None, refused.message)
                status = _CONFLICT
    context: dict[str, Any] = {
        "form": form,
        "samples": newest_samples(),
        "witnesses": witnesses_of(actor.pseudonym),
        "clause": sample_clause(),
        "me": actor.pseudonym,
    }
    return render(request, "web/samples.html", context, status=status)


@require_safe
@never_cache
@login_required
def sample(request: HttpRequest, sample_id: int) -> HttpResponse:
    """Show one sample: from what it was drawn, what came out, and how to draw it again."""
    actor = acting(request)
    record_look(WebEvent.SAMPLE_LOOKED_AT, actor=actor, subject=f"web.sample:{sample_id}", now=timezone.now())
    page = sample_page(sample_id)
    if page is None:
        raise Http404
    context = {"page": page, "sample": page.sample, "may_open": page.opens and may_open(actor, page.sample)}
    return render(request, "web/sample.html", context)


@require_POST
@never_cache
@login_required
def open_sampled(request: HttpRequest, sample_id: int, leaf_index: int) -> HttpResponse:
    """Open one drawn vote and show its choice once; another look is another opening."""
    try:
        opened = open_choice(actor=acting(request), sample_id=sample_id, leaf_index=leaf_index, now=timezone.now())
    except OpensForNobody as refused:
        remember_refusal(request, refused)
        context = {"refused": refused, "sample_id": sample_id, "leaf_index": leaf_index}
        return render(request, "web/forgotten_choice.html", context, status=_CONFLICT)
    return render(request, "web/opened_choice.html", {"opened": opened})
