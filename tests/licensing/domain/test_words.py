"""Words from forms, brought into one shape before anybody hashes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.licensing.domain.words import WordsFault, many_lines, one_line


@given(st.text(max_size=200))
def test_what_is_kept_stays_as_it_is(words: str) -> None:
    for read in (lambda text: one_line(text, longest=100), many_lines):
        try:
            kept = read(words)
        except WordsFault:
            continue
        assert read(kept) == kept
        assert kept.strip() == kept


def test_line_breaks_of_every_kind_are_one() -> None:
    assert many_lines("a\r\nb\rc  \nd\n\n") == "a\nb\nc\nd"
    assert one_line(" a \n b\t", longest=9) == "a b"


@pytest.mark.parametrize("words", ["", " ", "a\x00", "a\u202eb", "a" * 101])
def test_what_cannot_stand_is_told(words: str) -> None:
    with pytest.raises(WordsFault):
        one_line(words, longest=100)
