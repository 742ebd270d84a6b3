"""Ranges of bytes: whatever a header says, the answer is a part of the file, the whole file, or a plain no."""

import hashlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.licensing.domain.ranges import (
    NotInTheFile,
    Span,
    digest_field,
    etag_of,
    is_held,
    is_whole,
    merged,
    range_applies,
    span_asked,
)

SHA = hashlib.sha256(b"").hexdigest()
SIZES = st.integers(0, 10**12)
spans = st.builds(lambda start, length: Span(start, start + length), st.integers(0, 60), st.integers(0, 20))


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-499", Span(0, 500)),
        ("bytes=500-999", Span(500, 1_000)),
        ("bytes=-500", Span(9_500, 10_000)),
        ("bytes=9500-", Span(9_500, 10_000)),
        ("BYTES = 0-0", Span(0, 1)),
        ("bytes=9999-20000", Span(9_999, 10_000)),
        ("bytes=-20000", Span(0, 10_000)),
        (None, None),
        ("", None),
    ],
)
def test_the_examples_of_the_standard(header: str | None, span: Span | None) -> None:
    assert span_asked(header, size=10_000) == span


@given(st.text(max_size=40) | st.from_regex(r"\Abytes=[0-9]{0,30}-[0-9]{0,30}\Z"), SIZES)
def test_any_header_gives_a_part_of_the_file_or_a_no(header: str, size: int) -> None:
    try:
        span = span_asked(header, size=size)
    except NotInTheFile:
        return
    if span is not None:
        assert 0 <= span.start < span.until <= size
        assert span_asked(f"bytes={span.start}-{span.until - 1}", size=size) == span


@given(st.lists(spans, max_size=12))
def test_merged_spans_are_the_same_bytes_in_order(several: list[Span]) -> None:
    found = merged(several)
    assert {at for span in found for at in range(span.start, span.until)} == {
        at for span in several for at in range(span.start, span.until)
    }
    assert all(left.until < right.start for left, right in itertools.pairwise(found))


@given(st.lists(spans, max_size=12), st.integers(1, 60))
def test_a_file_is_whole_when_every_byte_has_left(several: list[Span], size: int) -> None:
    inside = [Span(min(span.start, size), min(span.until, size)) for span in several]
    left = {at for span in inside for at in range(span.start, span.until)}
    assert is_whole(inside, size=size) == (left == set(range(size)))


def test_a_part_is_sent_to_whoever_has_these_very_bytes() -> None:
    assert range_applies(None, sha256=SHA)
    assert range_applies(etag_of(SHA), sha256=SHA)
    for other in ('""', f"W/{etag_of(SHA)}", SHA, "Mon, 14 Sep 2026 12:00:00 GMT"):
        assert not range_applies(other, sha256=SHA)


def test_what_the_reader_holds_is_compared_weakly() -> None:
    for held in (etag_of(SHA), f"W/{etag_of(SHA)}", f'"a", {etag_of(SHA)}', "*"):
        assert is_held(held, sha256=SHA)
    for other in (None, "", '"a"', SHA):
        assert not is_held(other, sha256=SHA)


def test_the_digest_is_spelled_as_the_standard_says() -> None:
    """The example of RFC 9530, appendix D."""
    told = hashlib.sha256(b'{"hello": "world"}\n').hexdigest()
    assert digest_field(told) == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
