"""Where my data went: a contributor's questions and votes in releases, to whom they were delivered, and taking back."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import Refused
from apps.audit.middleware import remember_refusal
from apps.contributors.models import ConsentKind
from apps.contributors.queries import has_consent, membership_of
from apps.contributors.services import withdraw_consent
from apps.licensing.domain.notice import next_batch
from apps.licensing.queries.contributions import LIST_LENGTH, proof_of_delivery, rows_of, shares_of
from apps.licensing.views.deliveries import ProofNotReady

_MAX_DIGITS = 18
_MAX_ID = 2**63 - 1


@require_safe
@never_cache
@login_required
def my_data(request: HttpRequest) -> HttpResponse:
    """Show a contributor which of their questions and votes are in which release, and who has it."""
    contributor = membership_of(acting(request))
    if contributor is None:
        return redirect("contributors:application")
    asked = request.GET.get("before", "")
    before = int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= _MAX_DIGITS else None
    rows = rows_of(contributor, before=before, limit=LIST_LENGTH + 1)
    context = {
        "shares": shares_of(contributor),
        "rows": rows[:LIST_LENGTH],
        "older": rows[LIST_LENGTH - 1].battle_id if len(rows) > LIST_LENGTH else None,
        "licenses": has_consent(contributor, ConsentKind.LICENSING),
        "notices_by": next_batch(timezone.now()),
    }
    return render(request, "licensing/my_data.html", context)


@require_safe
@never_cache
@login_required
def my_data_proof(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Hand out the proof of the entry with which something of one's own was delivered."""
    contributor = membership_of(acting(request))
    found = proof_of_delivery(contributor, delivery_id) if contributor and delivery_id <= _MAX_ID else None
    if found is None:
        raise Http404
    delivery, entry = found
    if entry is None or entry.inclusion is None:
        message = _("The entry waits for a published checkpoint; try again in a few seconds.")
        raise ProofNotReady(message, subject=delivery.ref)
    answer = JsonResponse(entry.as_json(entry.inclusion), json_dumps_params={"indent": 2})
    answer["Content-Disposition"] = f'attachment; filename="delivery-of-my-data-{delivery.pk}.json"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def take_back(request: HttpRequest) -> HttpResponse:
    """Say what taking the licensing consent back does to releases that were delivered, then do it."""
    contributor = membership_of(acting(request))
    if contributor is None:
        return redirect("contributors:application")
    if request.method == "POST":
        try:
            withdraw_consent(actor=acting(request), kind=ConsentKind.LICENSING, now=timezone.now())
        except Refused as refused:
            remember_refusal(request, refused)
            messages.info(request, str(refused))
        else:
            messages.success(request, _("You took it back. Within a minute no download holds anything of yours."))
        return redirect("licensing:my_data")
    context = {"shares": shares_of(contributor), "notices_by": next_batch(timezone.now())}
    return render(request, "licensing/take_back.html", context)
