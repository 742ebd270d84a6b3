"""The homes: one page for each kind of user, with what needs them now."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.domain.roles import Role
from apps.accounts.middleware import acting
from apps.audit.domain.actor import Actor
from apps.rankings.services import request_refit
from apps.web import queries

Home = tuple[str, Callable[[Actor], Any]]

# In this order; whoever holds several roles sees the first one's home and links to the others.
_HOMES: dict[Role, Home] = {
    Role.MODERATOR: ("moderator", lambda actor: queries.moderator_home(actor=actor, now=timezone.now())),
    Role.NETWORK_ADMIN: ("network_admin", lambda actor: queries.network_home(now=timezone.now())),
    Role.LICENSING_OFFICER: (
        "licensing_officer",
        lambda actor: queries.licensing_home(actor.account_id or 0, now=timezone.now()),
    ),
    Role.APPROVER: ("approver", lambda actor: queries.licensing_home(actor.account_id or 0, now=timezone.now())),
    Role.AUDITOR: ("auditor", lambda actor: queries.auditor_home(actor=actor, now=timezone.now())),
    Role.LICENSEE: ("licensee", lambda actor: queries.licensee_home(actor.account_id or 0)),
    Role.CONTRIBUTOR: ("contributor", lambda actor: queries.contributor_home(actor=actor, now=timezone.now())),
}


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Show the home of one's role; newcomers without one are led to the application."""
    actor = acting(request)
    held = [role for role in _HOMES if actor.has(role)]
    asked = request.GET.get("as", "")
    role = next((role for role in held if role.value == asked), held[0] if held else Role.CONTRIBUTOR)
    name, read = _HOMES[role]
    return render(request, f"web/home_{name}.html", {"home": read(actor), "role": role, "held": held})


@require_POST
@login_required
def recompute(request: HttpRequest) -> HttpResponse:
    """Put down that every board is to be recomputed, and lead to the page that shows how far it is."""
    run = request_refit(actor=acting(request), now=timezone.now())
    messages.success(request, _("The recomputation is due; a worker takes it up within seconds."))
    return redirect("jobs:job", run.job_id)
