"""Asking people to prove who they are, before an act that decides about what others entrusted to us."""

from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest
from django.utils import timezone

from apps.accounts.middleware import acting
from apps.audit.permissions import has_lately_proved_identity


def ask_for_proof(request: HttpRequest) -> None:
    """Return when somebody lately proved who they are; else they are asked to, and what they sent is done after."""
    if not has_lately_proved_identity(acting(request), timezone.now()):
        raise ReauthenticationRequired
