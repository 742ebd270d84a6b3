"""An answer as it arrived: its words, and when its reader saw the first and the last of them."""

import re
from dataclasses import dataclass
from typing import Final

# Text that a person can read holds line breaks and tabs, and no other control characters.
_UNREADABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeAnswer:
    """One side's answer from beginning to end; both times count from the moment the answers were asked for."""

    text: str
    first_token_ms: int
    last_token_ms: int


def is_readable(text: str) -> bool:
    """Whether a piece of text holds characters only that can be stored and shown."""
    return _UNREADABLE.search(text) is None
