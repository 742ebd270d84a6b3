"""Proposing a change of the rulebook, and deciding about one: the desk of those who change the rules."""

from collections.abc import Callable

from allauth.core.exceptions import ReauthenticationRequired
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.middleware import actor_of, remember_refusal
from apps.audit.permissions import has_lately_proved_identity
from apps.policy.domain.changes import changed, differences
from apps.policy.domain.rulebook import ClauseText
from apps.policy.forms import NEW, ChooseForm, ProposalForm, RejectForm
from apps.policy.models import PolicyProposal
from apps.policy.permissions import (
    may_back_test,
    may_decide,
    may_propose,
    may_see_proposals,
    may_withdraw,
)
from apps.policy.queries import (
    ProposalPage,
    directions,
    newest_version,
    outlook,
    proposal_page,
    proposals,
    rulebook,
)
from apps.policy.services import adopt_version, propose_version, reject_version, withdraw_proposal
from apps.policy.views.clauses import called, shown

UNPROCESSABLE = 422


@require_safe
@login_required
def proposals_page(request: HttpRequest) -> HttpResponse:
    """List what is proposed and what became of earlier proposals."""
    _require_reader(request)
    context = {"proposals": proposals(), "may_propose": may_propose(actor_of(request))}
    return render(request, "policy/proposals_page.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def new_proposal(request: HttpRequest) -> HttpResponse:
    """Choose clauses (``?clause=``), say how they should read, look at what that would do, and propose it."""
    if not may_propose(actor_of(request)):
        raise NotPermitted(_("Licensing officers and network administrators propose changes to the rulebook."))
    newest = newest_version().number
    clauses = rulebook(version=newest)
    wanted = request.GET.getlist("clause")
    chosen = [each for each in clauses if each.number in wanted]
    adds = NEW in wanted
    if not chosen and not adds:
        choose = ChooseForm(request.GET if "clause" in request.GET else None, clauses=clauses)
        return render(request, "policy/choose_clauses.html", {"form": choose, "newest": newest})
    names = {(each.number, name): called(each.number, name) for each in chosen for name in each.parameters}
    form = ProposalForm(request.POST or None, clauses=chosen, called=names, adds=adds)
    context = {"form": form, "newest": newest}
    if request.method == "POST" and form.is_valid():
        if "look" in request.POST:
            return render(request, "policy/new_proposal.html", context | _look(clauses, form))
        try:
            made = propose_version(
                actor=actor_of(request),
                changes=form.changes(),
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except Refused as refused:
            remember_refusal(request, refused)
            form.refuse(refused)
        else:
            messages.success(request, _("Proposed. Somebody else decides, after a back-test on every past release."))
            return redirect("policy:proposal", made.pk)
    return render(request, "policy/new_proposal.html", context, status=UNPROCESSABLE if form.errors else 200)


def _look(clauses: list[ClauseText], form: ProposalForm) -> dict[str, object]:
    """Say what a change would do that nobody has proposed yet."""
    changes = form.changes()
    found = differences(clauses, changed(clauses, changes), directions=directions())
    return {"looked": True, "changes": shown(found), "outlook": outlook(changes)}


@require_safe
@login_required
def proposal(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Show a proposal: what it changes, what past releases would have met, and who may do what about it."""
    _require_reader(request)
    page = _existing(proposal_id)
    actor = actor_of(request)
    is_open = page.proposal.state == "proposed"
    context = {
        "page": page,
        "proposal": page.proposal,
        "changes": shown(page.found),
        "rows": [(int(each.subject.rpartition(":")[2]), each) for each in page.back_tests],
        "is_open": is_open,
        "may_decide": is_open and may_decide(actor, page.proposal),
        "may_withdraw": is_open and may_withdraw(actor, page.proposal),
        "may_back_test": is_open and may_back_test(actor),
    }
    return render(request, "policy/proposal.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def adopt(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Say what adopting will do and when, then adopt as the second person."""
    _require_reader(request)
    page = _existing(proposal_id)
    # Whoever signed in long ago is led to prove again who they are, and back; the service asks the same.
    if not has_lately_proved_identity(actor_of(request), timezone.now()):
        raise ReauthenticationRequired
    if request.method == "POST":
        return _decided(
            request,
            page.proposal,
            lambda: adopt_version(actor=actor_of(request), proposal=page.proposal, now=timezone.now()),
            _("Adopted. The new version stands in the book."),
        )
    return render(request, "policy/adopt.html", {"page": page, "proposal": page.proposal, "changes": shown(page.found)})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def reject(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Reject a proposal, with a reason."""
    _require_reader(request)
    page = _existing(proposal_id)
    form = RejectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _decided(
            request,
            page.proposal,
            lambda: reject_version(
                actor=actor_of(request),
                proposal=page.proposal,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            ),
            _("Rejected. The rulebook stays as it is."),
        )
    context = {"page": page, "proposal": page.proposal, "form": form}
    return render(request, "policy/reject.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_POST
@login_required
def withdraw(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Take one's own proposal back."""
    page = _existing(proposal_id)
    return _decided(
        request,
        page.proposal,
        lambda: withdraw_proposal(actor=actor_of(request), proposal=page.proposal, now=timezone.now()),
        _("Taken back."),
    )


def _decided(request: HttpRequest, about: PolicyProposal, act: Callable[[], PolicyProposal], said: str) -> HttpResponse:
    """Do something to a proposal and show its page; what cannot be done is said there."""
    try:
        act()
    except NotPermitted:
        raise
    except Refused as refused:
        remember_refusal(request, refused)
        messages.error(request, str(refused))
    else:
        messages.success(request, said)
    return redirect("policy:proposal", about.pk)


def _existing(proposal_id: int) -> ProposalPage:
    page = proposal_page(proposal_id) if proposal_id < 2**63 else None
    if page is None:
        raise Http404
    return page


def _require_reader(request: HttpRequest) -> None:
    if not may_see_proposals(actor_of(request)):
        raise NotPermitted(_("Proposals are read by those who change the rulebook and by auditors."))
