"""The pages on which a contributor writes prompts and follows them on their way."""

from datetime import timedelta
from typing import Final
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.middleware import acting
from apps.audit.middleware import remember_refusal
from apps.contributors.queries import NotAContributor, contributor_of, membership_of, profile_of
from apps.policy.queries import clause
from apps.prompts.forms import AnswerForm, PromptForm
from apps.prompts.models import PromptState
from apps.prompts.queries import NoSuchPrompt, PromptView, counts_by_state, prompt_seen_by, prompts_of
from apps.prompts.services import (
    AlreadyWithdrawn,
    NothingWritten,
    NotOpenForAnswers,
    SubmissionKeyTaken,
    TooLong,
    TooShort,
    answer_hint,
    submit_prompt,
    withdraw_prompt,
)
from apps.prompts.tasks import wake_screening

_INVALID: Final = 422
_MOST_DIGITS: Final = 18
# The worker sweeps every few seconds; after this long, something is away, and the page says that it waits.
_PATIENCE: Final = timedelta(seconds=20)
# A worker that is awake answers within a moment, so the page asks soon at first.
_SOON: Final = timedelta(seconds=5)
# What htmx takes for "stop asking".
_STOP_POLLING: Final = 286


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new(request: HttpRequest) -> HttpResponse:
    """Write a prompt; whatever is wrong with it, the text stays in the form."""
    actor = acting(request)
    try:
        author = contributor_of(actor)
    except NotAContributor as refused:
        # Their application's page says the same and is where they can do something about it.
        remember_refusal(request, refused)
        messages.info(request, str(refused))
        return redirect("contributors:application")
    if request.method == "POST":
        form = PromptForm(request.POST)
        if form.is_valid():
            try:
                prompt = submit_prompt(actor=actor, now=timezone.now(), **form.cleaned_data)
            except (NothingWritten, TooShort, TooLong) as refused:
                remember_refusal(request, refused)
                form.add_error("text", str(refused))
            except SubmissionKeyTaken as refused:
                remember_refusal(request, refused)
                form = form.with_another_key()
                form.add_error(None, str(refused))
            else:
                wake_screening()
                return redirect("prompts:prompt", prompt.pk)
    else:
        form = PromptForm.empty(language=next(iter(profile_of(author).languages), "en"))
    lengths = clause("P6")
    context = {"form": form, "lengths": lengths.parameters, "written": len((form["text"].value() or "").strip())}
    return render(request, "prompts/new.html", context, status=_INVALID if form.errors else 200)


@require_safe
@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """List one's own prompts, newest first, of one state if asked."""
    author = membership_of(acting(request))
    if author is None:
        return redirect("contributors:application")
    state = request.GET.get("state", "")
    before = request.GET.get("before", "")
    is_number = before.isascii() and before.isdigit() and len(before) <= _MOST_DIGITS
    counts = counts_by_state(author)
    context = {
        "page": prompts_of(author, state=state, before=int(before) if is_number else None),
        "all": sum(counts.values()),
        "states": [(choice, counts.get(choice.value, 0)) for choice in PromptState],
        "chosen": state if state in PromptState.values else "",
    }
    return render(request, "prompts/mine.html", context)


@require_safe
@login_required
def prompt(request: HttpRequest, prompt_id: int) -> HttpResponse:
    """Show one's own prompt, where it stands, and what can be done."""
    return render(request, "prompts/prompt.html", _context(_seen(request, prompt_id)))


@require_safe
@login_required
def state(request: HttpRequest, prompt_id: int) -> HttpResponse:
    """Show where a prompt stands, for the page that asks until screening has read it."""
    view = _seen(request, prompt_id)
    is_over = view.state != PromptState.SUBMITTED
    return render(request, "prompts/_state.html", _context(view), status=_STOP_POLLING if is_over else 200)


@require_POST
@login_required
def answer(request: HttpRequest, prompt_id: int, hint_id: int) -> HttpResponse:
    """Keep an answer to a hint."""
    view = _seen(request, prompt_id)
    form = AnswerForm(request.POST)
    if hint_id not in {hint.id for hint in view.hints}:
        raise Http404
    if form.is_valid():
        try:
            answer_hint(actor=acting(request), hint_id=hint_id, answer=form.cleaned_data["answer"], now=timezone.now())
        except NotOpenForAnswers as refused:
            remember_refusal(request, refused)
            messages.info(request, str(refused))
        else:
            messages.success(request, _("Your answer is kept. Whoever reads the prompt reads it too."))
    return redirect("prompts:prompt", prompt_id)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def withdraw(request: HttpRequest, prompt_id: int) -> HttpResponse:
    """Say what withdrawing does, then withdraw one's own prompt."""
    view = _seen(request, prompt_id)
    if request.method != "POST":
        return render(request, "prompts/withdraw.html", {"view": view, "prompt": view.prompt})
    try:
        withdraw_prompt(actor=acting(request), prompt=view.prompt, clause=None, now=timezone.now())
    except AlreadyWithdrawn as refused:
        remember_refusal(request, refused)
        messages.info(request, str(refused))
    else:
        messages.success(request, _("Your prompt is withdrawn."))
    return redirect("prompts:prompt", prompt_id)


def _seen(request: HttpRequest, prompt_id: int) -> PromptView:
    try:
        return prompt_seen_by(acting(request), prompt_id, now=timezone.now())
    except NoSuchPrompt as refused:
        # Not a page that says no: whether such a prompt exists is nobody else's business.
        remember_refusal(request, refused)
        raise Http404(str(refused)) from refused


def _context(view: PromptView) -> dict[str, object]:
    return {
        "view": view,
        "prompt": view.prompt,
        "is_late": view.waited is not None and view.waited > _PATIENCE,
        "ask_again": "600ms" if view.waited is not None and view.waited < _SOON else "2s",
        "opening_key": uuid4(),
        # Decisions belong to a higher floor, which answers under this address.
        "decision": f"/moderation/decisions/for-prompt/{view.prompt.pk}/",
        "may_answer": view.state == PromptState.AWAITING_REVIEW,
        "may_withdraw": view.state not in (PromptState.WITHDRAWN, PromptState.REJECTED),
    }
