"""Which prompts a person reads although the rule has approved them."""

import hashlib
import hmac
from typing import Final

_WHOLE: Final = 2**64


def is_drawn(prompt_id: int, *, key: bytes, share: float) -> bool:
    """Whether a prompt belongs to the sample of ``share`` (0 to 1).

    The same prompt is always drawn or never, however often it is asked; and as the hash is keyed with what only the
    platform knows, nobody can write a prompt so that it escapes. (NIST FIPS 198-1.)
    """
    digest = hmac.digest(key, f"moderation.sample:{prompt_id}".encode(), hashlib.sha256)
    return int.from_bytes(digest[:8]) < share * _WHOLE
