"""To which side each number of the rulebook is safer, as the database's table has it, and what a move of one means."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final


class Safer(StrEnum):
    """The side of a number on which people and the wall are better protected."""

    HIGHER = "higher"
    LOWER = "lower"
    NONE = "none"


class Effect(StrEnum):
    """What a change does to one number, or, where no number tells, to a clause's words."""

    SAME = "same"
    TIGHTENS = "tightens"
    LOOSENS = "loosens"
    CHANGES = "changes"


# A number that is not here has no safer side. P3 and P6.cluster_min_characters are the near-duplicate algorithm:
# another one finds other twins, and nobody can say beforehand whether it finds more of them.
DIRECTIONS: Final[Mapping[tuple[str, str], Safer]] = {
    ("A1", "minimum_age"): Safer.HIGHER,
    ("P1", "newcomer_first"): Safer.HIGHER,
    ("P1", "sample_share"): Safer.HIGHER,
    ("P3", "near_jaccard"): Safer.NONE,
    ("P3", "permutations"): Safer.NONE,
    ("P3", "bands"): Safer.NONE,
    ("P3", "shingle"): Safer.NONE,
    ("P3", "max_candidates"): Safer.NONE,
    ("P6", "min_characters"): Safer.NONE,
    ("P6", "max_characters"): Safer.NONE,
    ("P6", "cluster_min_characters"): Safer.NONE,
    ("P7", "min_characters"): Safer.NONE,
    ("P7", "min_confidence"): Safer.NONE,
    ("B2", "hours"): Safer.NONE,
    ("B2", "answer_minutes"): Safer.NONE,
    ("B5", "per_day"): Safer.LOWER,
    ("R1", "anchor"): Safer.NONE,
    ("R1", "ties"): Safer.NONE,
    ("R1", "style"): Safer.NONE,
    ("R1", "weight_cap"): Safer.NONE,
    ("R1", "network_cap"): Safer.NONE,
    ("R1", "target"): Safer.NONE,
    ("R1", "trim"): Safer.NONE,
    ("R1", "seed"): Safer.NONE,
    ("R2", "min_contributors"): Safer.HIGHER,
    ("R2", "min_effective"): Safer.HIGHER,
    ("R2", "min_changed"): Safer.HIGHER,
    ("R2", "attributes"): Safer.NONE,
    ("R2", "pairs"): Safer.NONE,
    ("R3", "min_votes"): Safer.HIGHER,
    ("R3", "min_contributors"): Safer.HIGHER,
    ("R3", "max_half_width"): Safer.LOWER,
    ("I1", "alpha"): Safer.NONE,
    ("I1", "min_votes"): Safer.NONE,
    ("I1", "draws"): Safer.NONE,
    ("W1", "min_age_days"): Safer.HIGHER,
    ("W4", "approvals"): Safer.HIGHER,
    ("W5", "hold_back_days"): Safer.HIGHER,
    ("W6", "hours"): Safer.HIGHER,
    ("W6", "objection_days"): Safer.NONE,
    ("W7", "k"): Safer.HIGHER,
    ("W7", "order"): Safer.NONE,
    ("W9", "loosening_days"): Safer.HIGHER,
    ("W11", "notice_days"): Safer.LOWER,
    ("W11", "urgent_days"): Safer.LOWER,
    ("W11", "escalation_days"): Safer.LOWER,
    ("G1", "moderator"): Safer.LOWER,
    ("G1", "auditor"): Safer.LOWER,
    ("G2", "people"): Safer.LOWER,
    ("G2", "share"): Safer.LOWER,
    ("G2", "days"): Safer.HIGHER,
    ("M1", "days"): Safer.HIGHER,
    ("M3", "minutes"): Safer.NONE,
    ("M4", "prompt"): Safer.LOWER,
    ("M4", "finding"): Safer.LOWER,
    ("M4", "appeal"): Safer.LOWER,
    ("M4", "release"): Safer.LOWER,
    ("M4", "sample"): Safer.LOWER,
    ("L1", "share"): Safer.NONE,
}
# What no version goes below or above, with the CHECKs of the table. Everything else that the wall counts can be
# loosened in public, after the notice of W9; these cannot.
FLOORS: Final[Mapping[tuple[str, str], int]] = {
    ("W1", "min_age_days"): 60,
    ("W4", "approvals"): 2,
    ("W5", "hold_back_days"): 180,
    ("W6", "hours"): 72,
    ("W6", "objection_days"): 1,
    ("W9", "loosening_days"): 30,
}
CEILINGS: Final[Mapping[tuple[str, str], int]] = {
    ("W4", "approvals"): 5,
    ("W6", "objection_days"): 5,
}
# What makes a clause's numbers unfit for the program that reads them.
MOST: Final = 2**31 - 1


def is_number(value: Any) -> bool:
    """Tell whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_same(before: Any, after: Any) -> bool:
    """Compare two values as JSON does: 60 is 60.0, and true is not 1."""
    if is_number(before) and is_number(after):
        return bool(before == after)
    return type(before) is type(after) and bool(before == after)


def effect_of(safer: Safer, before: Any, after: Any) -> Effect:
    """Say what it means that a parameter moves; only a number with a safer side tightens or loosens."""
    if is_same(before, after):
        return Effect.SAME
    if safer is Safer.NONE or not (is_number(before) and is_number(after)):
        return Effect.CHANGES
    return Effect.TIGHTENS if (after > before) == (safer is Safer.HIGHER) else Effect.LOOSENS


def stricter(safer: Safer, one: Any, other: Any) -> Any:
    """Return the one of two values that protects more; the first where neither can be said to."""
    return other if effect_of(safer, one, other) is Effect.TIGHTENS else one
