"""A licensee's own desk: terms, keys, final recipients, requests; and the schema's preview for everybody."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.middleware import remember_refusal
from apps.licensing import queries, services
from apps.licensing.domain import preview
from apps.licensing.forms import AcceptForm, KeyForm, RecipientForm, RequestForm
from apps.licensing.models import Licensee
from apps.licensing.views.choosing import Own, for_one_licensee, spoken_for
from apps.licensing.views.proving import ask_for_proof

UNPROCESSABLE = 422
_FILES: dict[str, tuple[Callable[[list[dict[str, Any]]], bytes], str]] = {
    "csv": (preview.as_csv, "text/csv; charset=utf-8"),
    "json": (preview.as_json, "application/json"),
    "parquet": (preview.as_parquet, "application/vnd.apache.parquet"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@for_one_licensee
def terms(request: HttpRequest, own: Own) -> HttpResponse:
    """Show the current terms to whoever speaks for a licensee, and take their yes."""
    licensee = own.licensee
    current = queries.current_text()
    form = AcceptForm(request.POST or None, initial={"text_sha256": current.sha256 if current is not None else ""})
    if request.method == "POST" and form.is_valid():
        ask_for_proof(request)
        told = form.cleaned_data
        try:
            services.accept_agreement(
                actor=acting(request),
                licensee_id=licensee.pk,
                text_sha256=told["text_sha256"],
                signatory=services.Signatory(told["signed_name"], told["signed_position"]),
                now=timezone.now(),
            )
        except Refused as refused:
            _shown_in(request, form, refused)
        else:
            messages.success(request, _("You have agreed for %(name)s.") % {"name": licensee.organization.name})
            return redirect(own.address("licensing:terms"))
    context = _about(own) | {"form": form, "current": current}
    return render(request, "licensing/terms.html", context, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_one_licensee
def keys(request: HttpRequest, own: Own) -> HttpResponse:
    """List a licensee's keys, and make one; its text stands on the answer and nowhere else."""
    licensee = own.licensee
    form = KeyForm(request.POST or None)
    made = None
    if request.method == "POST" and form.is_valid():
        ask_for_proof(request)
        try:
            made = services.make_key(
                actor=acting(request), licensee_id=licensee.pk, now=timezone.now(), **form.cleaned_data
            )
        except Refused as refused:
            _shown_in(request, form, refused)
        else:
            form = KeyForm()
    context = _about(own) | {"form": form, "made": made}
    return render(request, "licensing/keys.html", context, status=_status(form))


@require_POST
@login_required
def revoke_own_key(request: HttpRequest, key_id: int) -> HttpResponse:
    """Revoke a key of one's own licensee; another's is as if it were not there."""
    own = _owner(request, lambda one: one.keys.filter(pk=key_id).exists())
    try:
        services.revoke_key(actor=acting(request), key_id=key_id, now=timezone.now())
    except Refused as refused:
        remember_refusal(request, refused)
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The key is revoked."))
    return redirect(own.address("licensing:keys"))


@require_http_methods(["GET", "HEAD", "POST"])
@for_one_licensee
def recipients(request: HttpRequest, own: Own) -> HttpResponse:
    """List in whose hands a licensee's copies end, and name one more."""
    licensee = own.licensee
    form = RecipientForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.declare_recipient(
                actor=acting(request), licensee_id=licensee.pk, now=timezone.now(), **form.cleaned_data
            )
        except Refused as refused:
            _shown_in(request, form, refused)
        else:
            messages.success(request, _("The recipient is named."))
            return redirect(own.address("licensing:recipients"))
    return render(request, "licensing/recipients.html", _about(own) | {"form": form}, status=_status(form))


@require_POST
@login_required
def end_own_recipient(request: HttpRequest, recipient_id: int) -> HttpResponse:
    """End a final recipient of one's own licensee."""
    own = _owner(request, lambda one: one.final_recipients.filter(pk=recipient_id).exists())
    try:
        services.end_recipient(
            actor=acting(request), licensee_id=own.licensee.pk, recipient_id=recipient_id, now=timezone.now()
        )
    except Refused as refused:
        remember_refusal(request, refused)
        messages.error(request, str(refused))
    return redirect(own.address("licensing:recipients"))


@require_safe
@for_one_licensee
def requests(request: HttpRequest, own: Own) -> HttpResponse:
    """List what a licensee asked for, and what became of it."""
    return render(request, "licensing/requests.html", _about(own))


@require_http_methods(["GET", "HEAD", "POST"])
@for_one_licensee
def new_request(request: HttpRequest, own: Own) -> HttpResponse:
    """Ask for a release."""
    licensee = own.licensee
    agreement = queries.agreement_in_force(licensee.pk, at=timezone.now())
    form = RequestForm(
        request.POST or None, licensee=licensee, purposes=agreement.purposes if agreement is not None else []
    )
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            services.request_access(
                actor=acting(request),
                licensee_id=licensee.pk,
                title=told["title"],
                purpose=told["purpose"],
                use=told["use"],
                wanted=told["wanted"],
                filters=told["filters"],
                recipients=[one.pk for one in told["recipients"]],
                needed_by=told["needed_by"],
                now=timezone.now(),
            )
        except Refused as refused:
            _shown_in(request, form, refused)
        else:
            messages.success(request, _("Your request waits for an officer."))
            return redirect(own.address("licensing:requests"))
    return render(request, "licensing/new_request.html", _about(own) | {"form": form}, status=_status(form))


@require_safe
@login_required
def own_request(request: HttpRequest, request_id: int) -> HttpResponse:
    """Show a request of one's own licensee; another's is as if it were not there."""
    found = queries.request_seen_by(acting(request).account_id or 0, request_id)
    if found is None:
        raise Http404
    own = _owner(request, lambda one: one.pk == found.licensee_id)
    return render(request, "licensing/own_request.html", _about(own) | {"asked": found})


@require_POST
@login_required
def withdraw_request(request: HttpRequest, request_id: int) -> HttpResponse:
    """Take a request back."""
    if queries.request_seen_by(acting(request).account_id or 0, request_id) is None:
        raise Http404
    try:
        services.withdraw_request(actor=acting(request), request_id=request_id, now=timezone.now())
    except Refused as refused:
        remember_refusal(request, refused)
        messages.error(request, str(refused))
    return redirect("licensing:own_request", request_id)


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """Show the columns of an edition on invented rows, and how they changed."""
    context = {
        "columns": preview.columns(),
        "rows": [list(row.values()) for row in preview.invented_rows(6)],
        "count": preview.ROWS,
        "changes": preview.schema_changes(),
    }
    return render(request, "licensing/schema.html", context)


@require_safe
def schema_file(request: HttpRequest, form: str) -> HttpResponse:
    """Send the invented rows as a file."""
    if form not in _FILES:
        raise Http404
    write, kind = _FILES[form]
    answer = HttpResponse(write(preview.invented_rows()), content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="invented-rows.{form}"'
    return answer


def _owner(request: HttpRequest, is_theirs: Callable[[Licensee], bool]) -> Own:
    """Return whose of the reader's licensees a thing is; raises ``Http404`` when it is none's."""
    several = spoken_for(request)
    found = next((one for one in several if is_theirs(one)), None)
    if found is None:
        raise Http404
    return Own(licensee=found, several=several)


def _about(own: Own) -> dict[str, Any]:
    now = timezone.now()
    return {
        "own": own,
        "several": own.several,
        "licensee": own.licensee,
        "page": queries.licensee_page(own.licensee.pk, at=now),
        "standing": services.standing_of(own.licensee, at=now),
    }


def _shown_in(request: HttpRequest, form: Form, refused: Refused) -> None:
    if isinstance(refused, NotPermitted):
        raise refused
    remember_refusal(request, refused)
    form.add_error(None, str(refused))


def _status(form: Form) -> int:
    return UNPROCESSABLE if form.errors else 200
