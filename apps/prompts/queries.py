"""Reads about prompts: one's own, one of them in full, and those that wait for screening."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.contributors.models import Contributor
from apps.policy.domain.rulebook import ClauseText
from apps.policy.queries import rulebook
from apps.prompts.domain.findings import Rules
from apps.prompts.domain.similarity import Founder, Signing, Values, unpacked
from apps.prompts.models import Category, HintKind, Prompt, PromptState, ScreeningHint

PAGE_SIZE: Final = 25
_EXCERPT: Final = 140


class NoSuchPrompt(NotPermitted):
    """There is no such prompt, or it is somebody else's: the two cannot be told apart from outside."""


# --- What waits ---


def due_prompt_ids(*, limit: int = 50) -> list[int]:
    """Return the prompts that no screening has read, the longest waiting first."""
    return list(Prompt.objects.awaiting_screening().order_by("submitted_at", "pk").values_list("pk", flat=True)[:limit])


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingText:
    """The words of a prompt that waits for screening, and the language under which they were submitted."""

    text: str
    language: str


def text_awaiting_screening(prompt_id: int) -> WaitingText | None:
    """Return the words of a prompt that waits; None when it does not wait any more."""
    prompt = Prompt.objects.awaiting_screening().filter(pk=prompt_id).only("text", "language").first()
    return WaitingText(text=prompt.text, language=prompt.language) if prompt else None


def screening_rules() -> Rules:
    """Return the numbers of clauses P3, P6 and P7 in force, in two queries."""
    clauses: dict[str, Mapping[str, Any]] = {text.number: text.parameters for text in rulebook()}
    return Rules(
        near_jaccard=float(clauses["P3"]["near_jaccard"]),
        permutations=int(clauses["P3"]["permutations"]),
        bands=int(clauses["P3"]["bands"]),
        shingle=int(clauses["P3"]["shingle"]),
        max_candidates=int(clauses["P3"]["max_candidates"]),
        cluster_min_characters=int(clauses["P6"]["cluster_min_characters"]),
        language_min_characters=int(clauses["P7"]["min_characters"]),
        language_min_confidence=float(clauses["P7"]["min_confidence"]),
    )


# --- Who resembles whom ---

_CANDIDATES: Final = """
    SELECT signature.prompt_id, signature.cluster_id, signature.values
    FROM unnest(%(bands)s::smallint[], %(keys)s::bigint[]) AS wanted(band, key)
    JOIN prompts_promptband shared ON shared.band = wanted.band AND shared.key = wanted.key
    JOIN prompts_promptsignature signature ON signature.prompt_id = shared.prompt_id
    WHERE signature.is_founder AND signature.algorithm = %(algorithm)s
    GROUP BY signature.prompt_id, signature.cluster_id, signature.values
    ORDER BY count(*) DESC, signature.prompt_id
    LIMIT %(limit)s
"""


def founders_like(values: Values, signing: Signing, *, limit: int) -> list[Founder]:
    """Return the founders that share a band with a signature, those that share most bands first."""
    keys = signing.band_keys(values)
    wanted: dict[str, Any] = {
        "bands": list(range(len(keys))),
        "keys": keys,
        "algorithm": signing.algorithm,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, wanted)
        return [
            Founder(prompt_id=prompt_id, cluster_id=cluster_id, values=unpacked(stored))
            for prompt_id, cluster_id, stored in cursor.fetchall()
        ]


def earlier_twins(prompt: Prompt) -> list[Prompt]:
    """Return the clustered prompts with exactly the same compared form, the oldest first."""
    return list(
        Prompt.objects.filter(text_sha256=prompt.text_sha256, cluster__isnull=False)
        .exclude(pk=prompt.pk)
        .order_by("pk")
        .defer("text")[:20]
    )


# --- One's own prompts ---


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptLine:
    """One of somebody's prompts in a list."""

    id: int
    excerpt: str
    language: str
    category: str
    state: PromptState
    submitted_at: datetime
    decided_clause: str
    unanswered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptList:
    """One page of somebody's prompts, newest first; ``older`` is the id to go on before, or None."""

    lines: tuple[PromptLine, ...]
    older: int | None


def prompts_of(contributor: Contributor, *, state: str = "", before: int | None = None) -> PromptList:
    """Return a page of a contributor's prompts in two queries, of one state if named, below one id if given."""
    prompts = Prompt.objects.filter(author=contributor)
    if state in PromptState.values:
        prompts = prompts.filter(state=state)
    if before is not None:
        prompts = prompts.filter(pk__lt=before)
    found = list(prompts.order_by("-pk")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    waiting = [prompt.pk for prompt in shown if prompt.state == PromptState.AWAITING_REVIEW]
    open_hints = ScreeningHint.objects.filter(prompt_id__in=waiting, needs_review=True, answer="")
    unanswered = dict(open_hints.values_list("prompt_id").annotate(Count("pk")).order_by("prompt_id"))
    return PromptList(
        lines=tuple(
            PromptLine(
                id=prompt.pk,
                excerpt=_excerpt(prompt.text),
                language=prompt.language,
                category=str(Category(prompt.category).label),
                state=PromptState(prompt.state),
                submitted_at=prompt.submitted_at,
                decided_clause=prompt.decided_clause,
                unanswered=unanswered.get(prompt.pk, 0),
            )
            for prompt in shown
        ),
        older=shown[-1].pk if len(found) > PAGE_SIZE else None,
    )


def counts_by_state(contributor: Contributor) -> dict[str, int]:
    """Return how many prompts a contributor has in each state, in one query; states without any are left out."""
    counted = Prompt.objects.filter(author=contributor).values_list("state").annotate(Count("pk")).order_by("state")
    return dict(counted)


def _excerpt(text: str) -> str:
    flat = " ".join(text[: 4 * _EXCERPT].split())
    return flat if len(flat) <= _EXCERPT else f"{flat[: _EXCERPT - 1].rstrip()}…"


# --- One prompt in full ---


@dataclass(frozen=True, slots=True, kw_only=True)
class HintView:
    """One hint with the clause that it is about."""

    id: int
    kind: HintKind
    clause: ClauseText | None
    evidence: Mapping[str, Any]
    needs_review: bool
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptView:
    """A prompt as its author sees it.

    ``waited`` is how long it has been waiting for screening, and ``before_it`` how many others are read first; None
    when it does not wait.
    """

    prompt: Prompt
    state: PromptState
    hints: tuple[HintView, ...]
    clause: ClauseText | None
    waited: timedelta | None
    before_it: int | None


def prompt_seen_by(actor: Actor, prompt_id: int, *, now: datetime) -> PromptView:
    """Return a prompt for its author, in four queries, or in five while it waits for screening.

    Raises:
        NoSuchPrompt: when it is somebody else's or does not exist.
    """
    prompt = Prompt.objects.filter(pk=prompt_id, author__account_id=actor.account_id or 0).first()
    if prompt is None:
        raise NoSuchPrompt(_("There is no such prompt of yours."))
    clauses = {text.number: text for text in rulebook()}
    return PromptView(
        prompt=prompt,
        state=PromptState(prompt.state),
        hints=tuple(_view(hint, clauses) for hint in prompt.hints.order_by("-needs_review", "pk")),
        clause=clauses.get(prompt.decided_clause),
        waited=now - prompt.submitted_at if prompt.state == PromptState.SUBMITTED else None,
        before_it=_waiting_before(prompt) if prompt.state == PromptState.SUBMITTED else None,
    )


def _waiting_before(prompt: Prompt) -> int:
    """Count what ``due_prompt_ids`` lists before a prompt."""
    earlier = Q(submitted_at__lt=prompt.submitted_at) | Q(submitted_at=prompt.submitted_at, pk__lt=prompt.pk)
    return Prompt.objects.awaiting_screening().filter(earlier).count()


def _view(hint: ScreeningHint, clauses: Mapping[str, ClauseText]) -> HintView:
    return HintView(
        id=hint.pk,
        kind=HintKind(hint.kind),
        clause=clauses.get(hint.clause),
        evidence=hint.evidence,
        needs_review=hint.needs_review,
        answer=hint.answer,
    )
