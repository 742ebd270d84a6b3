"""Reads of battles: what is shown to their contributor, who could be drawn, what is overdue, how endpoints do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.db.models import Count, F, Max, Q

from apps.audit.queries import ProvedEntry, receipt_for
from apps.battles.domain.draw import Candidate, Chance, Stand
from apps.battles.events import BattleEvent
from apps.battles.models import (
    DRAWN_STATES,
    UNFINISHED,
    Battle,
    BattleState,
    Endpoint,
    EndpointFailure,
    Side,
    VoidReason,
)
from apps.contributors.models import Contributor
from apps.policy.queries import parameter
from apps.prompts.models import Prompt, PromptState

PAGE_SIZE = 30
A_DAY = timedelta(hours=24)
A_WEEK = timedelta(days=7)


def candidates() -> tuple[Candidate, ...]:
    """Return every model that can be drawn now, by id, with the endpoints where it answers; one query."""
    rows = (
        Endpoint.objects.filter(is_active=True, weight__gt=0, model__state__in=DRAWN_STATES, model__is_imported=False)
        .order_by("model_id", "pk")
        .values_list("model_id", "model__organization_id", "pk", "weight")
    )
    return tuple(
        Candidate(
            model_id=model_id,
            organization_id=organization_id,
            stands=tuple(Stand(endpoint_id=endpoint_id, weight=weight) for _m, _o, endpoint_id, weight in stands),
        )
        for (model_id, organization_id), stands in groupby(rows, key=lambda row: row[:2])
    )


def pool_prompt(contributor: Contributor, *, languages: Sequence[str], chance: Chance) -> Prompt | None:
    """Return an approved prompt in these languages by an even chance, new to the contributor while there is one.

    Their own prompts are left out: these wait on the page where they were submitted.
    """
    pool = Prompt.objects.approved().filter(language__in=languages).exclude(author=contributor).order_by("pk")
    fresh = pool.exclude(battles__contributor=contributor)
    for prompts in (fresh, pool):
        if count := prompts.count():
            return prompts[int(chance.random() * count)]
    return None


def opened_within_a_day(contributor: Contributor, *, now: datetime) -> int:
    """Return how many battles somebody opened in the last 24 hours."""
    return Battle.objects.of(contributor).filter(opened_at__gt=now - A_DAY).count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many battles somebody opened within 24 hours, and how many they may."""

    opened: int
    allowed: int

    @property
    def left(self) -> int:
        """How many more may be opened now."""
        return max(0, self.allowed - self.opened)


def quota_of(contributor: Contributor, *, now: datetime) -> Quota:
    """Return what is left of somebody's day."""
    return Quota(opened=opened_within_a_day(contributor, now=now), allowed=int(parameter("B5", "per_day")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a battle is, and what there is of its answers."""

    state: BattleState
    void_reason: str
    texts: dict[Side, str]


def standing_of(battle_id: int) -> Standing:
    """Return where a battle stands, with its whole answers once they are there."""
    state, void_reason = Battle.objects.values_list("state", "void_reason").get(pk=battle_id)
    texts: dict[Side, str] = {}
    if state in {BattleState.READY, BattleState.VOTED}:
        texts = answers_of(Battle(pk=battle_id))
    return Standing(state=BattleState(state), void_reason=void_reason, texts=texts)


def answers_awaited_until(battle: Battle) -> datetime | None:
    """Return until when somebody's answers are waited for; None when nobody fetches them."""
    if battle.state != BattleState.ANSWERING or battle.claimed_at is None:
        return None
    return battle.claimed_at + timedelta(minutes=float(parameter("B2", "answer_minutes")))


def awaited_until(battle_id: int) -> datetime | None:
    """Return the same for a battle that is only known by its id."""
    return answers_awaited_until(Battle.objects.only("state", "claimed_at").get(pk=battle_id))


def own_battle(contributor: Contributor, battle_id: int) -> Battle | None:
    """Return a battle with its prompt and models when it is this contributor's, else None."""
    return (
        Battle.objects.of(contributor)
        .select_related("prompt", "left_model__organization", "right_model__organization")
        .filter(pk=battle_id, prompt__isnull=False)
        .first()
    )


def unfinished_battles(contributor: Contributor, *, limit: int = 5) -> list[Battle]:
    """Return the battles that wait for somebody's vote, newest first, with their prompts."""
    return list(Battle.objects.of(contributor).unfinished().select_related("prompt").order_by("-pk")[:limit])


def own_prompts(contributor: Contributor, *, limit: int = 5) -> list[Prompt]:
    """Return the newest of somebody's own prompts that battles can be fought on."""
    return list(Prompt.objects.approved().filter(author=contributor).order_by("-pk")[:limit])


def prompt_to_fight_on(contributor: Contributor, prompt_id: int) -> Prompt | None:
    """Return a prompt that somebody may choose: their own, or one they have met in a battle before, else None.

    The pool is drawn from, never browsed: whoever could choose in it could read it, and pick what to vote on.
    """
    may_choose = Q(author=contributor) | Q(state=PromptState.APPROVED, battles__contributor=contributor)
    return Prompt.objects.filter(may_choose, pk=prompt_id).distinct().first()


def answers_of(battle: Battle) -> dict[Side, str]:
    """Return the whole answers of a battle by side; empty until both are there."""
    return {Side(side): text for side, text in battle.responses.values_list("side", "text")}


def receipt_of(battle: Battle) -> ProvedEntry | None:
    """Return the log's entry of the battle's vote with its place in the tree; it holds no choice."""
    return receipt_for(battle.ref, BattleEvent.VOTE_CAST)


@dataclass(frozen=True, slots=True, kw_only=True)
class BattleLine:
    """One of somebody's battles as a line; the names stand there once they may be known."""

    id: int
    prompt: str
    language: str
    state: BattleState
    void_reason: str
    opened_at: datetime
    left_name: str
    right_name: str
    cast_at: datetime | None
    excluded_under: str


def battles_of(contributor: Contributor, *, before: int | None = None) -> tuple[list[BattleLine], int | None]:
    """Return a page of somebody's battles, newest first, and the id before which the next one starts, or None."""
    found = Battle.objects.of(contributor).filter(prompt__isnull=False)
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(
        found.order_by("-pk").values_list(
            "pk",
            "prompt__text",
            "language",
            "state",
            "void_reason",
            "opened_at",
            "left_model__name",
            "right_model__name",
            "vote__cast_at",
            "vote__excluded_under",
        )[: PAGE_SIZE + 1]
    )
    lines = [
        BattleLine(
            id=pk,
            prompt=text,
            language=language,
            state=BattleState(state),
            void_reason=void_reason,
            opened_at=opened_at,
            left_name=left if state == BattleState.VOTED else "",
            right_name=right if state == BattleState.VOTED else "",
            cast_at=cast_at,
            excluded_under=excluded_under or "",
        )
        for pk, text, language, state, void_reason, opened_at, left, right, cast_at, excluded_under in rows[:PAGE_SIZE]
    ]
    return lines, (lines[-1].id if len(rows) > PAGE_SIZE else None)


def overdue_battles(*, now: datetime, limit: int = 500) -> list[int]:
    """Return the ids of battles whose time is over, oldest first: nobody voted, or their answers never came."""
    opened_before = now - timedelta(hours=float(parameter("B2", "hours")))
    claimed_before = now - timedelta(minutes=float(parameter("B2", "answer_minutes")))
    overdue = Q(opened_at__lte=opened_before) | Q(state=BattleState.ANSWERING, claimed_at__lte=claimed_before)
    found = Battle.objects.unfinished().filter(overdue).order_by("opened_at")
    return list(found.values_list("pk", flat=True)[:limit])


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointLine:
    """One endpoint as those who run the models see it; shares are 0 to 1."""

    id: int
    model: str
    organization: str
    state: str
    provider: str
    remote_name: str
    base_url: str
    weight: float
    is_active: bool
    is_drawn: bool
    redistribution_allowed: bool | None
    share: float
    asked: int
    failed: int
    last_failed_at: datetime | None
    last_reason: str

    @property
    def failure_rate(self) -> float:
        """The share of this week's battles that this endpoint made void."""
        return self.failed / self.asked if self.asked else 0.0


def endpoint_lines(*, now: datetime) -> list[EndpointLine]:
    """Return every endpoint with its weight, its share of all answers asked for, and its failures of the last week.

    Battles that still wait for their vote are left out: staff may contribute too, and a number that grew by one would
    tell them who answers.
    """
    week = now - A_WEEK
    asked: dict[int, int] = {}
    for side in ("left_endpoint", "right_endpoint"):
        recent = Battle.objects.exclude(state__in=UNFINISHED).filter(claimed_at__gte=week, **{f"{side}__isnull": False})
        for endpoint_id, count in recent.values_list(side).annotate(Count("pk")):
            asked[endpoint_id] = asked.get(endpoint_id, 0) + count
    endpoints = (
        Endpoint.objects.filter(model__is_imported=False)
        .annotate(
            model_name=F("model__name"),
            model_state=F("model__state"),
            maker=F("model__organization__name"),
            failed_now=Count("failures", filter=Q(failures__failed_at__gte=week)),
            last_failed_at=Max("failures__failed_at"),
        )
        .order_by("model__name", "pk")
    )
    reasons = dict(
        EndpointFailure.objects.order_by("endpoint_id", "-failed_at")
        .distinct("endpoint_id")
        .values_list("endpoint_id", "reason")
    )
    found = list(endpoints)
    drawn = {one.pk for one in found if one.is_active and one.weight > 0 and one.model_state in DRAWN_STATES}
    total = sum(one.weight for one in found if one.pk in drawn)
    return [
        EndpointLine(
            id=one.pk,
            model=one.model_name,
            organization=one.maker,
            state=one.model_state,
            provider=one.provider,
            remote_name=one.remote_name,
            base_url=one.base_url,
            weight=one.weight,
            is_active=one.is_active,
            is_drawn=one.pk in drawn,
            redistribution_allowed=one.redistribution_allowed,
            share=one.weight / total if one.pk in drawn else 0.0,
            asked=asked.get(one.pk, 0),
            failed=one.failed_now,
            last_failed_at=one.last_failed_at,
            last_reason=str(VoidReason(reasons[one.pk]).label) if one.pk in reasons else "",
        )
        for one in found
    ]
