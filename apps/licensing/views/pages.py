"""Releases for everybody to read, and the desk at which they are made."""

import re
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.middleware import remember_refusal
from apps.licensing import queries
from apps.licensing.domain.items import header_leaf, item_leaf
from apps.licensing.flows import back_test, cancel, draft, seal
from apps.licensing.forms import CompareForm, DraftForm, LicenseeForm, ReasonsForm, side_by_side
from apps.licensing.models import Release, ReleaseState
from apps.licensing.permissions import may_approve, may_license, may_see, may_see_drafts
from apps.licensing.queries.deliveries import editions_of
from apps.licensing.services import Sealing, Signatory, add_licensee, request_edition, standings_of
from apps.licensing.views.choosing import Own, asked_for, spoken_for
from apps.policy.queries import UnknownClause, current_version, proposal_page

UNPROCESSABLE = 422


@require_safe
def releases(request: HttpRequest) -> HttpResponse:
    """List what was sealed, what was refused, and what was given back."""
    actor = acting(request)
    context = {
        "drafts": queries.drafts_waiting() if may_see_drafts(actor) else [],
        "sealed": queries.releases_for_everybody(ReleaseState.SEALED),
        "refused": queries.releases_for_everybody(ReleaseState.REFUSED),
        "withdrawn": queries.releases_for_everybody(ReleaseState.WITHDRAWN),
        "cancelled": queries.releases_for_everybody(ReleaseState.CANCELLED),
        "may_license": may_license(actor),
        "may_check": may_see_drafts(actor),
        "may_approve": may_approve(actor),
    }
    return render(request, "licensing/releases.html", context)


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Show what is live, what is past the wall, and what will be in which week; and to staff, why."""
    actor = acting(request)
    context: dict[str, Any] = {"overview": queries.live_overview(), "may_license": may_license(actor)}
    if may_see_drafts(actor):
        form = ReasonsForm(request.GET)
        context |= {"form": form, "reasons": _reasons(form)}
    return render(request, "licensing/live.html", context)


def _reasons(form: ReasonsForm) -> queries.Reasons:
    asked = form.cleaned_data if form.is_valid() else {}
    if asked.get("cluster"):
        return queries.reason_of_cluster(asked["cluster"])
    if asked.get("battle"):
        return queries.reasons_of_battle(asked["battle"])
    return queries.reasons_after(asked.get("after") or 0)


@require_safe
def release(request: HttpRequest, release_id: int) -> HttpResponse:
    """Show one release: what each clause took out, who did what when, and how to check it."""
    actor = acting(request)
    page = queries.release_page(release_id, now=timezone.now(), in_full=may_see_drafts(actor))
    if page is None or not may_see(actor, page.release):
        raise Http404
    context = {
        "page": page,
        "release": page.release,
        "may_license": may_license(actor),
        "may_approve": may_approve(actor),
        "may_see_items": may_see_drafts(actor),
    }
    return render(request, "licensing/release.html", context)


@require_safe
@login_required
def items(request: HttpRequest, release_id: int) -> StreamingHttpResponse:
    """Send the leaves of what was sealed, one a line, to those who check its root; they hold ids and times."""
    found = Release.objects.filter(pk=release_id, state__in=[ReleaseState.SEALED, ReleaseState.WITHDRAWN]).first()
    if found is None:
        raise Http404
    if not may_see_drafts(acting(request)):
        raise NotPermitted(_("The list of items is for officers, approvers and auditors."), subject=found.ref)

    def leaves(sealed: Release) -> Iterator[bytes]:
        yield header_leaf(release_id=sealed.pk, policy_version=sealed.policy_version) + b"\n"
        for item in queries.items_of(sealed.pk):
            yield item_leaf(item) + b"\n"

    answer = StreamingHttpResponse(leaves(found), content_type="application/x-ndjson")
    answer["Content-Disposition"] = f'attachment; filename="release-{found.pk}-items.ndjson"'
    return answer


@require_safe
@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """Show a licensee's own releases and where each of them stands."""
    several = spoken_for(request)
    one = asked_for(request, several)
    shown = several if one is None else (one,)
    standings = standings_of(shown, at=timezone.now())
    context = {
        "own": Own(licensee=one, several=several) if one is not None else None,
        "several": several,
        "releases": queries.releases_of_licensees(shown),
        "licensees": [(licensee, standings.get(licensee.pk)) for licensee in shown],
        "editions": editions_of(licensee.pk for licensee in shown),
    }
    return render(request, "licensing/mine.html", context)


@require_safe
@login_required
def desk(request: HttpRequest) -> HttpResponse:
    """Show the officer's desk."""
    _require_officer(request)
    return render(request, "licensing/desk.html", {"desk": queries.desk(), "waiting": queries.requests_waiting()})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_draft(request: HttpRequest) -> HttpResponse:
    """Draft a release by filters."""
    _require_officer(request)
    form = DraftForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            drafted = draft(
                actor=acting(request),
                licensee=told["organization"].licensee,
                title=told["title"],
                filters=told["filters"],
            )
        except Refused as refused:
            remember_refusal(request, refused)
            form.add_error(None, str(refused))
        else:
            return redirect("licensing:release", drafted.pk)
    return render(request, "licensing/new_draft.html", {"form": form}, status=_status(form.is_bound))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_licensee(request: HttpRequest) -> HttpResponse:
    """Add a licensee."""
    _require_officer(request)
    current = queries.current_text()
    form = LicenseeForm(request.POST or None, initial={"agreement": current.text} if current is not None else {})
    if request.method == "POST" and form.is_valid():
        try:
            licensee = add_licensee(actor=acting(request), now=timezone.now(), **_licensee(form.cleaned_data))
        except Refused as refused:
            remember_refusal(request, refused)
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("%(name)s is a licensee.") % {"name": licensee.organization.name})
            return redirect("licensing:licensee", licensee.pk)
    return render(request, "licensing/new_licensee.html", {"form": form}, status=_status(form.is_bound))


@require_POST
@login_required
def seal_draft(request: HttpRequest, release_id: int) -> HttpResponse:
    """Seal a draft whole, or as far as the clauses let it; a refusal is shown on the release's own page."""
    found = _existing(release_id)
    mode = Sealing.ALL_OR_NOTHING if request.POST.get("mode") == Sealing.ALL_OR_NOTHING else Sealing.PAST_THE_WALL
    try:
        sealed = seal(actor=acting(request), release_id=found.pk, mode=mode)
    except NotPermitted:
        raise
    except Refused as refused:
        remember_refusal(request, refused)
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Release %(number)d is sealed.") % {"number": sealed.pk})
    return redirect("licensing:release", release_id)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def cancel_release(request: HttpRequest, release_id: int) -> HttpResponse:
    """Ask first, then cancel a release."""
    _require_officer(request)
    found = _existing(release_id)
    if request.method != "POST":
        return render(request, "licensing/cancel_release.html", {"release": found})
    try:
        cancel(actor=acting(request), release_id=found.pk)
    except Refused as refused:
        remember_refusal(request, refused)
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Release %(number)d is cancelled.") % {"number": found.pk})
    return redirect("licensing:release", release_id)


@require_safe
@login_required
def replay(request: HttpRequest, release_id: int) -> HttpResponse:
    """Judge a past release again under any version of the rulebook (``?version=``), by default the one in force."""
    _require_reader(request)
    found = queries.existing_release(release_id)
    if found is None:
        raise Http404
    asked = request.GET.get("version", "")
    version = int(asked) if re.fullmatch(r"[0-9]{1,8}", asked) else current_version()
    try:
        context = {"replay": queries.replay(found, version), "release": found}
    except UnknownClause as unknown:
        raise Http404(str(unknown)) from unknown
    return render(request, "licensing/replay.html", context)


@require_safe
@login_required
def compare(request: HttpRequest) -> HttpResponse:
    """Show two past releases side by side (``?a=``, ``?b=``), judged under one version."""
    _require_reader(request)
    # A link from one release names that one alone; the form then asks for the other.
    is_asked = {"a", "b"} <= set(request.GET)
    form = CompareForm(request.GET if is_asked else None, initial={"a": request.GET.get("a")})
    context: dict[str, object] = {"form": form}
    if form.is_valid():
        told = form.cleaned_data
        both = [queries.existing_release(told["a"]), queries.existing_release(told["b"])]
        left, right = (queries.side_of(each, told["version"]) if each is not None else None for each in both)
        if left is None or right is None:
            raise Http404
        context |= {"left": left, "right": right, "version": told["version"], **side_by_side(left, right)}
    return render(request, "licensing/compare.html", context, status=_status(form.is_bound and bool(form.errors)))


@require_POST
@login_required
def back_test_proposal(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Judge every past release under a proposal, at once or as a job."""
    page = proposal_page(proposal_id) if proposal_id < 2**63 else None
    if page is None:
        raise Http404
    try:
        is_done = back_test(actor=acting(request), proposal=page.proposal)
    except NotPermitted:
        raise
    except Refused as refused:
        remember_refusal(request, refused)
        messages.error(request, str(refused))
    else:
        said = _("Every past release was judged.") if is_done else _("Every past release is being judged; look again.")
        messages.success(request, said)
    return redirect("policy:proposal", page.proposal.pk)


def _require_reader(request: HttpRequest) -> None:
    if not may_see_drafts(acting(request)):
        raise NotPermitted(_("Releases are judged again for officers, approvers and auditors."))


@require_POST
@login_required
def build(request: HttpRequest, release_id: int) -> HttpResponse:
    """Ask for an edition again whose build failed or was stopped."""
    found = _existing(release_id)
    try:
        request_edition(actor=acting(request), release_id=found.pk, now=timezone.now())
    except NotPermitted:
        raise
    except Refused as refused:
        remember_refusal(request, refused)
        messages.error(request, str(refused))
    return redirect("licensing:release", release_id)


def _licensee(told: dict[str, Any]) -> dict[str, Any]:
    """Return what the form told as the service takes it: a name with a position is a signature on paper."""
    name, position = told["signed_name"], told["signed_position"]
    kept = {key: value for key, value in told.items() if key not in {"signed_name", "signed_position"}}
    return kept | {"signatory": Signatory(name, position) if name else None}


def _existing(release_id: int) -> Release:
    found = Release.objects.select_related("licensee__organization").filter(pk=release_id).first()
    if found is None:
        raise Http404
    return found


def _require_officer(request: HttpRequest) -> None:
    if not may_license(acting(request)):
        raise NotPermitted(_("This desk is the licensing officers'."))


def _status(is_bound: bool) -> int:
    """Return the status of a form's page: one that comes back is not a success."""
    return UNPROCESSABLE if is_bound else 200
