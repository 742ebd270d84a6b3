"""The queue, the console and its buttons; what the person concerned reads; the public figures."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.middleware import remember_refusal
from apps.moderation import flows
from apps.moderation.flows import Written
from apps.moderation.forms import AppealForm, ExportsForm, VerdictForm
from apps.moderation.models import CaseKind
from apps.moderation.permissions import may_moderate
from apps.moderation.queries.console import CaseView, kind_and_decision, lease_view
from apps.moderation.queries.exports import exports_view
from apps.moderation.queries.queue import queue_for
from apps.moderation.queries.statements import Statement, newest_decision_on, preview
from apps.moderation.queries.statistics import figures
from apps.moderation.services import (
    AlreadyAppealed,
    AlreadyDecided,
    AppealSaysNothing,
    AppealTooLong,
    CaseTaken,
    LeaseEnded,
    ReasonMissing,
    ReasonTooLong,
    UnknownAction,
    UnknownGround,
    fit_reason,
    ground,
    look_into_exports,
    make_appeal,
    release_case,
    save_draft,
    take_case,
)
from apps.policy.domain.rulebook import ClauseText

_WRONG_IN: dict[type[Refused], str] = {
    ReasonMissing: "reason",
    ReasonTooLong: "reason",
    UnknownGround: "clause",
    UnknownAction: "action",
}
_PERIODS = (30, 90, 365)


@require_safe
@login_required
def queue(request: HttpRequest) -> HttpResponse:
    """Show what waits, by kind and age; filters stand in the address."""
    actor = acting(request)
    if not may_moderate(actor):
        raise NotPermitted(_("Cases are for moderators."))
    kind, language = request.GET.get("kind", ""), request.GET.get("language", "")[:16]
    only_late = request.GET.get("late") == "yes"
    found = queue_for(actor, kind=kind, language=language, only_late=only_late, now=timezone.now())
    context = {"queue": found, "kind": kind, "language": language, "only_late": only_late}
    return render(request, "moderation/queue.html", context)


@require_POST
@login_required
def take_next(request: HttpRequest) -> HttpResponse:
    """Lend the moderator the most urgent case that is free."""
    case = flows.take_next_or_sweep(actor=acting(request), now=timezone.now())
    if case is None:
        messages.info(request, _("Nothing waits for you. New cases arrive within seconds of their cause."))
        return redirect("moderation:queue")
    return redirect("moderation:case", case.pk)


@require_safe
@login_required
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show one case: subject, evidence, decision. Looking takes nothing from anybody."""
    actor = acting(request)
    kind, decision_id = kind_and_decision(case_id) if may_moderate(actor) else (None, None)
    if decision_id is not None:
        return redirect("moderation:decision", decision_id)
    if kind == CaseKind.EXPORTS:
        return _exports(request, case_id, ExportsForm())
    view = flows.read_case(actor=actor, case_id=case_id, now=timezone.now())
    return _console(request, view, VerdictForm(initial=_initial(view), view=view))


@require_POST
@login_required
def take(request: HttpRequest, case_id: int) -> HttpResponse:
    """Lend the moderator this case, or for longer; what stands in the form is kept."""
    flows.keep_and(take_case, actor=acting(request), case_id=case_id, written=_written(request), now=timezone.now())
    return redirect("moderation:case", case_id)


@require_POST
@login_required
def release(request: HttpRequest, case_id: int) -> HttpResponse:
    """Give the case back to the queue; what stands in the form is kept."""
    flows.keep_and(release_case, actor=acting(request), case_id=case_id, written=_written(request), now=timezone.now())
    messages.info(request, _("The case is back in the queue. Your draft is kept."))
    return redirect("moderation:queue")


@require_POST
@login_required
def draft(request: HttpRequest, case_id: int) -> HttpResponse:
    """Keep what stands in the form, and answer with the clock of the lease."""
    now, written = timezone.now(), _written(request)
    saved = save_draft(
        actor=acting(request),
        case_id=case_id,
        action=written.action,
        clause=written.clause,
        reason=written.reason,
        now=now,
    )
    view = lease_view(acting(request), case_id, now=now)
    return render(request, "moderation/_lease.html", {"view": view, "saved_at": saved.saved_at, "now": now})


@require_POST
@login_required
def preview_statement(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show the statement that the person concerned would read, without deciding anything."""
    now = timezone.now()
    view = flows.read_case(actor=acting(request), case_id=case_id, now=now)
    form = VerdictForm(request.POST, view=view)
    if not form.is_valid():
        return _console(request, view, form)
    try:
        return _console(request, view, form, statement=_previewed(view, form))
    except (ReasonMissing, ReasonTooLong, UnknownGround) as incomplete:
        # Nothing was attempted yet, so nothing is recorded.
        form.add_error(_field_of(form, incomplete), str(incomplete))
    return _console(request, view, form)


@require_POST
@login_required
def decide(request: HttpRequest, case_id: int) -> HttpResponse:
    """Decide the case and, when asked to, go on to the next one."""
    actor, now = acting(request), timezone.now()
    form = VerdictForm(request.POST)
    if not form.is_valid():
        view = flows.read_case(actor=actor, case_id=case_id, now=now)
        return _console(request, view, VerdictForm(request.POST, view=view))
    verdict = form.verdict()
    try:
        decision, following = flows.decide_and_go_on(
            actor=actor,
            case_id=case_id,
            action=verdict.action,
            clause=verdict.clause,
            reason=verdict.reason,
            wants_next=request.POST.get("go") == "next",
            now=now,
        )
    except NotPermitted:
        raise
    except AlreadyDecided as decided:
        remember_refusal(request, decided)
        messages.warning(request, str(decided))
        return redirect("moderation:decision", decided.decision_id)
    except Refused as refused:
        remember_refusal(request, refused)
        view = flows.read_case(actor=actor, case_id=case_id, now=now)
        again = VerdictForm(request.POST, view=view)
        again.add_error(_field_of(again, refused), str(refused))
        return _console(request, view, again)
    messages.success(request, _("Decided. The person concerned can read why."))
    if following is not None:
        return redirect("moderation:case", following.pk)
    if request.POST.get("go") == "next":
        messages.info(request, _("Nothing more waits for you."))
        return redirect("moderation:queue")
    return redirect("moderation:decision", decision.pk)


@require_POST
@login_required
def look_into(request: HttpRequest, case_id: int) -> HttpResponse:
    """Close a case about many exports with what a look at them came to."""
    form = ExportsForm(request.POST)
    if not form.is_valid():
        return _exports(request, case_id, form)
    told = form.cleaned_data
    try:
        look_into_exports(
            actor=acting(request), case_id=case_id, outcome=told["outcome"], note=told["note"], now=timezone.now()
        )
    except (ReasonMissing, ReasonTooLong, LeaseEnded, CaseTaken) as refused:
        remember_refusal(request, refused)
        form.add_error("note" if isinstance(refused, ReasonMissing | ReasonTooLong) else None, str(refused))
        return _exports(request, case_id, form)
    messages.success(request, _("Written down. The case is closed."))
    return redirect("moderation:queue")


@require_safe
@login_required
def decision(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Show a statement of reasons to the person concerned, or to a moderator."""
    now = timezone.now()
    statement = flows.read_statement(actor=acting(request), decision_id=decision_id, now=now)
    return render(request, "moderation/decision.html", {"statement": statement, "now": now})


@require_safe
@login_required
def decision_for_prompt(request: HttpRequest, prompt_id: int) -> HttpResponse:
    """Lead to the decision that stands on a prompt."""
    decision_id = newest_decision_on(acting(request), prompt_id)
    if decision_id is None:
        raise Http404
    return redirect("moderation:decision", decision_id)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def appeal(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Let the person concerned object, once."""
    statement = flows.read_statement(actor=acting(request), decision_id=decision_id, now=timezone.now())
    form = AppealForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            make_appeal(
                actor=acting(request), decision_id=decision_id, text=form.cleaned_data["text"], now=timezone.now()
            )
        except AlreadyAppealed as already:
            remember_refusal(request, already)
            messages.warning(request, str(already))
            return redirect("moderation:decision", decision_id)
        except (AppealSaysNothing, AppealTooLong) as refused:
            remember_refusal(request, refused)
            form.add_error("text", str(refused))
        else:
            messages.success(request, _("Your appeal is with somebody who did not make the decision."))
            return redirect("moderation:decision", decision_id)
    context = {"statement": statement, "form": form, "now": timezone.now()}
    return render(request, "moderation/appeal.html", context, status=_status(form))


@require_safe
def statistics(request: HttpRequest) -> HttpResponse:
    """Show everybody how moderation did over the last 30, 90 or 365 days."""
    asked = request.GET.get("days", "")
    days = int(asked) if asked in {str(period) for period in _PERIODS} else _PERIODS[1]
    context = {"figures": figures(days=days, now=timezone.now()), "days": days, "periods": _PERIODS}
    return render(request, "moderation/statistics.html", context)


def _written(request: HttpRequest) -> Written:
    return Written(
        action=request.POST.get("action", ""),
        clause=request.POST.get("clause", ""),
        reason=request.POST.get("reason", ""),
    )


def _initial(view: CaseView) -> dict[str, Any]:
    if view.draft is not None:
        return {"action": view.draft.action, "clause": view.draft.clause, "reason": view.draft.reason}
    flagged = next((hint.clause.number for hint in view.hints if hint.needs_review and hint.clause), "")
    return {"clause": flagged}


def _previewed(view: CaseView, form: VerdictForm) -> Statement:
    verdict = form.verdict()
    said = fit_reason(verdict.reason, action=verdict.action)
    rule: ClauseText | None = view.appealed_clause
    if rule is None:
        rule = ground(verdict.clause, among=verdict.clause[:1])
    return preview(view.case, action=verdict.action, clause=rule, reason=said, now=timezone.now())


def _field_of(form: VerdictForm, refused: Refused) -> str | None:
    field = _WRONG_IN.get(type(refused))
    return field if field in form.fields else None


def _console(
    request: HttpRequest, view: CaseView, form: VerdictForm, *, statement: Statement | None = None
) -> HttpResponse:
    context = {"view": view, "form": form, "statement": statement, "now": timezone.now()}
    return render(request, "moderation/case.html", context, status=_status(form))


def _exports(request: HttpRequest, case_id: int, form: ExportsForm) -> HttpResponse:
    now = timezone.now()
    context = {"view": exports_view(acting(request), case_id, now=now), "form": form, "now": now}
    return render(request, "moderation/exports.html", context, status=_status(form))


def _status(form: VerdictForm | AppealForm | ExportsForm) -> int:
    return 422 if form.is_bound and form.errors else 200
