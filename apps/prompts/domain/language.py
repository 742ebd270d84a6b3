"""Clause P7: whether a prompt is in the language under which it was submitted."""

from dataclasses import dataclass
from typing import Final

from apps.prompts.domain.findings import Finding, FindingKind

_CLAUSE: Final = "P7"

# Written so much alike that a detector cannot tell them apart in a few lines.
_NEIGHBOURS: Final = (
    frozenset({"bs", "hr", "sr"}),
    frozenset({"id", "ms", "jv", "su"}),
    frozenset({"nb", "nn", "da"}),
    frozenset({"hi", "mr", "ne"}),
    frozenset({"xh", "zu"}),
    frozenset({"cs", "sk"}),
    frozenset({"gl", "pt"}),
    frozenset({"ca", "es"}),
    frozenset({"bg", "mk"}),
    frozenset({"af", "nl"}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """The language that a text seems to be in, with a confidence of 0 to 1; an empty language is an abstention."""

    language: str = ""
    confidence: float = 0.0

    @property
    def abstains(self) -> bool:
        """Whether nothing was detected."""
        return not self.language


ABSTAINED: Final = Detection()


def judge_language(detection: Detection, *, declared: str, min_confidence: float, may_mix: bool) -> Finding | None:
    """Return a finding when a text is clearly in another language than declared; None when not, or when in doubt.

    ``may_mix`` is true for what holds two languages by nature, such as a text to translate: noted, not reviewed.
    """
    if detection.abstains or detection.language == declared or detection.confidence < min_confidence:
        return None
    if any({declared, detection.language} <= neighbours for neighbours in _NEIGHBOURS):
        return None
    return Finding(
        kind=FindingKind.LANGUAGE,
        clause=_CLAUSE,
        needs_review=not may_mix,
        evidence={
            "declared": declared,
            "detected": detection.language,
            "confidence": round(detection.confidence, 3),
        },
    )
