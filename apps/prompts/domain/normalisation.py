"""Three readings of a text: as it is stored, as it is compared, and its prose without code and addresses."""

import hashlib
import re
import unicodedata
from typing import Final

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

_LINE_ENDS = re.compile(r"\r\n?|\u2028|\u2029")
_SURROGATES = re.compile(r"[\x00\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
# What has no width of its own and joins nothing: marks of direction, zero-width spaces, soft hyphens, tags.
_INVISIBLE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs"})
_CODE_OR_ADDRESS = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|\bhttps?://\S+|\S+@\S+", re.DOTALL)


def storable(text: str) -> str:
    """Return a text as it is stored: one kind of line end, no blank edges, and nothing that a database cannot hold.

    NUL and lone surrogates become U+FFFD, which screening sees, so that a person is told and nothing is lost.
    """
    return _SURROGATES.sub(REPLACEMENT, _LINE_ENDS.sub("\n", text)).strip()


def canonical(text: str) -> str:
    """Return a text as it is compared: NFKC, caseless, without invisible characters, with single spaces."""
    visible = "".join(
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFKC", text)
        if character.isspace() or unicodedata.category(character) not in _INVISIBLE_CATEGORIES
    )
    # Folding the case can undo the normal form (of İ, for example), so it is restored afterwards.
    folded = unicodedata.normalize("NFKC", visible.casefold())
    return _SPACES.sub(" ", folded).strip()


def canonical_hash(text: str) -> str:
    """Return SHA-256 of the text as it is compared, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(text).encode("utf-8", "surrogatepass")).hexdigest()


def prose_of(text: str) -> str:
    """Return a text without code and addresses, which are in no language."""
    return _SPACES.sub(" ", _CODE_OR_ADDRESS.sub(" ", text)).strip()
