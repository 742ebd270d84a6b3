"""One file of an edition as an answer to a request: whole or a range of it, with its checksum, never packed.

Both edges hand files out with this: the site's pages and the API.
"""

import re
from collections.abc import AsyncIterator
from typing import Final

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.licensing.domain.ranges import (
    NotInTheFile,
    Span,
    digest_field,
    etag_of,
    is_held,
    range_applies,
    span_asked,
)
from apps.licensing.flows.delivering import Sending, begin_sending
from apps.licensing.models import Edition
from apps.licensing.queries.deliveries import OfferedFile, file_of
from apps.licensing.services.deliveries import require_deliverable

_WHOLE, _PARTIAL, _NOT_MODIFIED, _NOT_SATISFIABLE = 200, 206, 304, 416
_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_TYPES: Final = {
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
}
_ANYTHING: Final = "application/octet-stream"


def file_response(
    request: HttpRequest, *, actor: Actor, edition: Edition | None, name: str, via: str
) -> HttpResponseBase:
    """Answer a GET or HEAD for a file of an edition (RFC 9110).

    HEAD and an answer without content ask the same questions as a download, send nothing and count nothing. Raises
    ``Http404`` for another licensee's edition and for a name that the manifest does not know, and refusals as
    ``begin_sending`` says.
    """
    file = file_of(edition, name) if edition is not None and _SAFE_NAME.fullmatch(name) else None
    if edition is None or file is None:
        raise Http404
    if request.method == "HEAD" or is_held(request.headers.get("If-None-Match"), sha256=file.sha256):
        require_deliverable(edition, at=timezone.now())
        if request.method == "HEAD":
            return _with_content(_described(HttpResponse(), edition, file), file, None)
        held = _described(HttpResponse(status=_NOT_MODIFIED), edition, file)
        # The length that the whole file would have, or none at all, says the standard; Django would say nought.
        held["Content-Length"] = str(file.bytes)
        return held
    try:
        span = _asked(request, file)
    except NotInTheFile:
        require_deliverable(edition, at=timezone.now())
        answer = HttpResponse(status=_NOT_SATISFIABLE)
        answer["Content-Range"] = f"bytes */{file.bytes}"
        return answer
    sending = begin_sending(actor=actor, edition=edition, file=file, via=via, span=span)
    # Under ASGI Django would gather the whole file in memory before it sends the first byte of a plain iterator.
    body = _one_by_one(sending) if isinstance(request, ASGIRequest) else sending
    streamed = StreamingHttpResponse(body, status=_WHOLE if span is None else _PARTIAL)
    streamed["X-Delivery"] = str(sending.claim.counter)
    return _with_content(_described(streamed, edition, file), file, span)


def _asked(request: HttpRequest, file: OfferedFile) -> Span | None:
    if not range_applies(request.headers.get("If-Range"), sha256=file.sha256):
        return None
    return span_asked(request.headers.get("Range"), size=file.bytes)


def _described(answer: HttpResponseBase, edition: Edition, file: OfferedFile) -> HttpResponseBase:
    """Say what the file is, whether or not any of it is sent."""
    answer["Accept-Ranges"] = "bytes"
    answer["ETag"] = etag_of(file.sha256)
    answer["Repr-Digest"] = digest_field(file.sha256)
    # The checksum is that of these bytes: nothing on the way may pack them, and nobody may keep them for others.
    answer["Cache-Control"] = "private, no-store, no-transform"
    answer["Content-Type"] = _TYPES.get(file.name[file.name.rfind(".") :], _ANYTHING)
    answer["Content-Disposition"] = f'attachment; filename="release-{edition.release_id}-{file.name}"'
    return answer


def _with_content(answer: HttpResponseBase, file: OfferedFile, span: Span | None) -> HttpResponseBase:
    """Say what of the file is sent."""
    if span is None:
        answer["Content-Length"] = str(file.bytes)
        answer["Content-Digest"] = digest_field(file.sha256)
    else:
        answer["Content-Length"] = str(span.length)
        answer["Content-Range"] = span.content_range(file.bytes)
    return answer


async def _one_by_one(sending: Sending) -> AsyncIterator[bytes]:
    def following() -> bytes | None:
        return next(sending, None)

    try:
        while (piece := await sync_to_async(following)()) is not None:
            yield piece
    finally:
        # Also when whoever received has gone; when even this cannot run, the sweeper closes what is left.
        await sync_to_async(sending.close)()
