"""The pages on which a contributor starts a battle, reads it, votes, and finds it again."""

import secrets
import uuid
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import Refused
from apps.audit.middleware import remember_refusal
from apps.battles.forms import OpenBattleForm, SkipForm, VoteForm
from apps.battles.models import Battle, BattleState, Choice, Side, SkipReason, VoidReason
from apps.battles.queries import (
    answers_awaited_until,
    answers_of,
    battles_of,
    own_battle,
    own_prompts,
    pool_prompt,
    prompt_to_fight_on,
    quota_of,
    receipt_of,
    unfinished_battles,
)
from apps.battles.services import (
    AlreadyVoted,
    AnswersMissing,
    BattleIsOver,
    DailyNumberReached,
    NoSuchBattle,
    NothingToCompare,
    PromptNotOpen,
    cast_vote,
    open_battle,
    skip_battle,
)
from apps.contributors.models import Contributor
from apps.contributors.queries import contributor_of, membership_of, profile_of
from apps.policy.queries import clause

_BAD_REQUEST: Final = 400
_CONFLICT: Final = 409
_UNPROCESSABLE: Final = 422
_TEMPLATES: Final = {
    BattleState.OPENED: "battles/battle.html",
    BattleState.ANSWERING: "battles/battle.html",
    BattleState.READY: "battles/battle.html",
    BattleState.VOTED: "battles/names.html",
    BattleState.VOIDED: "battles/void.html",
    BattleState.SKIPPED: "battles/ended.html",
    BattleState.EXPIRED: "battles/ended.html",
}

_MOST_DIGITS = 18


@require_safe
@login_required
def start(request: HttpRequest) -> HttpResponse:
    """Offer the next battle: a prompt of one's own, or one from the pool in one's languages."""
    contributor = contributor_of(acting(request))
    wanted = request.GET.get("prompt", "")
    prompt = prompt_to_fight_on(contributor, int(wanted)) if _is_number(wanted) else None
    return render(
        request,
        "battles/start.html",
        {
            "quota": quota_of(contributor, now=timezone.now()),
            "wanted": prompt,
            "prompts": own_prompts(contributor),
            "unfinished": unfinished_battles(contributor),
            "languages": profile_of(contributor).languages,
        },
    )


@require_POST
@login_required
def opening(request: HttpRequest) -> HttpResponse:
    """Open a battle on a given prompt, or on one from the pool."""
    form = OpenBattleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The form was incomplete. Please try again."))
        return redirect("battles:start")
    actor = acting(request)
    contributor = contributor_of(actor)
    chance = secrets.SystemRandom()
    if (prompt_id := form.cleaned_data["prompt"]) is not None:
        prompt = prompt_to_fight_on(contributor, prompt_id)
        if prompt is None:
            raise Http404
    else:
        prompt = pool_prompt(contributor, languages=profile_of(contributor).languages, chance=chance)
        if prompt is None:
            messages.info(request, _("No question waits in your languages now. Bring one of your own."))
            return redirect("battles:start")
    key: uuid.UUID = form.cleaned_data["opening_key"]
    try:
        opened = open_battle(actor=actor, prompt=prompt, opening_key=key, now=timezone.now(), rng=chance)
    except (PromptNotOpen, DailyNumberReached, NothingToCompare) as refused:
        return _told(request, refused, "battles:start")
    return redirect("battles:battle", opened.pk)


@require_safe
@login_required
def battle(request: HttpRequest, battle_id: int) -> HttpResponse:
    """Show a battle as it stands: two answers and the vote, or the names and the receipt, or why it ended."""
    contributor, found = _own(request, battle_id)
    return _page(request, contributor, found)


@require_POST
@login_required
def vote(request: HttpRequest, battle_id: int) -> HttpResponse:
    """Cast the vote; the names and the receipt come next."""
    form = VoteForm(request.POST)
    if not form.is_valid():
        contributor, found = _own(request, battle_id)
        return _page(request, contributor, found, error=form.errors.get("choice"), status=_UNPROCESSABLE)
    try:
        cast_vote(
            actor=acting(request),
            battle=Battle(pk=battle_id),
            choice=Choice(form.cleaned_data["choice"]),
            ballot_key=form.cleaned_data["ballot_key"],
            now=timezone.now(),
        )
    except NoSuchBattle as refused:
        remember_refusal(request, refused)
        raise Http404 from refused
    except AlreadyVoted as refused:
        remember_refusal(request, refused)
        return render(
            request, "battles/already_voted.html", {"refused": refused, "battle_id": battle_id}, status=_CONFLICT
        )
    except (AnswersMissing, BattleIsOver) as refused:
        return _told(request, refused, "battles:battle", battle_id)
    return redirect("battles:battle", battle_id)


@require_POST
@login_required
def skip(request: HttpRequest, battle_id: int) -> HttpResponse:
    """End a battle without a vote."""
    form = SkipForm(request.POST)
    reason = SkipReason(form.cleaned_data["reason"]) if form.is_valid() else SkipReason.OTHER
    try:
        skip_battle(actor=acting(request), battle=Battle(pk=battle_id), reason=reason, now=timezone.now())
    except NoSuchBattle as refused:
        remember_refusal(request, refused)
        raise Http404 from refused
    except BattleIsOver as refused:
        return _told(request, refused, "battles:battle", battle_id)
    messages.success(request, _("Skipped. Skipping costs nothing."))
    return redirect("battles:start")


@require_safe
@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """List one's own battles, newest first, each with the way to its receipt."""
    contributor = _membership(request)
    before = request.GET.get("before", "")
    lines, older = battles_of(contributor, before=int(before) if _is_number(before) else None)
    return render(request, "battles/mine.html", {"lines": lines, "older": older, "is_first_page": not before})


def _is_number(text: str) -> bool:
    """Say whether the text is an id that the database could hold."""
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS


def _membership(request: HttpRequest) -> Contributor:
    contributor = membership_of(acting(request))
    if contributor is None:
        raise Http404
    return contributor


def _own(request: HttpRequest, battle_id: int) -> tuple[Contributor, Battle]:
    contributor = _membership(request)
    found = own_battle(contributor, battle_id)
    if found is None:
        raise Http404
    return contributor, found


def _told(request: HttpRequest, refused: Refused, *address: Any) -> HttpResponse:
    """Record a refusal and tell it on the page where its reader goes on."""
    remember_refusal(request, refused)
    messages.error(request, refused.message)
    return redirect(*address)


def _page(
    request: HttpRequest, contributor: Contributor, battle: Battle, *, error: Any = None, status: int = 200
) -> HttpResponse:
    state = BattleState(battle.state)
    now = timezone.now()
    context: dict[str, Any] = {
        "battle": battle,
        "prompt": battle.prompt,
        "is_own_prompt": battle.prompt is not None and battle.prompt.author_id == contributor.pk,
        "quota": quota_of(contributor, now=now),
    }
    match state:
        case BattleState.OPENED | BattleState.ANSWERING | BattleState.READY:
            context |= {
                "is_ready": state == BattleState.READY,
                "is_answering": state == BattleState.ANSWERING,
                "awaited_until": (until := answers_awaited_until(battle)),
                "is_overdue": until is not None and now >= until,
                "answers": _answers(battle),
                "ballot_key": uuid.uuid4(),
                "skip_reasons": SkipReason.choices,
                "error": error,
            }
        case BattleState.VOTED:
            given = battle.vote
            context |= {
                "answers": _answers(battle),
                "vote": given,
                "receipt": receipt_of(battle),
                "excluded": clause(given.excluded_under) if given.excluded_under else None,
            }
        case BattleState.VOIDED:
            context |= {
                "reason": VoidReason(battle.void_reason),
                "may_try_again": battle.void_reason != VoidReason.PROMPT_CLOSED,
            }
        case _:
            context |= {"has_expired": state == BattleState.EXPIRED}
    return render(request, _TEMPLATES[state], context, status=status)


def _answers(battle: Battle) -> list[dict[str, str]]:
    """Return both answers as the page shows them; without their names, which are none of the page's business yet."""
    texts = answers_of(battle)
    return [{"side": shown, "text": texts.get(side, "")} for shown, side in (("A", Side.LEFT), ("B", Side.RIGHT))]
