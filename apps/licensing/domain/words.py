"""Words that people write into forms, brought into one shape before anybody keeps them or hashes them."""

from typing import Final

LONGEST_TEXT: Final = 100_000
_ALLOWED_CONTROLS: Final = frozenset("\n\t")


class WordsFault(ValueError):
    """The words are missing, too long, or hold characters that nobody can read."""


def one_line(words: str, *, longest: int) -> str:
    """Return words as one readable line with single spaces; raises ``WordsFault``."""
    line = " ".join(words.split())
    if not line:
        raise WordsFault("Something must stand here.")
    if len(line) > longest:
        raise WordsFault(f"At most {longest} characters have room here.")
    if not line.isprintable():
        raise WordsFault("There are characters in it that cannot be read.")
    return line


def many_lines(words: str, *, longest: int = LONGEST_TEXT) -> str:
    """Return words with plain line breaks and no white space at the ends of lines; raises ``WordsFault``."""
    text = "\n".join(line.rstrip() for line in words.replace("\r\n", "\n").replace("\r", "\n").split("\n")).strip()
    if not text:
        raise WordsFault("Something must stand here.")
    if len(text) > longest:
        raise WordsFault(f"At most {longest} characters have room here.")
    if any(not letter.isprintable() and letter not in _ALLOWED_CONTROLS for letter in text):
        raise WordsFault("There are characters in it that cannot be read.")
    return text
