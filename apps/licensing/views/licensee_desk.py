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
from apps.licensing.permissions import speaks_for
from apps.licensing.views.proving import ask_for_proof

UNPROCESSABLE = 422
_FILES: dict[str, tuple[Callable[[list[dict[str, Any]]], bytes], str]] = {
    "csv": (preview.as_csv, "text/csv; charset=utf-8"),
    "json": (preview.as_json, "application/json"),
    "parquet": (preview.as_parquet, "application/vnd.apache.parquet"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def terms(request: HttpRequest) -> HttpResponse:
    """Show the current terms to whoever speaks for a licensee, and take their yes."""
    licensee = _own(request)
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
            return redirect("licensing:terms")
    context = _about(licensee) | {"form": form, "current": current}
    return render(request, "licensing/terms.html", context, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def keys(request: HttpRequest) -> HttpResponse:
    """List a licensee's keys, and make one; its text stands on the answer and nowhere else."""
    licensee = _own(request)
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
    context = _about(licensee) | {"form": form, "made": made}
    return render(request, "licensing/keys.html", context, status=_status(form))


@require_POST
@login_required
def revoke_own_key(request: HttpRequest, key_id: int) -> HttpResponse:
    """Revoke a key of one's own licensee; another's is as if it were not there."""
    licensee = _own(request)
    if not licensee.keys.filter(pk=key_id).exists():
        raise Http404
    try:
        services.revoke_key(actor=acting(request), key_id=key_id, now=timezone.now())
    except Refused as refused:
        remember_refusal(request, refused)
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The key is revoked."))
    return redirect("licensing:keys")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def recipients(request: HttpRequest) -> HttpResponse:
    """List in whose hands a licensee's copies end, and name one more."""
    licensee = _own(request)
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
            return redirect("licensing:recipients")
    return render(request, "licensing/recipients.html", _about(licensee) | {"form": form}, status=_status(form))


@require_POST
@login_required
def end_own_recipient(request: HttpRequest, recipient_id: int) -> HttpResponse:
    """End a final recipient of one's own licensee."""
    licensee = _own(request)
    if not licensee.final_recipients.filter(pk=recipient_id).exists():
        raise Http404
    try:
        services.end_recipient(
            actor=acting(request), licensee_id=licensee.pk, recipient_id=recipient_id, now=timezone.now()
        )
    except Refused as refused:
        remember_refusal(request, refused)
        messages.error(request, str(refused))
    return redirect("licensing:recipients")


@require_safe
@login_required
def requests(request: HttpRequest) -> HttpResponse:
    """List what a licensee asked for, and what became of it."""
    return render(request, "licensing/requests.html", _about(_own(request)))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_request(request: HttpRequest) -> HttpResponse:
    """Ask for a release."""
    licensee = _own(request)
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
            return redirect("licensing:requests")
    return render(request, "licensing/new_request.html", _about(licensee) | {"form": form}, status=_status(form))


@require_safe
@login_required
def own_request(request: HttpRequest, request_id: int) -> HttpResponse:
    """Show a request of one's own licensee; another's is as if it were not there."""
    licensee = _own(request)
    found = queries.request_seen_by(acting(request).account_id or 0, request_id)
    if found is None:
        raise Http404
    return render(request, "licensing/own_request.html", _about(licensee) | {"asked": found})


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


def _own(request: HttpRequest) -> Licensee:
    """Return the licensee that the reader speaks for; raises ``NotPermitted`` when there is none."""
    actor = acting(request)
    found = queries.licensee_spoken_for(actor.account_id or 0)
    if found is None or not speaks_for(actor, found):
        raise NotPermitted(_("This desk is for those who speak for a licensee."))
    return found


def _about(licensee: Licensee) -> dict[str, Any]:
    now = timezone.now()
    return {
        "licensee": licensee,
        "page": queries.licensee_page(licensee.pk, at=now),
        "standing": services.standing_of(licensee, at=now),
    }


def _shown_in(request: HttpRequest, form: Form, refused: Refused) -> None:
    if isinstance(refused, NotPermitted):
        raise refused
    remember_refusal(request, refused)
    form.add_error(None, str(refused))


def _status(form: Form) -> int:
    return UNPROCESSABLE if form.errors else 200
