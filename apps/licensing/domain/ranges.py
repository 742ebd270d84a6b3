"""Which bytes of a file somebody asks for (RFC 9110, section 14), and which of them they have been sent so far."""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_ONE_RANGE: Final = re.compile(r"bytes[ \t]*=[ \t]*([0-9]*)-([0-9]*)[ \t]*", re.IGNORECASE)
# No file has 10^18 bytes, and nobody computes with a number of a million digits.
_MOST_DIGITS: Final = 18


class NotInTheFile(ValueError):
    """The range begins behind the last byte."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Bytes from ``start`` up to and without ``until``."""

    start: int
    until: int

    @property
    def length(self) -> int:
        """How many bytes they are."""
        return self.until - self.start

    def content_range(self, size: int) -> str:
        """Return the value of the header Content-Range."""
        return f"bytes {self.start}-{self.until - 1}/{size}"


def span_asked(header: str | None, *, size: int) -> Span | None:
    """Return the one range that a Range header asks for of a file of ``size`` bytes; None means the whole file.

    What is no range of bytes, or more than one, is ignored, as the standard allows: whoever asks gets the whole file.
    Raises ``NotInTheFile`` for a range that begins behind the end.
    """
    match = _ONE_RANGE.fullmatch(header) if header else None
    if match is None:
        return None
    first, last = match[1], match[2]
    if not first:
        return _suffix(last, size)
    start, end = _number(first), _number(last) if last else size - 1
    if end < start and last:
        return None
    if start >= size:
        raise NotInTheFile(f"The file has {size} bytes.")
    return Span(start, min(end, size - 1) + 1)


def _suffix(digits: str, size: int) -> Span | None:
    if not digits:
        return None
    length = min(_number(digits), size)
    if not length:
        raise NotInTheFile(f"The file has {size} bytes.")
    return Span(size - length, size)


def _number(digits: str) -> int:
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= _MOST_DIGITS else 10**_MOST_DIGITS


def etag_of(sha256: str) -> str:
    """Return the strong entity tag of a file: its SHA-256 in hexadecimal digits."""
    return f'"{sha256}"'


def range_applies(if_range: str | None, *, sha256: str) -> bool:
    """Say whether a range may be sent under an If-Range header: only to whoever holds a part of these very bytes."""
    return if_range is None or if_range.strip() == etag_of(sha256)


def is_held(if_none_match: str | None, *, sha256: str) -> bool:
    """Say whether an If-None-Match header names these bytes; tags are compared weakly, as the standard says."""
    if if_none_match is None:
        return False
    named = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in named or etag_of(sha256) in named


def digest_field(sha256: str) -> str:
    """Return the value of Repr-Digest and Content-Digest (RFC 9530) for a SHA-256 in hexadecimal digits."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, those that touch or overlap as one; empty ones are left out."""
    found: list[Span] = []
    for span in sorted(each for each in spans if each.length > 0):
        if found and span.start <= found[-1].until:
            found[-1] = Span(found[-1].start, max(found[-1].until, span.until))
        else:
            found.append(span)
    return found


def is_whole(spans: Iterable[Span], *, size: int) -> bool:
    """Say whether the spans together are a whole file."""
    return size == 0 or merged(spans) == [Span(0, size)]
