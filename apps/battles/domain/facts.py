"""What the log's entries say about a battle on its way to a vote, put together in one place for whoever writes them.

While a battle is blind, its entries hold a commitment to the draw and nothing that tells it: whoever reads the log may
also be the one who votes. The entry that ends the battle opens the commitment.
"""

import json
from collections.abc import Mapping
from typing import Final

# A float in the log reads the same everywhere with this many digits.
_DIGITS: Final = 12

DrawFacts = Mapping[str, str | int | None]


def facts_of_draw(
    *, left: int, right: int, left_endpoint: int | None, right_endpoint: int | None, probability: float | None
) -> dict[str, str | int | None]:
    """Return what was drawn: both models and endpoints by side, and the chance of the pair, whichever its sides."""
    return {
        "left": left,
        "right": right,
        "left_endpoint": left_endpoint,
        "right_endpoint": right_endpoint,
        # The chance stays sealed with the rest, since weights are public and can name a pair.
        "probability": None if probability is None else f"{probability:.{_DIGITS}g}",
    }


def text_of_draw(draw: DrawFacts) -> str:
    """Return the text that a battle's commitment is made to: the draw as canonical JSON (RFC 8785).

    Its keys are ASCII and its values integers, short codes and null, so sorting and leaving out spaces is all of it.
    """
    return json.dumps(draw, sort_keys=True, separators=(",", ":"))


def facts_of_opening(*, prompt: str, cluster_id: int | None, draw_commitment: str) -> dict[str, str | int | None]:
    """Return the facts of an opened battle: the prompt's reference, its cluster, and the commitment to the draw."""
    return {"prompt": prompt, "cluster": cluster_id, "draw_commitment": draw_commitment}


def facts_of_opened_draw(draw: DrawFacts, *, salt: bytes | None) -> dict[str, DrawFacts | str | None]:
    """Return the facts that open a draw's commitment: SHA-256 over the salt and the draw's text gives it again."""
    return {"draw": draw, "draw_salt": None if salt is None else salt.hex()}


def facts_of_voiding(*, reason: str, endpoint: int | None) -> dict[str, str | int | None]:
    """Return the facts of a battle made void; ``endpoint`` is the one to blame, if one is."""
    return {"reason": reason, "endpoint": endpoint}


def facts_of_vote(*, vote: str, commitment: str) -> dict[str, str]:
    """Return the facts of a vote: its reference and the commitment to its choice, never the choice."""
    return {"vote": vote, "choice": commitment}
