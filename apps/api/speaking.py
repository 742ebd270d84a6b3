"""For whom a request speaks: the licensee whose key is sent, or those whom the person who is signed in speaks for."""

import re
from typing import Final, cast

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle, ScopedRateThrottle
from rest_framework.views import APIView

from apps.api.authentication import HasLicenseeKey, KeyRate, LicenseeKeyAuthentication
from apps.api.parsers import ShallowJSONParser
from apps.audit.domain.actor import Actor
from apps.audit.middleware import actor_of
from apps.licensing.models import Licensee, LicenseeKey
from apps.licensing.queries.deliveries import licensees_by_id

_NUMBER: Final = re.compile(r"[0-9]{1,18}")
# A key sets ``request.auth`` to itself, which has its ``licensee``, and gives the plain request its actor; everything
# below asks ``licensees_asking`` and ``actor_asking`` alone.
AUTHENTICATION: Final[tuple[type[BaseAuthentication], ...]] = (LicenseeKeyAuthentication, SessionAuthentication)


class ForLicensees(APIView):
    """What a licensee fetches by program, or a person in their browser: authenticated, and so many times a minute."""

    authentication_classes = AUTHENTICATION
    permission_classes: tuple[type[BasePermission], ...] = (IsAuthenticated,)
    throttle_classes: tuple[type[BaseThrottle], ...] = (KeyRate, ScopedRateThrottle)
    throttle_scope = "licensee"
    parser_classes = (ShallowJSONParser,)


class WithKey(ForLicensees):
    """What a program asks for with a key alone; being signed in at the desk is no key."""

    authentication_classes = (LicenseeKeyAuthentication,)
    permission_classes = (HasLicenseeKey,)
    throttle_classes = (KeyRate,)

    @staticmethod
    def key(request: Request) -> LicenseeKey:
        """Return the key that was sent; the permission has seen that there is one."""
        return cast("LicenseeKey", request.auth)

    def licensee(self, request: Request) -> Licensee:
        """Return the licensee whose key was sent."""
        return self.key(request).licensee


def actor_asking(request: Request) -> Actor:
    """Return who acts, as the log names them."""
    return actor_of(request._request)


def licensees_asking(request: Request) -> dict[int, Licensee]:
    """Return the licensees for which a request speaks, by id; none for anybody else."""
    of_key = getattr(request.auth, "licensee", None)
    if isinstance(of_key, Licensee):
        return {of_key.pk: of_key}
    return licensees_by_id(actor_asking(request).account_id or 0)


def licensees_asked_for(request: Request) -> dict[int, Licensee]:
    """Return those of the licensees for which a request speaks that it asks about: ``?licensee=`` names one, by id.

    ``ValidationError`` for what is no number, ``NotFound`` for one for which it does not speak.
    """
    licensees, asked = licensees_asking(request), request.query_params.get("licensee")
    if asked is None:
        return licensees
    if not _NUMBER.fullmatch(asked):
        raise ValidationError({"licensee": "Name a licensee by its number."})
    if int(asked) not in licensees:
        raise NotFound("You speak for no such licensee.")
    return {int(asked): licensees[int(asked)]}
