"""Drawing entries by lot, so that nobody here can steer which ones, and anybody can draw them again.

The seed is the SHA-256 of the auditor's own cosignature on the first checkpoint after the period: it did not exist
while the entries were written, and nobody without the auditor's key could have made it. Every entry of the period that
stands below that checkpoint's size gets a ticket, SHA-256 over the seed and its leaf index; the lowest tickets are
drawn. So the order in which entries are read does not matter, and a larger sample begins with the smaller one.
"""

import base64
import binascii
import hashlib
import heapq
from collections.abc import Iterable
from typing import Final

SEED_BYTES: Final = 32
# A key id of 4 bytes, the time of 8, and an Ed25519 signature of 64 (C2SP tlog-cosignature).
COSIGNATURE_BYTES: Final = 76
_SIGNATURE_LINE: Final = "\N{EM DASH} "


class InvalidCosignature(ValueError):
    """This line is no cosignature of a witness, so it gives no seed."""


def seed_of(line: str) -> bytes:
    """Return the seed (32 bytes) that a cosignature's line in a checkpoint gives: SHA-256 of what its base64 holds.

    Raises ``InvalidCosignature`` for a line of another form; whether it was made by its witness is checked elsewhere.
    """
    dash, _space, encoded = line.removesuffix("\n").rpartition(" ")
    if not dash.startswith(_SIGNATURE_LINE) or "\n" in dash:
        raise InvalidCosignature("A signature's line begins with an em dash, a space and a name.")
    try:
        signature = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidCosignature("The last word of a signature's line is base64.") from error
    if len(signature) != COSIGNATURE_BYTES or base64.b64encode(signature).decode() != encoded:
        raise InvalidCosignature(f"A cosignature has {COSIGNATURE_BYTES} bytes, written in one way.")
    return hashlib.sha256(signature).digest()


def ticket(seed: bytes, leaf_index: int) -> bytes:
    """Return SHA-256(seed ‖ leaf index as 8 bytes, most significant first): 32 bytes, one for each leaf."""
    return hashlib.sha256(seed + leaf_index.to_bytes(8, "big")).digest()


def draw(leaf_indexes: Iterable[int], *, seed: bytes, number: int) -> list[int]:
    """Return the ``number`` leaves with the lowest tickets, lowest first; all of them when there are fewer.

    ``seed`` has 32 bytes. Each leaf index must come once; their order does not matter.
    """
    if len(seed) != SEED_BYTES:
        raise ValueError(f"A seed has {SEED_BYTES} bytes, not {len(seed)}.")
    return heapq.nsmallest(number, leaf_indexes, key=lambda leaf_index: ticket(seed, leaf_index))


def most_drawn(population: int, *, share: float) -> int:
    """Return how many of ``population`` entries may be drawn at most: the share of them, rounded down, but one."""
    return min(population, max(1, int(population * share)))


def digest_of(leaf_indexes: Iterable[int]) -> str:
    """Return SHA-256 over the drawn leaves in rising order, 8 bytes each, as 64 hexadecimal digits."""
    return hashlib.sha256(b"".join(index.to_bytes(8, "big") for index in sorted(leaf_indexes))).hexdigest()
