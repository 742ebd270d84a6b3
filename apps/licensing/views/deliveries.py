"""A licensee's editions: their files with sizes and checksums, downloads, receipts."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import Refused
from apps.audit.views.pages import attached
from apps.licensing.models import Edition
from apps.licensing.queries.deliveries import (
    DeliveryReceipt,
    deliveries_of,
    edition_of,
    files_of,
    licensees_by_id,
    manifest_proof,
    obstacle_to,
    receipt_of,
)
from apps.licensing.views.choosing import Own, spoken_for
from apps.licensing.views.streaming import file_response

_MAX_ID = 2**63 - 1
_TEXT = "text/plain; charset=utf-8"


class ProofNotReady(Refused):
    """The entry waits for its leaf, or for a checkpoint that covers it."""


@require_safe
@never_cache
@login_required
def my_edition(request: HttpRequest, edition_id: int) -> HttpResponse:
    """Show one of a licensee's editions: whether it may be fetched, its files, and what was fetched."""
    edition = _own(request, edition_id)
    context = {
        "own": Own(licensee=edition.licensee, several=spoken_for(request)),
        "edition": edition,
        "release": edition.release,
        "files": files_of(edition),
        "obstacle": obstacle_to(edition, at=timezone.now()),
        "deliveries": deliveries_of([edition.licensee_id], edition=edition),
    }
    return render(request, "licensing/my_edition.html", context)


@require_safe
@login_required
def edition_file(request: HttpRequest, edition_id: int, name: str) -> HttpResponseBase:
    """Send a file of one's own edition, whole or a range of it; each time is a delivery or goes on with one."""
    licensees = licensees_by_id(acting(request).account_id or 0)
    edition = edition_of(licensees, edition_id) if edition_id <= _MAX_ID else None
    return file_response(request, actor=acting(request), edition=edition, name=name, via="web")


@require_safe
@never_cache
@login_required
def checksums(request: HttpRequest, edition_id: int) -> HttpResponse:
    """Hand out the checksums of an edition's files as ``sha256sum -c`` reads them."""
    edition = _own(request, edition_id)
    text = "".join(f"{file.sha256}  release-{edition.release_id}-{file.name}\n" for file in files_of(edition))
    return attached(text.encode(), f"release-{edition.release_id}.sha256", _TEXT)


@require_safe
@never_cache
@login_required
def edition_proof(request: HttpRequest, edition_id: int) -> HttpResponse:
    """Hand out the proof that the log names this manifest, as C2SP tlog-proof."""
    edition = _own(request, edition_id)
    proof = manifest_proof(edition)
    text = proof.as_text() if proof is not None else None
    if text is None:
        raise _not_ready(edition.ref)
    return attached(text.encode(), f"release-{edition.release_id}.tlog-proof", _TEXT)


@require_safe
@never_cache
@login_required
def delivery(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Show the receipt of a delivery: its number, its file, its place in the log."""
    return render(request, "licensing/delivery.html", {"receipt": _receipt(request, delivery_id)})


@require_safe
@never_cache
@login_required
def delivery_json(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Hand out the proof of a delivery's entry as a file that the verifier reads."""
    found = _receipt(request, delivery_id)
    entry = found.entry
    if entry is None or entry.inclusion is None:
        raise _not_ready(found.delivery.ref)
    answer = JsonResponse(entry.as_json(entry.inclusion), json_dumps_params={"indent": 2})
    answer["Content-Disposition"] = f'attachment; filename="delivery-{found.delivery.counter}.json"'
    return answer


def _own(request: HttpRequest, edition_id: int) -> Edition:
    licensees = licensees_by_id(acting(request).account_id or 0)
    edition = edition_of(licensees, edition_id) if edition_id <= _MAX_ID else None
    if edition is None:
        raise Http404
    return edition


def _receipt(request: HttpRequest, delivery_id: int) -> DeliveryReceipt:
    licensees = licensees_by_id(acting(request).account_id or 0)
    found = receipt_of(licensees, delivery_id) if delivery_id <= _MAX_ID else None
    if found is None:
        raise Http404
    return found


def _not_ready(subject: str) -> ProofNotReady:
    return ProofNotReady(_("The entry waits for a published checkpoint; try again in a few seconds."), subject=subject)
