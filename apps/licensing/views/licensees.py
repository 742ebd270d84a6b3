"""Licensees as everybody sees them, and the page on which an officer tends one."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.middleware import remember_refusal
from apps.licensing import queries, services
from apps.licensing.flows import draft_requested
from apps.licensing.forms import (
    ContactForm,
    ReasonForm,
    RecipientForm,
    RefuseForm,
    SignedForm,
    SuspendForm,
    TermsForm,
    TextForm,
)
from apps.licensing.models import AccessRequest, Licensee
from apps.licensing.permissions import may_license, may_see_drafts
from apps.licensing.views.proving import ask_for_proof

UNPROCESSABLE = 422


@require_safe
def licensees(request: HttpRequest) -> HttpResponse:
    """List who agreed to what, for which purposes and recipients; who is suspended; which requests were refused."""
    now = timezone.now()
    lines = queries.public_licensees(at=now)
    standings = services.standings_of([line.licensee for line in lines], at=now)
    context = {
        "lines": [(line, standings.get(line.licensee.pk)) for line in lines],
        "refused": queries.requests_refused(),
        "may_see": may_see_drafts(acting(request)),
    }
    return render(request, "licensing/licensees.html", context)


@require_safe
def agreements(request: HttpRequest) -> HttpResponse:
    """List every version of the terms."""
    context = {"lines": queries.agreement_texts(), "may_license": may_license(acting(request))}
    return render(request, "licensing/agreements.html", context)


@require_safe
def agreement(request: HttpRequest, version: int) -> HttpResponse:
    """Show one version of the terms, its hash, and what changed since the one before."""
    found = queries.agreement_text(version)
    if found is None:
        raise Http404
    return render(request, "licensing/agreement.html", {"text": found[0], "before": found[1]})


@require_safe
def agreement_file(request: HttpRequest, version: int) -> HttpResponse:
    """Send the words of one version as they were hashed."""
    found = queries.agreement_text(version)
    if found is None:
        raise Http404
    answer = HttpResponse(found[0].text.encode(), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="agreement-{version}.txt"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_text(request: HttpRequest) -> HttpResponse:
    """Publish the next version of the terms."""
    _require_officer(request)
    current = queries.current_text()
    initial = (
        {"title": current.title, "text": current.text, "valid_days": current.valid_days} if current is not None else {}
    )
    form = TextForm(request.POST or None, initial=initial)

    def publish(told: dict[str, Any]) -> str:
        text = services.publish_agreement_text(actor=acting(request), now=timezone.now(), **told)
        return _("Version %(number)d is published.") % {"number": text.version}

    if _done(request, form, publish):
        return redirect("licensing:agreements")
    return render(request, "licensing/new_text.html", {"form": form}, status=_status(form))


@require_safe
@login_required
def licensee(request: HttpRequest, licensee_id: int) -> HttpResponse:
    """Show one licensee to those who work on releases or look over them."""
    actor = acting(request)
    if not may_see_drafts(actor):
        raise NotPermitted(_("This page is for officers, approvers and auditors."))
    now = timezone.now()
    page = queries.licensee_page(licensee_id, at=now)
    if page is None:
        raise Http404
    context = {
        "page": page,
        "licensee": page.licensee,
        "standing": services.standing_of(page.licensee, at=now),
        "may_license": may_license(actor),
    }
    return render(request, "licensing/licensee.html", context)


# Acts before which officers prove who they are.
_NEEDS_PROOF = frozenset({"contact", "resume"})

# What an officer does on a licensee's page, each on a page of its own: its form, and what is done with it.
Act = tuple[str, Callable[[Any, Licensee], Form], Callable[[HttpRequest, int, dict[str, Any]], object]]


def _acts() -> dict[str, Act]:
    def now_and_actor(request: HttpRequest) -> dict[str, Any]:
        return {"actor": acting(request), "now": timezone.now()}

    def sign(request: HttpRequest, pk: int, told: dict[str, Any]) -> object:
        text = queries.current_text()
        if text is None:
            raise services.NoAgreement(_("Publish the terms first."))
        signatory = services.Signatory(told["signed_name"], told["signed_position"])
        return services.record_signed_agreement(
            licensee_id=pk, text=text, signatory=signatory, **now_and_actor(request)
        )

    return {
        "suspend": (
            _("Suspend this licensee"),
            lambda data, _one: SuspendForm(data),
            lambda request, pk, told: services.suspend_licensee(
                licensee_id=pk, clause_number=told["clause"], reason=told["reason"], **now_and_actor(request)
            ),
        ),
        "resume": (
            _("End the suspension"),
            lambda data, _one: ReasonForm(data),
            lambda request, pk, told: services.end_suspension(licensee_id=pk, **told, **now_and_actor(request)),
        ),
        "review": (
            _("The register was looked at"),
            lambda data, _one: ReasonForm(data),
            lambda request, pk, told: services.review_control(
                licensee_id=pk, finding=told["reason"], **now_and_actor(request)
            ),
        ),
        "end": (
            _("End the agreement"),
            lambda data, _one: ReasonForm(data),
            lambda request, pk, told: services.end_agreement(licensee_id=pk, **told, **now_and_actor(request)),
        ),
        "sign": (_("Record a signature on paper"), lambda data, _one: SignedForm(data), sign),
        "terms": (
            _("Offer other terms"),
            lambda data, one: TermsForm(data, initial={"purpose": one.purpose, "purposes": one.purposes}),
            lambda request, pk, told: services.offer_terms(licensee_id=pk, **told, **now_and_actor(request)),
        ),
        "contact": (
            _("Name who speaks for it"),
            lambda data, one: ContactForm(data, initial={"contact": one.contact_id}),
            lambda request, pk, told: services.name_contact(licensee_id=pk, **told, **now_and_actor(request)),
        ),
        "recipient": (
            _("Name a final recipient"),
            lambda data, _one: RecipientForm(data),
            lambda request, pk, told: services.declare_recipient(licensee_id=pk, **told, **now_and_actor(request)),
        ),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def act(request: HttpRequest, licensee_id: int, what: str) -> HttpResponse:
    """Ask what is needed for one act on a licensee, say what it does, and do it."""
    _require_officer(request)
    acts = _acts()
    found = Licensee.objects.select_related("organization").filter(pk=licensee_id).first()
    if found is None or what not in acts:
        raise Http404
    title, make_form, do = acts[what]
    if what in _NEEDS_PROOF:
        ask_for_proof(request)
    form = make_form(request.POST or None, found)

    def done(told: dict[str, Any]) -> str:
        do(request, found.pk, told)
        return _("It is done, and an entry of the log.")

    if _done(request, form, done):
        return redirect("licensing:licensee", found.pk)
    context = {"form": form, "licensee": found, "title": title, "what": what}
    return render(request, "licensing/act.html", context, status=_status(form))


@require_POST
@login_required
def end_recipient(request: HttpRequest, licensee_id: int, recipient_id: int) -> HttpResponse:
    """End a final recipient of a licensee."""
    _require_officer(request)
    _tried(
        request,
        lambda: services.end_recipient(
            actor=acting(request), licensee_id=licensee_id, recipient_id=recipient_id, now=timezone.now()
        ),
    )
    return redirect("licensing:licensee", licensee_id)


@require_POST
@login_required
def revoke_key(request: HttpRequest, licensee_id: int, key_id: int) -> HttpResponse:
    """Revoke a key of a licensee."""
    _require_officer(request)
    _tried(request, lambda: services.revoke_key(actor=acting(request), key_id=key_id, now=timezone.now()))
    return redirect("licensing:licensee", licensee_id)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def access_request(request: HttpRequest, request_id: int) -> HttpResponse:
    """Show a request to those who work on releases; an officer refuses it here."""
    actor = acting(request)
    if not may_see_drafts(actor):
        raise NotPermitted(_("This page is for officers, approvers and auditors."))
    found = _request(request_id)
    form = RefuseForm(request.POST or None)

    def refuse(told: dict[str, Any]) -> str:
        services.refuse_request(
            actor=actor,
            request_id=found.pk,
            clause_number=told["clause"],
            reason=told["reason"],
            now=timezone.now(),
        )
        return _("The request is refused.")

    if _done(request, form, refuse):
        return redirect("licensing:request", found.pk)
    context = {"asked": found, "form": form, "may_license": may_license(actor)}
    return render(request, "licensing/access_request.html", context, status=_status(form))


@require_POST
@login_required
def draft_request(request: HttpRequest, request_id: int) -> HttpResponse:
    """Draft the release that a request asks for."""
    found = _request(request_id)
    try:
        release = draft_requested(actor=acting(request), request_id=found.pk)
    except NotPermitted:
        raise
    except Refused as refused:
        remember_refusal(request, refused)
        messages.error(request, str(refused))
        return redirect("licensing:request", found.pk)
    return redirect("licensing:release", release.pk)


def _request(request_id: int) -> AccessRequest:
    found = queries.request_for_staff(request_id)
    if found is None:
        raise Http404
    return found


def _done(request: HttpRequest, form: Form, do: Callable[[dict[str, Any]], str]) -> bool:
    """Do what a form asks for, if it was sent and can be read; a refusal becomes an error of the form."""
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        told = do(form.cleaned_data)
    except NotPermitted:
        raise
    except Refused as refused:
        remember_refusal(request, refused)
        form.add_error(None, str(refused))
        return False
    messages.success(request, told)
    return True


def _tried(request: HttpRequest, do: Callable[[], object]) -> None:
    try:
        do()
    except NotPermitted:
        raise
    except Refused as refused:
        remember_refusal(request, refused)
        messages.error(request, str(refused))


def _require_officer(request: HttpRequest) -> None:
    if not may_license(acting(request)):
        raise NotPermitted(_("This desk is the licensing officers'."))


def _status(form: Form) -> int:
    return UNPROCESSABLE if form.errors else 200
