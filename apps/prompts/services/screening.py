"""Screening: a submitted prompt is read once, placed in a cluster, and approved by rule or handed to a person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
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
from apps.prompts.domain.similarity import packed
from apps.prompts.events import PromptEvent
from apps.prompts.models import Category, Prompt, PromptBand, PromptSignature, PromptState, ScreeningHint
from apps.prompts.queries import NoSuchPrompt, screening_rules
from apps.prompts.services.cluster_rows import Place, Words, place_words

_APPROVED_UNDER: Final = "P1"
_REPEATED_UNDER: Final = "P3"
_SCREENED: Final = (
    "state",
    "cluster",
    "below_cluster_length",
    "detected_language",
    "screened_at",
    "decided_at",
    "decided_clause",
)


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
        finding = _finding_of(place, prompt)
        findings += [finding] if finding else []
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
            also_near=[cluster.ref for cluster in place.also_near] if place else [],
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


def _place(prompt: Prompt, rules: Rules, now: datetime) -> Place | None:
    """Return the prompt's place among the clusters, made if need be; None for one too short to resemble anything."""
    if is_below_cluster_length(prompt.text, rules):
        return None
    place = place_words(Words(text=prompt.text, sha256=prompt.text_sha256, prompt=prompt), rules, now=now)
    PromptSignature.objects.create(
        prompt=prompt,
        cluster=place.signed_in,
        is_founder=place.is_founder,
        algorithm=place.signature.algorithm,
        values=packed(place.signature.values),
    )
    if place.is_founder:
        # Only founders are looked up by their bands: nobody joins a cluster by resembling one who joined.
        PromptBand.objects.bulk_create(
            PromptBand(prompt=prompt, band=band, key=key) for band, key in enumerate(place.signature.band_keys)
        )
    return place


def _finding_of(place: Place, prompt: Prompt) -> Finding | None:
    """Return what its likeness gives reason to note; a person looks at another's words, and at rejected ones."""
    if place.twins:
        is_another_s = any(twin.author_id != prompt.author_id for twin in place.twins)
        was_rejected = any(twin.state == PromptState.REJECTED for twin in place.twins)
        return Finding(
            kind=FindingKind.DUPLICATE,
            clause=_REPEATED_UNDER,
            needs_review=is_another_s or was_rejected,
            evidence={"exact": True, "resemblance": 1.0, "of_another": is_another_s},
        )
    if place.resemblance is None:
        return None
    return Finding(
        kind=FindingKind.DUPLICATE,
        clause=_REPEATED_UNDER,
        needs_review=False,
        evidence={"exact": False, "resemblance": round(place.resemblance, 3)},
    )
