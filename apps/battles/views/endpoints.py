"""The page on which staff see how the models do, and network administrators register and weigh them."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import NotPermitted
from apps.audit.middleware import remember_refusal
from apps.battles.forms import ChangeEndpointForm, RegisterModelForm
from apps.battles.permissions import may_change_models, may_see_models
from apps.battles.queries import endpoint_lines
from apps.battles.services import ModelNameTaken, NotAnEndpoint, change_endpoint, register_model

_UNPROCESSABLE: Final = 422


@require_safe
@login_required
def models(request: HttpRequest) -> HttpResponse:
    """Show every endpoint with its weight, its share of the draws and its failures."""
    actor = acting(request)
    if not may_see_models(actor):
        raise NotPermitted(_("Only staff see the models' endpoints."))
    lines = endpoint_lines(now=timezone.now())
    context = {
        "lines": lines,
        "failing": sum(1 for line in lines if line.is_drawn and line.failed),
        "drawn": len({line.model for line in lines if line.is_drawn}),
        "may_change": may_change_models(actor),
    }
    return render(request, "battles/models.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def register(request: HttpRequest) -> HttpResponse:
    """Register a model with its endpoint."""
    actor = acting(request)
    if not may_change_models(actor):
        raise NotPermitted(_("Only network administrators change models and their endpoints."))
    form = RegisterModelForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            model = register_model(actor=actor, now=timezone.now(), **form.cleaned_data)
        except (ModelNameTaken, NotAnEndpoint) as refused:
            remember_refusal(request, refused)
            form.add_error(None, refused.message)
        else:
            messages.success(request, _("%(name)s is registered and will be drawn.") % {"name": model.name})
            return redirect("battles:models")
    status = _UNPROCESSABLE if form.errors else 200
    return render(request, "battles/register_model.html", {"form": form}, status=status)


@require_POST
@login_required
def change(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    """Set an endpoint's weight, and whether it is drawn."""
    form = ChangeEndpointForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("A weight is a number from 0 to 1000."))
        return redirect("battles:models")
    try:
        endpoint = change_endpoint(
            actor=acting(request), endpoint_id=endpoint_id, now=timezone.now(), **form.cleaned_data
        )
    except NotAnEndpoint as refused:
        remember_refusal(request, refused)
        messages.error(request, refused.message)
    else:
        messages.success(request, _("%(name)s is changed.") % {"name": endpoint.remote_name})
    return redirect("battles:models")
