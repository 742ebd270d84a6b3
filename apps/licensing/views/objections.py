"""Objecting to an offer, for everybody; deciding about it, for two people."""

from allauth.account.adapter import get_adapter
from allauth.core.exceptions import ReauthenticationRequired
from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import Refused
from apps.audit.middleware import remember_refusal
from apps.audit.permissions import has_lately_proved_identity
from apps.licensing import queries
from apps.licensing.forms import DecisionForm, ObjectionForm
from apps.licensing.models import ObjectionState, Offer, OfferState, WaitingObjection
from apps.licensing.permissions import may_judge_objections
from apps.licensing.queries.networks import network_mark
from apps.licensing.services import decide_objection, object_to_offer

UNPROCESSABLE = 422


def _address_of(request: HttpRequest) -> str:
    """Return where a request comes from, as the sign-in pages understand it; empty when nobody can tell."""
    try:
        return str(get_adapter(request).get_client_ip(request))
    except (PermissionDenied, ImproperlyConfigured):
        return ""


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def new_objection(request: HttpRequest, release_id: int, number: int) -> HttpResponse:
    """Take anybody's objection to an announced offer; its clock stands from then on."""
    offer = (
        Offer.objects.select_related("release__licensee__organization")
        .filter(release_id=release_id, number=min(number, 2**15 - 1))
        .first()
    )
    if offer is None or offer.state not in {OfferState.ANNOUNCED, OfferState.SUSPENDED}:
        raise Http404
    form = ObjectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            objection = object_to_offer(
                actor=acting(request),
                offer_id=offer.pk,
                network=network_mark(_address_of(request), now=timezone.now()),
                now=timezone.now(),
                **form.cleaned_data,
            )
        except Refused as refused:
            remember_refusal(request, refused)
            form.add_error(None, str(refused))
        else:
            if isinstance(objection, WaitingObjection):
                messages.info(
                    request,
                    _("Many objections came today. Yours waits for its turn, and the release does not open before."),
                )
                return redirect("licensing:release", release_id)
            messages.success(
                request,
                _("Objection %(number)d stands, and so does the clock, until two people have decided.")
                % {"number": objection.pk},
            )
            return redirect("licensing:release", release_id)
    context = {"form": form, "offer": offer, "release": offer.release}
    return render(request, "licensing/new_objection.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def objection(request: HttpRequest, objection_id: int) -> HttpResponse:
    """Show an objection: its ground and what became of it to everybody, its words to those who decide."""
    found = queries.objection_of(min(objection_id, 2**63 - 1))
    if found is None:
        raise Http404
    actor = acting(request)
    may_decide = may_judge_objections(actor)
    if may_decide and found.state == ObjectionState.OPEN and not has_lately_proved_identity(actor, timezone.now()):
        raise ReauthenticationRequired
    form = DecisionForm(
        request.POST or None,
        initial={
            "outcome": found.outcome or None,
            "public_reason": found.public_reason,
            "battles": " ".join(str(battle) for battle in found.battles),
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            decided = decide_objection(actor=actor, objection_id=found.pk, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            remember_refusal(request, refused)
            form.add_error(None, str(refused))
        else:
            messages.success(
                request,
                _("A second person has to say the same.")
                if decided.state == ObjectionState.OPEN
                else _("It is decided."),
            )
            return redirect("licensing:objection", found.pk)
    context = {
        "objection": found,
        "form": form,
        "may_decide": may_decide,
        "is_overdue": found.state == ObjectionState.OPEN and found.due_at < timezone.now(),
    }
    return render(request, "licensing/objection.html", context, status=UNPROCESSABLE if form.errors else 200)
