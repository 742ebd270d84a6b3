"""What was taken back: a licensee's notices with their answers, the numbers for everybody, the reads for auditors."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.middleware import remember_refusal
from apps.audit.views.pages import attached
from apps.licensing.forms import AcknowledgeForm, WithdrawForm
from apps.licensing.models import Release
from apps.licensing.permissions import may_license, may_see_incidents, speaks_for
from apps.licensing.queries.deliveries import licensees_by_id
from apps.licensing.queries.reads import incidents, matches
from apps.licensing.queries.withdrawals import (
    NoticePage,
    notice_page,
    notices_of,
    public_counts,
    release_withdrawals,
    revocations,
)
from apps.licensing.services.notices import acknowledge_notice
from apps.licensing.services.tombstones import withdraw_release
from apps.licensing.views.choosing import Own, asked_for, spoken_for
from apps.licensing.views.deliveries import ProofNotReady
from apps.licensing.views.proving import ask_for_proof

_MAX_ID = 2**63 - 1
_CONFLICT, _UNPROCESSABLE = 409, 422
_SHOWN_ROWS = 500


@require_safe
@never_cache
@login_required
def my_notices(request: HttpRequest) -> HttpResponse:
    """List the notices to a licensee and the rows that they name: the revocation feed as a page."""
    several = spoken_for(request)
    one = asked_for(request, several)
    licensees = [licensee.pk for licensee in (several if one is None else (one,))]
    context = {
        "own": Own(licensee=one, several=several) if one is not None else None,
        "several": several,
        "notices": notices_of(licensees),
        "rows": revocations(licensees, after=None, limit=_SHOWN_ROWS),
        "now": timezone.now(),
    }
    return render(request, "licensing/my_notices.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def notice(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Show a notice with its proof, and take the confirmation that its rows are deleted."""
    page, refused = _readable(request, notice_id), None
    form = AcknowledgeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            acknowledge_notice(
                actor=acting(request), notice_id=notice_id, name=form.cleaned_data["name"], now=timezone.now()
            )
        except NotPermitted:
            raise
        except Refused as error:
            remember_refusal(request, error)
            refused = error
        else:
            messages.success(request, _("Thank you. That these rows are gone is confirmed in the log."))
            return redirect("licensing:notice", notice_id)
    context = {
        "page": page,
        "notice": page.notice,
        "form": form,
        "refused": refused,
        "may_answer": speaks_for(acting(request), page.notice.licensee),
        "now": timezone.now(),
    }
    status = _CONFLICT if refused else _UNPROCESSABLE if form.errors else 200
    return render(request, "licensing/notice.html", context, status=status)


@require_safe
@never_cache
@login_required
def notice_document(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Hand out a notice as it was signed: canonical JSON, whose SHA-256 stands in the log."""
    found = _readable(request, notice_id).notice
    return attached(found.document.encode(), f"notice-{found.number}.json", "application/json")


@require_safe
@never_cache
@login_required
def notice_proof(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Hand out the proof of the notice's entry, which holds its digest, under a signed checkpoint."""
    page = _readable(request, notice_id)
    if page.entry is None or page.entry.inclusion is None:
        message = _("The notice's entry waits for a published checkpoint; try again in a few seconds.")
        raise ProofNotReady(message, subject=page.notice.ref)
    answer = JsonResponse(page.entry.as_json(page.entry.inclusion), json_dumps_params={"indent": 2})
    answer["Content-Disposition"] = f'attachment; filename="notice-{page.notice.number}-proof.json"'
    return answer


@require_safe
def withdrawals(request: HttpRequest) -> HttpResponse:
    """Show everybody how many rows were taken back and why, and how many notices nobody has answered."""
    context = {"counts": public_counts(), "may_see_incidents": may_see_incidents(acting(request))}
    return render(request, "licensing/withdrawals.html", context)


@require_safe
@never_cache
@login_required
def reads(request: HttpRequest) -> HttpResponse:
    """Show auditors and officers the daily comparison of reads with deliveries, and every incident."""
    if not may_see_incidents(acting(request)):
        raise NotPermitted(_("This page is for auditors, approvers and licensing officers."))
    return render(request, "licensing/reads.html", {"matches": matches(), "incidents": incidents()})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def withdraw(request: HttpRequest, release_id: int) -> HttpResponse:
    """Ask first, then withdraw a sealed release."""
    if not may_license(acting(request)):
        raise NotPermitted(_("Only licensing officers withdraw releases."))
    found = Release.objects.select_related("licensee__organization").filter(pk=release_id).first()
    if found is None:
        raise Http404
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        ask_for_proof(request)
        try:
            withdraw_release(
                actor=acting(request),
                release_id=release_id,
                is_urgent=form.cleaned_data["is_urgent"],
                now=timezone.now(),
            )
        except Refused as refused:
            remember_refusal(request, refused)
            messages.error(request, str(refused))
        else:
            messages.success(request, _("Release %(number)d is withdrawn.") % {"number": release_id})
        return redirect("licensing:release", release_id)
    context = {"release": found, "form": form, "withdrawals": release_withdrawals(release_id)}
    return render(request, "licensing/withdraw_release.html", context)


def _readable(request: HttpRequest, notice_id: int) -> NoticePage:
    """Return a notice to whom somebody speaks for, and to those who see what left any notice, to read it."""
    actor = acting(request)
    licensees = None if may_see_incidents(actor) else licensees_by_id(actor.account_id or 0)
    found = notice_page(licensees, notice_id) if notice_id <= _MAX_ID else None
    if found is None:
        raise Http404
    return found
