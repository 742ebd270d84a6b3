"""Screening: a submitted prompt is read once, placed in a cluster, and approved by rule or handed to a person."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.services import record
from apps.contributors.queries import profile_of
from apps.policy.queries import current_version
from apps.prompts.domain.facts import facts_of_screening
from apps.prompts.domain.findings import Finding, FindingKind, Rules
from apps.prompts.domain.language import ABSTAINED, Detection
from apps.prompts.domain.screening import findings_in, is_below_cluster_length
from apps.prompts.domain.similarity import Signing, Values, nearest, packed
from apps.prompts.events import PromptEvent
from apps.prompts.models import (
    Category,
    Cluster,
    Prompt,
    PromptBand,
    PromptSignature,
    PromptState,
    ScreeningHint,
)
from apps.prompts.queries import NoSuchPrompt, earlier_twins, founders_like, screening_rules

_APPROVED_UNDER: Final = "P1"
_REPEATED_UNDER: Final = "P3"
# One number for one lock in the whole database: whoever founds or joins a cluster holds it until the end.
_FOUNDING_LOCK: Final = int.from_bytes(hashlib.blake2b(b"prompts.founding", digest_size=8).digest(), signed=True)
_SCREENED: Final = (
    "state",
    "cluster",
    "below_cluster_length",
    "detected_language",
    "screened_at",
    "decided_at",
    "decided_clause",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a prompt belongs: its cluster, whether it founded it, and what its likeness gives reason to note."""

    cluster: Cluster
    is_founder: bool
    finding: Finding | None


@transaction.atomic
def screen_prompt(*, actor: Actor, prompt_id: int, now: datetime, detection: Detection = ABSTAINED) -> Prompt:
    """Read a submitted prompt: note hints, find its cluster, approve it by rule or leave it to a person.

    ``detection`` is what a detector made of its language, found outside the transaction; without one, the declared
    language is believed. A prompt that was screened before, or is being screened elsewhere, is returned as it is.

    Raises:
        NotPermitted: when a person, not the platform, asks for it.
        NoSuchPrompt: when there is none.
    """
    if not actor.is_system:
        raise NotPermitted(_("Prompts are screened by the platform itself."))
    due = Prompt.objects.awaiting_screening().select_for_update(of=("self",), skip_locked=True, no_key=True)
    prompt = due.select_related("author").filter(pk=prompt_id).first()
    if prompt is None:
        done = Prompt.objects.filter(pk=prompt_id).first()
        if done is None:
            raise NoSuchPrompt(_("There is no such prompt."))
        return done
    rules = screening_rules()
    findings = findings_in(
        prompt.text,
        declared=prompt.language,
        detection=detection,
        is_translation=prompt.category == Category.TRANSLATION,
        country=profile_of(prompt.author).country,
        rules=rules,
    )
    place = _place(prompt, rules, now)
    if place is None:
        prompt.below_cluster_length = True
    else:
        prompt.cluster = place.cluster
        findings += [place.finding] if place.finding else []
    prompt.detected_language = detection.language
    prompt.screened_at = now
    is_clean = not any(finding.needs_review for finding in findings)
    if is_clean:
        prompt.state, prompt.decided_at, prompt.decided_clause = PromptState.APPROVED, now, _APPROVED_UNDER
    else:
        prompt.state = PromptState.AWAITING_REVIEW
    # Everything but the words, which nobody changes.
    prompt.save(update_fields=_SCREENED)
    _write_down(prompt, findings)
    record(
        PromptEvent.SCREENED,
        actor=actor,
        subject=prompt.ref,
        at=now,
        facts=facts_of_screening(
            findings,
            detected_language=detection.language,
            cluster=place.cluster.ref if place else None,
            founds_cluster=bool(place and place.is_founder),
            policy_version=current_version(),
        ),
    )
    if is_clean:
        record(
            PromptEvent.APPROVED,
            actor=actor,
            subject=prompt.ref,
            at=now,
            clause=_APPROVED_UNDER,
            facts={"by": "rule"},
        )
    return prompt


def _write_down(prompt: Prompt, findings: Sequence[Finding]) -> None:
    ScreeningHint.objects.bulk_create(
        ScreeningHint(
            prompt=prompt,
            kind=finding.kind.value,
            clause=finding.clause,
            evidence=dict(finding.evidence),
            needs_review=finding.needs_review,
        )
        for finding in findings
    )


def _place(prompt: Prompt, rules: Rules, now: datetime) -> _Place | None:
    """Return the prompt's place among the clusters, made if need be; None for one too short to resemble anything."""
    if is_below_cluster_length(prompt.text, rules):
        return None
    signing = Signing(permutations=rules.permutations, bands=rules.bands, shingle=rules.shingle)
    values = signing.sign(prompt.text)
    # Two near-identical prompts screened at once would both see no founder. The lock makes the second one wait until
    # the first is committed, and READ COMMITTED shows it what the first has founded.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_FOUNDING_LOCK])
    place = _among_twins(prompt) or _among_neighbours(values, signing, rules)
    if place is None:
        place = _Place(cluster=Cluster.objects.create(founded_at=now), is_founder=True, finding=None)
    PromptSignature.objects.create(
        prompt=prompt,
        cluster=place.cluster,
        is_founder=place.is_founder,
        algorithm=signing.algorithm,
        values=packed(values),
    )
    if place.is_founder:
        # Only founders are looked up by their bands: nobody joins a cluster by resembling one who joined.
        PromptBand.objects.bulk_create(
            PromptBand(prompt=prompt, band=band, key=key) for band, key in enumerate(signing.band_keys(values))
        )
    return place


def _among_twins(prompt: Prompt) -> _Place | None:
    """Return the place beside the same words; a person looks when they are another's or were rejected."""
    twins = earlier_twins(prompt)
    if not twins:
        return None
    is_another_s = any(twin.author_id != prompt.author_id for twin in twins)
    was_rejected = any(twin.state == PromptState.REJECTED for twin in twins)
    cluster = _living(twins[0].cluster_id or 0)
    return _Place(
        cluster=cluster,
        is_founder=False,
        finding=Finding(
            kind=FindingKind.DUPLICATE,
            clause=_REPEATED_UNDER,
            needs_review=is_another_s or was_rejected,
            evidence={"exact": True, "resemblance": 1.0, "of_another": is_another_s},
        ),
    )


def _among_neighbours(values: Values, signing: Signing, rules: Rules) -> _Place | None:
    """Return the place in the cluster of the nearest founder, when one is near enough."""
    founders = founders_like(values, signing, limit=rules.max_candidates)
    match = nearest(values, founders, at_least=rules.near_jaccard)
    if match is None:
        return None
    return _Place(
        cluster=_living(match.founder.cluster_id),
        is_founder=False,
        finding=Finding(
            kind=FindingKind.DUPLICATE,
            clause=_REPEATED_UNDER,
            needs_review=False,
            evidence={"exact": False, "resemblance": round(match.resemblance, 3)},
        ),
    )


def _living(cluster_id: int) -> Cluster:
    """Return a cluster, or the one that it was merged into at last."""
    cluster = Cluster.objects.get(pk=cluster_id)
    while cluster.merged_into_id is not None:
        cluster = Cluster.objects.get(pk=cluster.merged_into_id)
    return cluster
