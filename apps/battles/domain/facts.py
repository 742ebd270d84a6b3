"""What the log's entries say about a battle on its way to a vote, put together in one place for whoever writes them."""

from typing import Final

# A float in the log reads the same everywhere with this many digits.
_DIGITS: Final = 12


def facts_of_opening(
    *, prompt: str, cluster_id: int | None, left: int, right: int, probability: float
) -> dict[str, str | int | None]:
    """Return the facts of an opened battle: the prompt's reference, its cluster, both models, the pair's chance."""
    return {
        "prompt": prompt,
        "cluster": cluster_id,
        "left": left,
        "right": right,
        "probability": f"{probability:.{_DIGITS}g}",
    }


def facts_of_asking(*, left_endpoint: int | None, right_endpoint: int | None) -> dict[str, int | None]:
    """Return the facts of answers that were asked for."""
    return {"left_endpoint": left_endpoint, "right_endpoint": right_endpoint}


def facts_of_voiding(*, reason: str, endpoint: int | None) -> dict[str, str | int | None]:
    """Return the facts of a battle made void; ``endpoint`` is the one to blame, if one is."""
    return {"reason": reason, "endpoint": endpoint}


def facts_of_vote(*, vote: str, commitment: str) -> dict[str, str]:
    """Return the facts of a vote: its reference and the commitment to its choice, never the choice."""
    return {"vote": vote, "choice": commitment}
