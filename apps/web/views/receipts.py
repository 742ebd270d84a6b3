"""A contributor's receipt: their vote's place in the log, and the snapshots in which it counted, or why not."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import Refused
from apps.audit.views.pages import attached
from apps.contributors.queries import membership_of
from apps.web.queries import Receipt, receipt, receipt_document

_MAX_ID = 2**63 - 1


class ReceiptNotReady(Refused):
    """The vote's entry waits for its leaf, or for a checkpoint that covers it."""


@require_safe
@never_cache
@login_required
def receipt_page(request: HttpRequest, battle_id: int) -> HttpResponse:
    """Show the receipt of one's own vote."""
    found = _own(request, battle_id)
    return render(request, "web/receipt_page.html", {"receipt": found})


@require_safe
@never_cache
@login_required
def receipt_json(request: HttpRequest, battle_id: int) -> HttpResponse:
    """Hand out the receipt as a file that the verifier reads."""
    document = receipt_document(_own(request, battle_id))
    if document is None:
        raise _not_ready(battle_id)
    response = JsonResponse(document, json_dumps_params={"indent": 2})
    response["Content-Disposition"] = f'attachment; filename="receipt-{battle_id}.json"'
    return response


@require_safe
@never_cache
@login_required
def receipt_text(request: HttpRequest, battle_id: int) -> HttpResponse:
    """Hand out the proof in the form of C2SP tlog-proof, which other programs than ours read."""
    entry = _own(request, battle_id).entry
    text = entry.as_text() if entry is not None else None
    if text is None:
        raise _not_ready(battle_id)
    return attached(text.encode(), f"receipt-{battle_id}.tlog-proof", "text/plain; charset=utf-8")


@require_safe
@never_cache
@login_required
def receipt_entry(request: HttpRequest, battle_id: int) -> HttpResponse:
    """Hand out the entry of one's own vote, as it was written; it holds a commitment and no choice."""
    entry = _own(request, battle_id).entry
    if entry is None:
        raise Http404
    return attached(entry.proved.body, f"receipt-{battle_id}-entry.json", "application/json")


def _own(request: HttpRequest, battle_id: int) -> Receipt:
    contributor = membership_of(acting(request))
    found = receipt(contributor, battle_id) if contributor is not None and battle_id <= _MAX_ID else None
    if found is None:
        raise Http404
    return found


def _not_ready(battle_id: int) -> ReceiptNotReady:
    return ReceiptNotReady(
        _("Your vote is in the log and waits for a published checkpoint; try again in a few seconds."),
        subject=f"battles.battle:{battle_id}",
    )
