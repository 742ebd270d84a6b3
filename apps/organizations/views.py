"""The neutrality register, for everybody to read; its keepers write it here as well."""

import re
from datetime import date

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.middleware import remember_refusal
from apps.organizations.forms import OrganizationForm, PathForm, StaffTieForm, TieEndForm, TieForm
from apps.organizations.models import StaffTie, StaffTieKind, Tie, TieKind
from apps.organizations.permissions import may_declare_own_ties, may_keep_the_register
from apps.organizations.queries import register, tied, ties_of_person
from apps.organizations.services import (
    declare_staff_tie,
    declare_tie,
    end_staff_tie,
    end_tie,
    register_organization,
)

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
    actor = acting(request)
    context = {
        "register": register(on=on, of=of),
        "of": of,
        "may_keep": may_keep_the_register(actor),
        "may_declare": may_declare_own_ties(actor),
    }
    return render(request, "organizations/register_page.html", context)


@require_safe
def path_page(request: HttpRequest) -> HttpResponse:
    """Show how one organization is tied to another, by the fewest ties that held on a day."""
    form = PathForm(request.GET if "a" in request.GET or "b" in request.GET else None)
    context: dict[str, object] = {"form": form}
    if form.is_bound and form.is_valid():
        asked = form.cleaned_data
        on = asked["on"] or timezone.now().date()
        kinds = [TieKind(kind) for kind in asked["kinds"]] or list(TieKind)
        context |= {
            "a": asked["a"],
            "b": asked["b"],
            "on": on,
            "is_asked": True,
            "path": tied([asked["a"].pk], [asked["b"].pk], kinds=kinds, on=on),
        }
    return render(request, "organizations/path_page.html", context, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def my_ties(request: HttpRequest) -> HttpResponse:
    """Show what somebody who works here declared about themselves, and let them declare more."""
    actor = acting(request)
    if not may_declare_own_ties(actor):
        raise NotPermitted(_("Ties are declared by those who approve, audit, license or moderate."))
    form = StaffTieForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = {**form.cleaned_data, "kind": StaffTieKind(form.cleaned_data["kind"])}
        try:
            declare_staff_tie(actor=actor, now=timezone.now(), **said)
        except Refused as refused:
            remember_refusal(request, refused)
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Your tie is declared."))
            return redirect("organizations:my_ties")
    ties = ties_of_person(actor.account_id or 0, on=timezone.now().date())
    return render(request, "organizations/my_ties.html", {"form": form, "ties": ties}, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def end_mine(request: HttpRequest, tie_id: int) -> HttpResponse:
    """Put down that a tie of one's own ended."""
    actor = acting(request)
    tie = StaffTie.objects.select_related("organization").filter(pk=tie_id, account_id=actor.account_id).first()
    if tie is None:
        raise Http404
    form = TieEndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            end_staff_tie(actor=actor, tie_id=tie.pk, until=form.cleaned_data["until"], now=timezone.now())
        except Refused as refused:
            remember_refusal(request, refused)
            form.add_error("until", str(refused))
        else:
            messages.success(request, _("The tie has an end, and stays where it is."))
            return redirect("organizations:my_ties")
    return render(request, "organizations/end_mine.html", {"form": form, "tie": tie}, status=_status(form))


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


def _status(form: Form) -> int:
    return 422 if form.errors else 200
