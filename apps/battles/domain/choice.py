"""What the four choices mean when they are counted."""

from typing import Final

LEFT_SCORES: Final = {"left": 1.0, "right": 0.0, "both_good": 0.5, "both_bad": 0.5}
_MIRRORED: Final = {"left": "right", "right": "left"}


def left_score(choice: str) -> float:
    """Return what the left model gets: 1 for a win, 0 for a loss; both good and both bad count half a win for each."""
    return LEFT_SCORES[choice]


def mirrored(choice: str) -> str:
    """Return the same opinion with the sides exchanged."""
    if choice not in LEFT_SCORES:
        raise KeyError(choice)
    return _MIRRORED.get(choice, choice)
