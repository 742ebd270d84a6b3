"""Who calls: a licensee's program by its key, in the name of the person who made it."""

from typing import Any, Final

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from apps.accounts.models import User
from apps.licensing.domain.keys import MalformedKey, read_key
from apps.licensing.models import LicenseeKey
from apps.licensing.services import UnfitKey, licensee_of_key, note_use

WORD: Final = "Api-Key"
_LONGEST_HEADER: Final = 200


class _WrongKeys(SimpleRateThrottle):
    """Counts keys that opened nothing, by the address that they came from."""

    scope = "wrong_keys"
    rate = "30/min"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """Return under which name an address is counted."""
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class KeyRate(SimpleRateThrottle):
    """Counts what each key asks for."""

    scope = "licensee_key"
    rate = "120/min"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """Return under which name a key is counted; whoever has none is counted by the other throttles."""
        key = request.auth
        if not isinstance(key, LicenseeKey):
            return None
        return self.cache_format % {"scope": self.scope, "ident": key.pk}


class LicenseeKeyAuthentication(BaseAuthentication):
    """``Authorization: Api-Key sd_…``; the request's ``auth`` is the key, its ``user`` whoever made it."""

    def authenticate(self, request: Request) -> tuple[User, LicenseeKey] | None:
        """Return who calls, or None when no key was sent; ``AuthenticationFailed`` for one that opens nothing."""
        word, _space, text = request.headers.get("Authorization", "")[:_LONGEST_HEADER].partition(" ")
        if word.lower() != WORD.lower():
            return None
        try:
            parts = read_key(text.strip())
            key = licensee_of_key(parts.prefix, parts.secret)
        except (MalformedKey, UnfitKey) as unfit:
            self._count_wrong(request)
            raise AuthenticationFailed("This key opens nothing.") from unfit
        note_use(key, now=timezone.now())
        # A refusal is recorded under the person in whose name the program acts.
        plain = request._request
        plain.actor = key.made_by.as_actor(request_id=getattr(plain, "request_id", ""))  # type: ignore[attr-defined]
        return key.made_by, key

    def authenticate_header(self, request: Request) -> str:
        """Return what a caller without a key is told to send; it makes the answer 401."""
        return WORD

    def _count_wrong(self, request: Request) -> None:
        counted = _WrongKeys()
        if not counted.allow_request(request, APIView()):
            raise Throttled(wait=counted.wait())


class HasLicenseeKey(BasePermission):
    """Holds for whoever called with a licensee's key."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether a key was sent that opens something."""
        return isinstance(request.auth, LicenseeKey)


class _KeyInTheSchema(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the key in the OpenAPI schema."""

    target_class = LicenseeKeyAuthentication
    name = "LicenseeKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return how the key is sent."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": f"`{WORD} sd_…`, made at the licensee's desk.",
        }
