"""Erasing oneself: what goes and what stays, said before anything is done."""

from typing import Final

from allauth.core.exceptions import ReauthenticationRequired
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.middleware import actor_of
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.middleware import remember_refusal
from apps.audit.permissions import has_lately_proved_identity
from apps.contributors.queries import membership_of
from apps.web.queries.erased import what_to_erase
from apps.web.services import erase_contributor

_CONFLICT: Final = 409


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def erase_me(request: HttpRequest) -> HttpResponse:
    """Say what goes and what stays; then, proved and confirmed, erase the person and sign them out."""
    actor = actor_of(request)
    contributor = membership_of(actor)
    if contributor is None:
        return redirect("contributors:application")
    # Whoever signed in long ago is led to prove again who they are, and back; the service asks the same.
    if not has_lately_proved_identity(actor, timezone.now()):
        raise ReauthenticationRequired
    refused: Refused | None = None
    if request.method == "POST":
        try:
            erased = erase_contributor(
                actor=actor,
                contributor_id=contributor.pk,
                is_confirmed=request.POST.get("for_good") == "yes",
                now=timezone.now(),
            )
        except NotPermitted:
            raise
        except Refused as error:
            remember_refusal(request, error)
            refused = error
        else:
            logout(request)
            return render(request, "web/erased.html", {"erased": erased})
    context = {"counts": what_to_erase(contributor), "refused": refused}
    return render(request, "web/erase_me.html", context, status=_CONFLICT if refused else 200)
