"""The web's edges of the log: a refusal is written down before it is shown, and a public file is the same for all."""

import uuid
from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record_refusal

FORBIDDEN = 403
CONFLICT = 409


class PublicFile(HttpResponse):
    """A file that is the same for everybody: caches on its way keep it as ``cache`` says, and any page may read it."""

    def __init__(self, content: bytes, *, content_type: str, cache: str) -> None:
        headers = {"Cache-Control": cache, "Access-Control-Allow-Origin": "*"}
        super().__init__(content, content_type=content_type, headers=headers)


class PublicFilesMiddleware:
    """Takes back, outside of all others, what they say of the reader: cookies, and that the answer depends on them."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._awaits = iscoroutinefunction(get_response)
        if self._awaits:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Pass the request on, and clean a public file's headers."""
        if self._awaits:
            return self._answered(request)
        return _alike_for_all(self.get_response(request))

    async def _answered(self, request: HttpRequest) -> HttpResponseBase:
        return _alike_for_all(await cast("Awaitable[HttpResponseBase]", self.get_response(request)))


def _alike_for_all(response: HttpResponseBase) -> HttpResponseBase:
    if isinstance(response, PublicFile):
        response.cookies.clear()
        for name in ("Vary", "Content-Language"):
            response.headers.pop(name, None)
    return response


class RefusalMiddleware:
    """Answers a ``Refused`` that no view turned into a form error.

    When the refusal cannot be recorded, that error is what the server reports (500): nobody is refused unrecorded.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Let the request through; refusals come back through ``process_exception``."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Record and show a refusal; leave every other exception to Django."""
        if not isinstance(exception, Refused):
            return None
        remember_refusal(request, exception)
        is_permitted = not isinstance(exception, NotPermitted)
        context = {"refused": exception, "is_permitted": is_permitted}
        return render(request, "audit/refused.html", context, status=CONFLICT if is_permitted else FORBIDDEN)


def remember_refusal(request: HttpRequest, refused: Refused) -> None:
    """Record a refusal; a view calls this for the one that it shows itself, as an error of its form."""
    record_refusal(refused, actor=actor_of(request), attempted=attempted_by(request), at=timezone.now())


def actor_of(request: HttpRequest) -> Actor:
    """Return who asks; accounts' middleware found out, and before it everybody is a visitor."""
    actor = getattr(request, "actor", None)
    return actor if isinstance(actor, Actor) else Actor.visitor(request_id=uuid.uuid4().hex)


def attempted_by(request: HttpRequest) -> str:
    """Return the name of the view that was asked for, such as ``"battles:vote"``."""
    match = request.resolver_match
    return (match.view_name if match else "") or "unnamed-view"
