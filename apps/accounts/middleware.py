"""Gives every request its actor: the person signed in, or a visitor."""

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from apps.accounts.models import User
from apps.audit.domain.actor import Actor

_REQUEST_ID = re.compile(r"[0-9a-zA-Z-]{8,64}")


def _reauthenticated_at(request: HttpRequest) -> datetime | None:
    """Return when this session last proved who it is, as allauth keeps it."""
    records: list[dict[str, Any]] = request.session.get("account_authentication_methods", [])
    times = [record["at"] for record in records if "at" in record]
    return datetime.fromtimestamp(max(times), tz=UTC) if times else None


def actor_of(request: HttpRequest) -> Actor:
    """Return who acts in this request; one query for the roles of a person."""
    request_id = getattr(request, "request_id", "")
    if isinstance(request.user, User):
        return request.user.as_actor(request_id=request_id, reauthenticated_at=_reauthenticated_at(request))
    return Actor.visitor(request_id=request_id)


def acting(request: HttpRequest) -> Actor:
    """Return the actor that the middleware gave to the request."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


class ActorMiddleware:
    """Sets ``request.actor`` (looked up on first use) and ``request.request_id``."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Name the request and give it its actor, then pass it on."""
        given = request.headers.get("X-Request-ID", "")
        # A proxy may name the request; anything odd is replaced, since the name ends up in the log.
        request.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)  # type: ignore[attr-defined]
        request.actor = SimpleLazyObject(lambda: actor_of(request))  # type: ignore[attr-defined]
        return self.get_response(request)
