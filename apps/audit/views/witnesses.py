"""The witnesses' pages: who countersigns the log, for everybody; registering and ending, for whose they are."""

from allauth.core.exceptions import ReauthenticationRequired
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.audit.domain.policy_text import quorum_of
from apps.audit.domain.refusal import Refused
from apps.audit.forms import WitnessForm
from apps.audit.middleware import actor_of, remember_refusal
from apps.audit.permissions import has_lately_proved_identity, is_auditor, may_add_witness
from apps.audit.queries import witness_row, witness_rows
from apps.audit.services import NotYourWitness, add_witness, end_witness

_MAX_ID = 2**63 - 1


@require_safe
def witnesses(request: HttpRequest) -> HttpResponse:
    """Show everybody who countersigns the log, and who did."""
    actor, rows = actor_of(request), witness_rows()
    asked = [row for row in rows if row.is_asked]
    context = {
        "rows": [(row, row.ended_at is None and may_add_witness(actor, row.owner)) for row in rows],
        "asked": len(asked),
        "quorum": quorum_of(len(asked)),
        "may_add": may_add_witness(actor, _owner(request)),
    }
    return render(request, "audit/witnesses.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def new_witness(request: HttpRequest) -> HttpResponse:
    """Register a witness: an auditor her own, an administrator one of an outside body."""
    if not may_add_witness(actor_of(request), _owner(request)):
        raise NotYourWitness(_("Auditors register witnesses of their own, and administrators those of outside bodies."))
    _require_proof_of_identity(request)
    form = WitnessForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            witness = add_witness(
                actor=actor_of(request), owner_pseudonym=_owner(request), now=timezone.now(), **form.cleaned_data
            )
        except Refused as refused:
            remember_refusal(request, refused)
            form.refuse(refused)
        else:
            messages.success(request, _("%(name)s is a witness from now on.") % {"name": witness.name})
            return redirect("audit:witnesses")
    return render(request, "audit/new_witness.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def witness_end(request: HttpRequest, witness_id: int) -> HttpResponse:
    """End a witness, after saying what that does to the quorum."""
    row = witness_row(witness_id) if witness_id <= _MAX_ID else None
    if row is None:
        raise Http404
    _require_proof_of_identity(request)
    if request.method == "POST":
        ended = end_witness(actor=actor_of(request), witness_id=row.id, now=timezone.now())
        messages.success(request, _("%(name)s is asked no more.") % {"name": ended.name})
        return redirect("audit:witnesses")
    left = sum(other.is_asked for other in witness_rows() if other.id != row.id)
    context = {"witness": row, "left": left, "quorum": quorum_of(left)}
    return render(request, "audit/witness_end.html", context)


def _require_proof_of_identity(request: HttpRequest) -> None:
    """Lead somebody who signed in long ago to prove again who they are, and back; the service asks the same."""
    if not has_lately_proved_identity(actor_of(request), timezone.now()):
        raise ReauthenticationRequired


def _owner(request: HttpRequest) -> str:
    """Return whose a witness that this person registers is: an auditor's own, anybody else's nobody's."""
    actor = actor_of(request)
    return actor.pseudonym if is_auditor(actor) else ""
