"""A contributor's own words and votes, as one file that is written while it is sent."""

import json
from collections.abc import Iterator

from django.contrib.auth.decorators import login_required
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.middleware import acting
from apps.contributors.models import Contributor
from apps.contributors.queries import membership_of
from apps.contributors.services import take_own_words
from apps.web.queries import own_counts, own_lines
from apps.web.views.exports import one_by_one


@require_safe
@never_cache
@login_required
def own_words_page(request: HttpRequest) -> HttpResponse:
    """Say what is in the file, and what is not yet."""
    contributor = membership_of(acting(request))
    if contributor is None:
        return redirect("contributors:application")
    return render(request, "web/own_words_page.html", {"counts": own_counts(contributor)})


@require_POST
@never_cache
@login_required
def own_words(request: HttpRequest) -> HttpResponseBase:
    """Send the file; that it is taken is an entry before the first byte."""
    export = take_own_words(actor=acting(request), now=timezone.now())
    lines = _lines(export.contributor)
    body = one_by_one(lines) if isinstance(request, ASGIRequest) else lines
    response = StreamingHttpResponse(body, content_type="application/x-ndjson; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="my-words-at-showdown.ndjson"'
    return response


def _lines(contributor: Contributor) -> Iterator[bytes]:
    for line in own_lines(contributor):
        yield json.dumps(line, ensure_ascii=False).encode() + b"\n"
