"""The auditor's exports: asking for the whole log, watching it being written, taking it away."""

from collections.abc import AsyncIterator, Iterator
from typing import Final

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.middleware import remember_refusal
from apps.jobs.queries import progress_of
from apps.web.gateways import ExportStore, pieces
from apps.web.permissions import may_audit
from apps.web.queries import exports_of
from apps.web.services import NotAnAuditorsExport, record_download, request_export

_CONFLICT: Final = 409


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def exports(request: HttpRequest) -> HttpResponse:
    """List an auditor's exports with how far they are, and ask for another."""
    actor, now, refused = acting(request), timezone.now(), None
    if not may_audit(actor):
        raise NotAnAuditorsExport(_("Only auditors have the log exported."))
    if request.method == "POST":
        try:
            request_export(actor=actor, now=now)
            return redirect("web:exports")
        except NotPermitted:
            raise
        except Refused as error:
            remember_refusal(request, error)
            refused = error
    found = [(export, progress_of(export.job, now=now)) for export in exports_of(actor.pseudonym)]
    context = {
        "exports": found,
        "refused": refused,
        "is_writing": any(not progress.is_over for _export, progress in found),
        "now": now,
    }
    template = "web/_exports.html" if request.headers.get("HX-Request") else "web/exports.html"
    return render(request, template, context, status=_CONFLICT if refused else 200)


@require_safe
@never_cache
@login_required
def export_file(request: HttpRequest, export_id: int) -> HttpResponseBase:
    """Send a bundle to the auditor for whom it was written; the taking is an entry first."""
    export = record_download(actor=acting(request), export_id=export_id, now=timezone.now())
    path = ExportStore().path(export.folder)
    if path is None:
        raise Http404
    parts = pieces(path)
    # Under ASGI Django would gather the whole file in memory before it sends the first byte of a plain iterator.
    body = one_by_one(parts) if isinstance(request, ASGIRequest) else parts
    response = StreamingHttpResponse(body, content_type="application/zip")
    response["Content-Length"] = str(export.bytes)
    response["Content-Disposition"] = f'attachment; filename="showdown-log-{export.size}.zip"'
    return response


async def one_by_one(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces of a plain iterator, each read in the thread where the database may be asked."""

    def following() -> bytes | None:
        return next(parts, None)

    while (piece := await sync_to_async(following)()) is not None:
        yield piece
