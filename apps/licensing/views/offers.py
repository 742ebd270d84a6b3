"""Offers: the public notices with their clocks, and the pages at which somebody says yes or no, or opens."""

from allauth.core.exceptions import ReauthenticationRequired
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.middleware import acting
from apps.audit.domain.canonical import time_text
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.middleware import remember_refusal
from apps.audit.permissions import has_lately_proved_identity
from apps.licensing import queries
from apps.licensing.flows import approve, open_now
from apps.licensing.forms import ApprovalForm, OfferForm, RefusalForm
from apps.licensing.models import Offer, Release, ReleaseState
from apps.licensing.permissions import may_approve, may_license
from apps.licensing.queries import OfferLine, ToDecide
from apps.licensing.services import offer_to, refuse_offer

UNPROCESSABLE = 422


@require_safe
def announced(request: HttpRequest) -> HttpResponse:
    """Show everybody what is about to open, whose clock says what, and what is open."""
    return render(request, "licensing/announced.html", {"lines": queries.announced_offers(now=timezone.now())})


@require_safe
def announced_json(request: HttpRequest) -> HttpResponse:
    """Give the same notices to machines."""
    lines = queries.announced_offers(now=timezone.now())
    return JsonResponse({"notices": [_told(request, line) for line in lines]})


@require_safe
def announced_atom(request: HttpRequest) -> HttpResponse:
    """Give the same notices to feed readers."""
    feed = Atom1Feed(
        title=_("Public notices of data releases"),
        link=request.build_absolute_uri(reverse("licensing:announced")),
        description=_("What was approved by two people and opens after its notice."),
        feed_url=request.build_absolute_uri(request.path),
    )
    for line in queries.announced_offers(now=timezone.now()):
        told = _told(request, line)
        feed.add_item(
            title=_("Release %(number)d for %(names)s") % {"number": told["release"], "names": ", ".join(line.names)},
            link=str(told["page"]),
            description=_("%(items)d battles. State: %(state)s. Root: %(root)s.")
            % {"items": told["items"], "state": line.offer.get_state_display(), "root": told["root"]},
            unique_id=f"{told['page']}#offer-{line.offer.number}",
            pubdate=line.offer.announced_at,
            updateddate=line.offer.opened_at or line.offer.suspended_at or line.offer.announced_at,
        )
    answer = HttpResponse(content_type=feed.content_type)
    feed.write(answer, "utf-8")
    return answer


def _told(request: HttpRequest, line: OfferLine) -> dict[str, object]:
    offer = line.offer
    return {
        "release": offer.release_id,
        "offer": offer.number,
        "state": offer.state,
        "licensees": list(line.names),
        "items": offer.release.items,
        "asked": offer.release.asked,
        "root": offer.release.items_root,
        "digest": offer.digest,
        "manifests": sorted(edition.manifest_sha256 for edition in offer.editions.all()),
        "announced_at": time_text(offer.announced_at) if offer.announced_at else None,
        "opens_at": time_text(offer.opens_at) if offer.opens_at else None,
        "opened_at": time_text(offer.opened_at) if offer.opened_at else None,
        "open_objections": line.open_objections,
        "page": request.build_absolute_uri(reverse("licensing:release", args=[offer.release_id])),
    }


@require_safe
@never_cache
@login_required
def waiting(request: HttpRequest) -> HttpResponse:
    """Show an approver what waits for them, and the clocks that run."""
    actor = acting(request)
    if not may_approve(actor) or actor.account_id is None:
        raise NotPermitted(_("This page is the approvers'."))
    context = {"waiting": queries.waiting_for(actor.account_id, now=timezone.now())}
    return render(request, "licensing/waiting.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def approve_offer(request: HttpRequest, release_id: int, number: int) -> HttpResponse:
    """Show an approver exactly what they would say yes to, and take their yes."""
    found = _to_decide(request, release_id, number)
    offer = found.line.offer
    form = ApprovalForm(request.POST or None, initial={"digest": offer.digest})
    if request.method == "POST" and form.is_valid():
        try:
            after = approve(actor=acting(request), offer_id=offer.pk, digest=form.cleaned_data["digest"])
        except Refused as refused:
            remember_refusal(request, refused)
            form.add_error(None, str(refused))
        else:
            messages.success(
                request,
                _("Everybody who must has approved it: the public notice begins now.")
                if after.announced_at
                else _("Your approval stands. Another one is needed, from somebody else."),
            )
            return redirect("licensing:release", release_id)
        # What is shown below is what stands there now, and not what was read before.
        found = _to_decide(request, release_id, number)
    context = {
        "found": found,
        "line": found.line,
        "offer": found.line.offer,
        "release": found.line.offer.release,
        "form": form,
        "no": RefusalForm(),
        "clauses": queries.clause_lines(found.line.offer.release),
    }
    return render(request, "licensing/approve_offer.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_POST
@never_cache
@login_required
def say_no(request: HttpRequest, release_id: int, number: int) -> HttpResponse:
    """Take an approver's no, with its clause and words."""
    found = _to_decide(request, release_id, number)
    form = RefusalForm(request.POST)
    if form.is_valid():
        try:
            refuse_offer(
                actor=acting(request),
                offer_id=found.line.offer.pk,
                clause_number=form.cleaned_data["clause"],
                words=form.cleaned_data["words"],
                now=timezone.now(),
            )
        except Refused as refused:
            remember_refusal(request, refused)
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("You said no. The offer has ended, and everybody can read why."))
            return redirect("licensing:release", release_id)
    context = {
        "found": found,
        "line": found.line,
        "offer": found.line.offer,
        "release": found.line.offer.release,
        "form": ApprovalForm(initial={"digest": found.line.offer.digest}),
        "no": form,
        "clauses": queries.clause_lines(found.line.offer.release),
    }
    return render(request, "licensing/approve_offer.html", context, status=UNPROCESSABLE)


@require_POST
@login_required
def open_offer(request: HttpRequest, release_id: int, number: int) -> HttpResponse:
    """Open an offer whose clock has run out; a refusal is shown on the release's page."""
    offer = _existing(release_id, number)
    try:
        open_now(actor=acting(request), offer_id=offer.pk)
    except NotPermitted:
        raise
    except Refused as refused:
        remember_refusal(request, refused)
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Offer %(number)d is open.") % {"number": offer.number})
    return redirect("licensing:release", release_id)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_offer(request: HttpRequest, release_id: int) -> HttpResponse:
    """Offer a sealed release to later licensees."""
    if not may_license(acting(request)):
        raise NotPermitted(_("This desk is the licensing officers'."))
    release = Release.objects.filter(pk=release_id, state=ReleaseState.SEALED).first()
    if release is None:
        raise Http404
    form = OfferForm(request.POST if request.method == "POST" else None, release_id=release.pk)
    if request.method == "POST" and form.is_valid():
        try:
            offer_to(
                actor=acting(request),
                release_id=release.pk,
                licensees=form.cleaned_data["licensees"],
                asked_by=form.cleaned_data["asked_by"],
                now=timezone.now(),
            )
        except Refused as refused:
            remember_refusal(request, refused)
            form.add_error(None, str(refused))
        else:
            return redirect("licensing:release", release.pk)
    context = {"form": form, "release": release}
    return render(request, "licensing/new_offer.html", context, status=UNPROCESSABLE if form.errors else 200)


def _existing(release_id: int, number: int) -> Offer:
    found = Offer.objects.filter(release_id=release_id, number=min(number, 2**15 - 1)).first()
    if found is None:
        raise Http404
    return found


def _to_decide(request: HttpRequest, release_id: int, number: int) -> ToDecide:
    """Return the offer for an approver who has lately proved who they are; others are led to prove it, or refused."""
    actor = acting(request)
    if not may_approve(actor) or actor.account_id is None:
        raise NotPermitted(_("Only approvers approve."))
    if not has_lately_proved_identity(actor, timezone.now()):
        raise ReauthenticationRequired
    offer = _existing(release_id, number)
    found = queries.offer_to_decide(offer.release_id, offer.number, account_id=actor.account_id, now=timezone.now())
    if found is None:
        raise Http404
    return found
