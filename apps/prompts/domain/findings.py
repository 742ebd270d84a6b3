"""What screening finds, and the numbers by which it judges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

MOST_SHOWN: Final = 10
_LONGEST_SHOWN_WHOLE: Final = 4
_LEFT_IN_SIGHT: Final = 2


class FindingKind(StrEnum):
    """What screening can notice."""

    LANGUAGE = "language"
    DUPLICATE = "duplicate"
    PERSONAL_DATA = "personal_data"
    IDENTITY_QUESTION = "identity_question"
    LENGTH = "length"
    CONTROL_CHARACTERS = "control_characters"
    BANNED = "banned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing noticed, the clause it falls under, and whether a person must look.

    ``evidence`` is JSON: positions, counts and masked fragments, never the words themselves.
    """

    kind: FindingKind
    clause: str
    needs_review: bool
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rulebook's numbers for screening: clauses P3, P6 and P7."""

    near_jaccard: float
    permutations: int
    bands: int
    shingle: int
    max_candidates: int
    cluster_min_characters: int
    language_min_characters: int
    language_min_confidence: float


def masked(fragment: str) -> str:
    """Return a fragment with its middle hidden, short enough to recognise and too short to use."""
    if len(fragment) <= _LONGEST_SHOWN_WHOLE:
        return "•" * len(fragment)
    ends = _LEFT_IN_SIGHT if len(fragment) > 2 * _LONGEST_SHOWN_WHOLE else 1
    return f"{fragment[:ends]}•••{fragment[-ends:]}"
