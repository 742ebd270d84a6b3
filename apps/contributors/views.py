"""The pages of an application, of one's own data, and of the networks."""

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.middleware import remember_refusal
from apps.contributors.domain.application import Step
from apps.contributors.domain.languages import language_choices
from apps.contributors.domain.professions import profession_choices, profession_name
from apps.contributors.forms import AboutYouForm, EmployerForm, age_named, level_named
from apps.contributors.models import Attribute, ConsentKind, Contributor, Standing
from apps.contributors.permissions import may_run_networks
from apps.contributors.queries import (
    PeopleFilter,
    checklist_of,
    consents_of,
    employer_of,
    membership_of,
    network_names,
    network_overview,
    people,
    profile_of,
)
from apps.contributors.services import (
    ConsentNotGiven,
    TooYoung,
    UnknownCodes,
    WordsHaveChanged,
    begin_application,
    declare_employer,
    describe_yourself,
    give_consent,
    send_application,
    withdraw_consent,
)
from apps.organizations.domain.countries import country_choices
from apps.organizations.queries import registered_names

_INVALID = 422
_SHOWN = 15
_MOST_DIGITS = 18


# --- The application ---


@require_safe
def application(request: HttpRequest) -> HttpResponse:
    """Show how far the application is, or what it is about to somebody who has not begun."""
    contributor = membership_of(acting(request))
    if contributor is None:
        return render(request, "contributors/invitation.html")
    return _application_page(request, contributor)


def _application_page(request: HttpRequest, contributor: Contributor, status: int = 200) -> HttpResponse:
    checklist = checklist_of(contributor)
    context = {
        "contributor": contributor,
        "steps": {step.value: checklist.state_of(step).value for step in Step},
        "left": len(checklist.missing),
        "is_complete": checklist.is_complete,
    }
    return render(request, "contributors/application.html", context, status=status)


@require_POST
@login_required
def begin(request: HttpRequest) -> HttpResponse:
    """Begin an application; a second click finds the first."""
    begin_application(actor=acting(request), now=timezone.now())
    return redirect("contributors:application")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def about(request: HttpRequest) -> HttpResponse:
    """Ask who somebody is, in broad strokes."""
    contributor = membership_of(acting(request))
    if contributor is None:
        return redirect("contributors:application")
    form = AboutYouForm(request.POST) if request.method == "POST" else AboutYouForm.filled_with(profile_of(contributor))
    if request.method == "POST" and form.is_valid():
        try:
            describe_yourself(actor=acting(request), description=form.description, now=timezone.now())
        except (TooYoung, UnknownCodes) as refused:
            remember_refusal(request, refused)
            form.refuse(str(refused), refused.attributes if isinstance(refused, UnknownCodes) else ("age_band",))
        else:
            return _saved(request, contributor)
    context = {"form": form, "professions": profession_choices(), "contributor": contributor}
    return render(request, "contributors/about.html", context, status=_INVALID if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def employer(request: HttpRequest) -> HttpResponse:
    """Ask whom somebody works for, so that they never vote on their own house."""
    contributor = membership_of(acting(request))
    if contributor is None:
        return redirect("contributors:application")
    form = (
        EmployerForm(request.POST) if request.method == "POST" else EmployerForm.filled_with(employer_of(contributor))
    )
    if request.method == "POST" and form.is_valid():
        declare_employer(actor=acting(request), name=form.cleaned_data["name"], now=timezone.now())
        return _saved(request, contributor)
    context = {"form": form, "organizations": registered_names(), "contributor": contributor}
    return render(request, "contributors/employer.html", context, status=_INVALID if form.errors else 200)


def _saved(request: HttpRequest, contributor: Contributor) -> HttpResponse:
    messages.success(request, _("Saved."))
    is_applying = contributor.standing == Standing.APPLYING
    return redirect("contributors:application" if is_applying else "contributors:data")


@require_POST
@login_required
def send(request: HttpRequest) -> HttpResponse:
    """Send the application; what is still missing is shown on its page."""
    try:
        send_application(actor=acting(request), now=timezone.now())
    except Refused as refused:
        remember_refusal(request, refused)
        messages.error(request, str(refused))
        return redirect("contributors:application")
    messages.success(request, _("Welcome. You take part from now on."))
    return redirect("contributors:application")


# --- Consents and one's own data ---


@require_safe
@login_required
def consents(request: HttpRequest) -> HttpResponse:
    """Ask for the three consents, each apart."""
    contributor = membership_of(acting(request))
    if contributor is None:
        return redirect("contributors:application")
    states = consents_of(contributor, language=get_language() or "en")
    context = {"contributor": contributor, "consents": states, "came_from": "consents"}
    return render(request, "contributors/consents.html", context)


@require_POST
@login_required
def give(request: HttpRequest) -> HttpResponse:
    """Agree to the text that the page showed."""
    try:
        consent = give_consent(
            actor=acting(request), text_id=_whole_number(request.POST.get("text")) or 0, now=timezone.now()
        )
    except WordsHaveChanged as refused:
        remember_refusal(request, refused)
        messages.error(request, str(refused))
    else:
        messages.success(request, _("You agreed: %(title)s.") % {"title": consent.text.title})
    return redirect("contributors:consents" if request.POST.get("from") == "consents" else "contributors:data")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def withdraw(request: HttpRequest, kind: str) -> HttpResponse:
    """Say what taking a consent back does, then do it."""
    if kind not in ConsentKind.values:
        raise Http404
    if request.method == "POST":
        try:
            withdraw_consent(actor=acting(request), kind=ConsentKind(kind), now=timezone.now())
        except ConsentNotGiven as refused:
            remember_refusal(request, refused)
            messages.info(request, str(refused))
        else:
            messages.success(request, _("You took it back. The log keeps that you did, and when."))
        return redirect("contributors:data")
    return render(request, "contributors/withdraw.html", {"kind": ConsentKind(kind)})


@require_safe
@login_required
def data(request: HttpRequest) -> HttpResponse:
    """Show what is known about somebody and what they agreed to, with all that went before."""
    contributor = membership_of(acting(request))
    if contributor is None:
        return redirect("contributors:application")
    profile = profile_of(contributor)
    context = {
        "contributor": contributor,
        "profile": profile,
        "profession": profession_name(profile.profession),
        "age": age_named(profile.age_band),
        "education": level_named(profile.education),
        "employer": employer_of(contributor),
        "consents": consents_of(contributor, language=get_language() or "en"),
        "came_from": "data",
    }
    return render(request, "contributors/data.html", context)


# --- Networks ---


@require_safe
@login_required
def networks(request: HttpRequest) -> HttpResponse:
    """Show how many people there are, and where they come from."""
    _require_network_admin(request)
    overview = network_overview()
    language = get_language() or "en"
    names = {
        Attribute.COUNTRY: dict(country_choices(language)),
        Attribute.LANGUAGE: dict(language_choices(language)),
        Attribute.PROFESSION: dict(profession_choices()),
    }
    context = {
        "overview": overview,
        "active": overview.by_standing[Standing.ACTIVE],
        "countries": len(overview.by_attribute[Attribute.COUNTRY]),
        "standings": [(standing, overview.by_standing[standing]) for standing in Standing],
        "tables": [
            {
                "title": title,
                "caption": caption,
                "parameter": attribute.value,
                "rows": [(code, names[attribute].get(code, code), number) for code, number in counted[:_SHOWN]],
                "rest": max(0, len(counted) - _SHOWN),
            }
            for title, caption, attribute in (
                (_("Countries"), _("Active people by country"), Attribute.COUNTRY),
                (_("Languages"), _("Active people by language"), Attribute.LANGUAGE),
                (_("Professions"), _("Active people by profession"), Attribute.PROFESSION),
            )
            for counted in [overview.by_attribute[attribute]]
        ],
    }
    return render(request, "contributors/networks.html", context)


@require_safe
@login_required
def people_page(request: HttpRequest) -> HttpResponse:
    """List people by pseudonym with what they declare; never their prompts, never a vote."""
    _require_network_admin(request)
    language = get_language() or "en"
    offered: dict[str, Sequence[tuple[str, str]]] = {
        "standing": [(standing.value, str(standing.label)) for standing in Standing],
        "network": [(name, name) for name in network_names()],
        "country": country_choices(language),
        "language": language_choices(language),
        "profession": profession_choices(),
    }
    # A filter that is not on offer is none: addresses are typed, shortened and guessed.
    asked = {name: request.GET.get(name, "") for name in offered}
    wanted = PeopleFilter(**{name: code for name, code in asked.items() if code in dict(offered[name])})
    page = people(wanted, before=_whole_number(request.GET.get("before")))
    context = {
        "page": page,
        "lines": [(line, profession_name(line.profession)) for line in page.lines],
        "wanted": wanted,
        "offered": offered,
    }
    return render(request, "contributors/people_page.html", context)


def _require_network_admin(request: HttpRequest) -> None:
    if not may_run_networks(acting(request)):
        raise NotPermitted(_("This page is for network administrators."))


def _whole_number(text: str | None) -> int | None:
    """Return an id from an address or a form; what is no id, or too large for one, is None."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None
