"""Bytes of a CSV file on their way to a quick reader, watched for whatever a patient reader would see differently."""

import codecs
from pathlib import Path
from typing import Final

import numpy as np

#: What is odd about a file with quotes where there may be none.
QUOTES: Final = "a quote"

_QUOTE: Final = 34
_BEFORE_OPENING: Final = np.frombuffer(b',\n"', np.uint8)
_AFTER_CLOSING: Final = np.frombuffer(b',\n\r"', np.uint8)


class PlainText:
    """A file opened for reading in blocks that ends where it stops being plain, with the reason in ``odd``.

    Plain is UTF-8 without NUL bytes or carriage returns in the middle of a line, in which every quote opens a field,
    closes it, or stands doubled inside. Where ``quotes`` is False, no quote at all is plain. ``even`` says whether
    every line so far holds one row: no empty lines, nothing quoted.
    """

    closed = False

    def __init__(self, path: Path, *, quotes: bool) -> None:
        self.size = path.stat().st_size
        self.done = 0
        self.odd: str | None = None
        self.even = True
        self._file = path.open("rb")
        self._may_quote = quotes
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._quotes = 0
        self._undecoded = False
        # The two bytes before a block, as if the file began after a line.
        self._before = b",\n"

    def read(self, wanted: int = -1) -> bytes:
        """Return the next block; nothing at the end, and from where the text is not plain."""
        if self.odd is not None:
            return b""
        block = self._file.read(wanted)
        self.done += len(block)
        self.odd = self._what_is_odd(block) if block else self._what_lacks()
        return b"" if self.odd else block

    def close(self) -> None:
        """Close the file."""
        self.closed = True
        self._file.close()

    def readable(self) -> bool:
        """It can be read."""
        return True

    def writable(self) -> bool:
        """It cannot be written."""
        return False

    def seekable(self) -> bool:
        """It goes forwards only."""
        return False

    def _what_is_odd(self, block: bytes) -> str | None:
        text = self._before + block
        if b"\0" in block:
            return "a NUL byte"
        # A carriage return that ends the block is looked at together with the next one.
        if text.count(b"\r", 0, len(text) - 1) != text.count(b"\r\n"):
            return "a carriage return inside of a line"
        if not self._decodes(block):
            return "bytes that are not UTF-8"
        if b"\n\n" in text or b"\n\r\n" in text:
            self.even = False
        if (b'"' in block or self._ends_closed()) and not self._quotes_are_proper(block):
            return "a quote in an unusual place" if self._may_quote else QUOTES
        self._before = text[-2:]
        return None

    def _what_lacks(self) -> str | None:
        if self._before.endswith(b"\r"):
            return "a carriage return inside of a line"
        if not self._decodes(b"", final=True):
            return "bytes that are not UTF-8"
        return "a quote that never closes" if self._quotes % 2 else None

    def _decodes(self, block: bytes, *, final: bool = False) -> bool:
        if block.isascii() and not self._undecoded and not final:
            return True
        try:
            self._decoder.decode(block, final)
        except UnicodeDecodeError:
            return False
        self._undecoded = bool(self._decoder.getstate()[0])
        return True

    def _ends_closed(self) -> bool:
        return self._before.endswith(b'"') and self._quotes % 2 == 0

    def _quotes_are_proper(self, block: bytes) -> bool:
        """Say whether quotes stand where a field begins or ends, or in twos inside of one.

        Counted from the start of the file every first quote opens: a doubled one closes and opens again at once.
        """
        if not self._may_quote:
            return False
        self.even = False
        if self._ends_closed() and block[0] not in _AFTER_CLOSING:
            return False
        text = np.frombuffer(self._before + block, np.uint8)
        places = np.flatnonzero(text[2:] == _QUOTE) + 2
        opening = (np.arange(len(places)) + self._quotes) % 2 == 0
        closing = places[~opening]
        # What follows a quote at the end of the block is looked at with the next one.
        after = text[closing[closing < len(text) - 1] + 1]
        self._quotes += len(places)
        return bool(np.isin(text[places[opening] - 1], _BEFORE_OPENING).all() and np.isin(after, _AFTER_CLOSING).all())
