"""Who asks for a licensee: the person who speaks for it, by their session, or its own key."""

from typing import Final

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from apps.api.authentication import KeyRate, LicenseeKeyAuthentication
from apps.audit.domain.actor import Actor
from apps.audit.middleware import actor_of
from apps.licensing.models import Licensee
from apps.licensing.queries.deliveries import licensees_by_id

# A key sets ``request.auth`` to itself, which has its ``licensee``, and gives the plain request its actor; everything
# below asks ``licensees_asking`` and ``actor_asking`` alone.
AUTHENTICATION: Final[tuple[type[BaseAuthentication], ...]] = (LicenseeKeyAuthentication, SessionAuthentication)


class ForLicensees(APIView):
    """What a licensee asks by program: authenticated, and so many times a minute."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    throttle_classes = (KeyRate, ScopedRateThrottle)
    throttle_scope = "licensee"


def actor_asking(request: Request) -> Actor:
    """Return who acts, as the log names them."""
    return actor_of(request._request)


def licensees_asking(request: Request) -> dict[int, Licensee]:
    """Return the licensees for which a request speaks, by id; none for anybody else."""
    of_key = getattr(request.auth, "licensee", None)
    if isinstance(of_key, Licensee):
        return {of_key.pk: of_key}
    return licensees_by_id(actor_asking(request).account_id or 0)
