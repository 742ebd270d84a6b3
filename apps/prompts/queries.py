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
from apps.prompts.domain.similarity import Founder, Match, Signing, Values, near_ones, unpacked
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
    WITH wanted AS (SELECT * FROM unnest(%(bands)s::smallint[], %(keys)s::bigint[]) AS w(band, key)),
    sharing AS (
      SELECT signature.prompt_id, signature.cluster_id, signature.values
      FROM wanted
      JOIN prompts_promptband shared ON shared.band = wanted.band AND shared.key = wanted.key
      JOIN prompts_promptsignature signature ON signature.prompt_id = shared.prompt_id
      WHERE signature.is_founder AND signature.algorithm = %(algorithm)s
      UNION ALL
      SELECT NULL, founder.cluster_id, founder.values
      FROM wanted
      JOIN prompts_turnfounderband shared ON shared.band = wanted.band AND shared.key = wanted.key
      JOIN prompts_turnfounder founder ON founder.cluster_id = shared.founder_id
      WHERE founder.algorithm = %(algorithm)s)
    SELECT prompt_id, cluster_id, values FROM sharing
    GROUP BY prompt_id, cluster_id, values
    ORDER BY count(*) DESC, cluster_id
    LIMIT %(limit)s
"""
# Each algorithm once: of prompts by jumping from one to the next in the index, of further turns, of which few found a
# cluster, by a look at all of them.
_ALGORITHMS: Final = """
    WITH RECURSIVE found(algorithm) AS (
      (SELECT algorithm FROM prompts_promptsignature WHERE is_founder ORDER BY algorithm LIMIT 1)
      UNION ALL
      SELECT (SELECT s.algorithm FROM prompts_promptsignature s WHERE s.is_founder AND s.algorithm > found.algorithm
        ORDER BY s.algorithm LIMIT 1) FROM found WHERE found.algorithm IS NOT NULL)
    SELECT algorithm FROM found WHERE algorithm IS NOT NULL
    UNION
    SELECT algorithm FROM prompts_turnfounder
"""
_IS_CLOSED: Final = "SELECT cluster_is_closed(%s)"


def algorithms_of_founders() -> list[str]:
    """Return the names under which founders were signed.

    Usually one. After a better rule came, those whose words were erased, and further turns of battles, keep the
    signature of the former one.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ALGORITHMS)
        return [algorithm for (algorithm,) in cursor.fetchall()]


def is_closed(cluster_id: int) -> bool:
    """Return whether a cluster takes no further words in, because it was sold.

    Who sold it is no business of this floor; the database answers, as its triggers do.
    """
    with connection.cursor() as cursor:
        cursor.execute(_IS_CLOSED, [cluster_id])
        (closed,) = cursor.fetchone()
    return bool(closed)


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


def founders_near(text: str, rules: Rules) -> list[Match]:
    """Return every founder that a text is near to, the nearest first, also those signed under a former rule."""
    signing = signing_of(rules)
    found: list[Match] = []
    for algorithm in {signing.algorithm, *algorithms_of_founders()}:
        making = Signing.named(algorithm)
        values = making.sign(text)
        candidates = founders_like(values, making, limit=rules.max_candidates)
        found += near_ones(values, candidates, at_least=rules.near_jaccard)
    return sorted(found, key=lambda match: (-match.resemblance, match.founder.cluster_id))


def signing_of(rules: Rules) -> Signing:
    """Return how the rules in force make signatures."""
    return Signing(permutations=rules.permutations, bands=rules.bands, shingle=rules.shingle)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedFounder:
    """A founder with the name of its signature's algorithm and its words, which are empty when they were erased."""

    founder: Founder
    algorithm: str
    text: str


_SIGNED_FOUNDERS: Final = """
    SELECT signature.prompt_id, signature.cluster_id, signature.values, signature.algorithm, prompt.text
    FROM prompts_promptsignature signature JOIN prompts_prompt prompt ON prompt.id = signature.prompt_id
    WHERE signature.is_founder AND signature.cluster_id > %(after)s
    UNION ALL
    SELECT NULL, cluster_id, values, algorithm, '' FROM prompts_turnfounder WHERE cluster_id > %(after)s
    ORDER BY cluster_id LIMIT %(limit)s
"""


def founders_after(cluster_id: int, *, limit: int) -> list[SignedFounder]:
    """Return the founders of the clusters behind one id, lowest first."""
    with connection.cursor() as cursor:
        cursor.execute(_SIGNED_FOUNDERS, {"after": cluster_id, "limit": limit})
        return [
            SignedFounder(
                founder=Founder(prompt_id=prompt_id, cluster_id=cluster, values=unpacked(stored)),
                algorithm=algorithm,
                text=text,
            )
            for prompt_id, cluster, stored, algorithm, text in cursor.fetchall()
        ]


def founders_beside(signed: SignedFounder, rules: Rules) -> list[Match]:
    """Return the other founders that one is near to, the nearest first; by its words, or else by its signature."""
    if signed.text:
        near = founders_near(signed.text, rules)
    else:
        making = Signing.named(signed.algorithm)
        candidates = founders_like(signed.founder.values, making, limit=rules.max_candidates)
        near = near_ones(signed.founder.values, candidates, at_least=rules.near_jaccard)
    return [match for match in near if match.founder.cluster_id != signed.founder.cluster_id]


def twins_of(text_sha256: str, *, but: int | None = None) -> list[Prompt]:
    """Return the clustered prompts with exactly the same compared form, the oldest first, without one of them."""
    return list(
        Prompt.objects.filter(text_sha256=text_sha256, cluster__isnull=False)
        .exclude(pk=but or 0)
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
