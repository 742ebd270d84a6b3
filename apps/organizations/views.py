"""The neutrality register, for everybody to read; its keepers write it here as well."""

import re
from datetime import date

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.middleware import remember_refusal
from apps.organizations.forms import OrganizationForm, TieEndForm, TieForm
from apps.organizations.models import Tie, TieKind
from apps.organizations.permissions import may_keep_the_register
from apps.organizations.queries import register
from apps.organizations.services import declare_tie, end_tie, register_organization

_SLUG = re.compile(r"[a-zA-Z0-9_-]{1,50}")


@require_safe
def register_page(request: HttpRequest) -> HttpResponse:
    """Show every organization and tie, or (``?of=``) those around one, as they stood on a day (``?on=``)."""
    try:
        on = date.fromisoformat(request.GET.get("on", ""))
    except ValueError:
        on = timezone.now().date()
    asked = request.GET.get("of", "")
    # What is no short form of a name (and what no database takes, such as NUL) asks for the whole register.
    of = asked if _SLUG.fullmatch(asked) else ""
    context = {"register": register(on=on, of=of), "of": of, "may_keep": may_keep_the_register(acting(request))}
    return render(request, "organizations/register_page.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_organization(request: HttpRequest) -> HttpResponse:
    """Put an organization into the register."""
    _require_keeper(request)
    form = OrganizationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = register_organization(actor=acting(request), now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            remember_refusal(request, refused)
            form.add_error("name", str(refused))
        else:
            messages.success(request, _("%(name)s is in the register.") % {"name": added.name})
            return redirect("organizations:register")
    return render(request, "organizations/new_organization.html", {"form": form}, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_tie(request: HttpRequest) -> HttpResponse:
    """Put a tie into the register."""
    _require_keeper(request)
    form = TieForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = {**form.cleaned_data, "kind": TieKind(form.cleaned_data["kind"])}
        try:
            declare_tie(actor=acting(request), now=timezone.now(), **said)
        except Refused as refused:
            remember_refusal(request, refused)
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The tie is in the register."))
            return redirect("organizations:register")
    return render(request, "organizations/new_tie.html", {"form": form}, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def end(request: HttpRequest, tie_id: int) -> HttpResponse:
    """Write down that a tie ended."""
    _require_keeper(request)
    tie = Tie.objects.select_related("holder", "held").filter(pk=tie_id).first()
    if tie is None:
        raise Http404
    form = TieEndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            end_tie(actor=acting(request), tie=tie, until=form.cleaned_data["until"], now=timezone.now())
        except Refused as refused:
            remember_refusal(request, refused)
            form.add_error("until", str(refused))
        else:
            messages.success(request, _("The tie has an end, and stays in the register."))
            return redirect("organizations:register")
    return render(request, "organizations/end.html", {"form": form, "tie": tie}, status=_status(form))


def _require_keeper(request: HttpRequest) -> None:
    # The services ask again; here the empty form itself is kept from those who could not send it.
    if not may_keep_the_register(acting(request)):
        raise NotPermitted(_("The register is kept by network administrators and licensing officers."))


def _status(form: OrganizationForm | TieForm | TieEndForm) -> int:
    return 422 if form.errors else 200
