"""Reading a prompt by itself, without other prompts: everything that its own text tells."""

from typing import Final

from apps.prompts.domain.findings import Finding, FindingKind, Rules
from apps.prompts.domain.identity_questions import find_identity_questions
from apps.prompts.domain.language import Detection, judge_language
from apps.prompts.domain.normalisation import canonical
from apps.prompts.domain.personal_data import find_personal_data
from apps.prompts.domain.readability import find_unreadable

_LENGTH_CLAUSE: Final = "P6"


def is_below_cluster_length(text: str, rules: Rules) -> bool:
    """Return whether a text is so short that resembling another means nothing."""
    return len(canonical(text)) < rules.cluster_min_characters


def findings_in(
    text: str,
    *,
    declared: str,
    detection: Detection,
    is_translation: bool,
    country: str,
    rules: Rules,
) -> list[Finding]:
    """Return everything that a text by itself gives reason to note, in the order of the clauses' weight."""
    length = None
    if is_below_cluster_length(text, rules):
        length = Finding(
            kind=FindingKind.LENGTH,
            clause=_LENGTH_CLAUSE,
            needs_review=False,
            evidence={"characters": len(canonical(text)), "needed": rules.cluster_min_characters},
        )
    found = (
        find_personal_data(text, country=country),
        find_identity_questions(text),
        find_unreadable(text),
        judge_language(
            detection,
            declared=declared,
            min_confidence=rules.language_min_confidence,
            may_mix=is_translation,
        ),
        length,
    )
    return [finding for finding in found if finding is not None]
