"""How a text is stored and how it is compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.prompts.domain.normalisation import REPLACEMENT, canonical, canonical_hash, prose_of, storable

# Everything that Python can hold, lone surrogates and NUL included.
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_whatever_is_typed_can_be_stored(text: str) -> None:
    stored = storable(text)
    assert "\x00" not in stored
    stored.encode("utf-8")
    assert storable(stored) == stored


@given(ANY_TEXT)
def test_comparing_twice_compares_the_same(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)


@given(st.text(), st.sampled_from(["\u200b", "\u200f", "\ufeff", "\u00ad", "\u2060"]), st.integers(0, 20))
def test_invisible_characters_hide_no_repetition(text: str, invisible: str, place: int) -> None:
    assert canonical_hash(text[:place] + invisible + text[place:]) == canonical_hash(text)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("What is  love?", "what is\nlove?"),
        ("What is love", "What is love"),
        ("STRASSE", "straße"),
        ("e\u0301te\u0301", "été"),
        ("¿Qué?  ", "¿qué?"),
        ("ﷺ", "صلى الله عليه وسلم"),
    ],
)
def test_the_same_words_in_other_clothes_are_the_same(first: str, second: str) -> None:
    assert canonical_hash(first) == canonical_hash(second)


def test_different_words_are_different() -> None:
    assert canonical_hash("What is love?") != canonical_hash("What is hate?")


@pytest.mark.parametrize("nothing", ["", "   ", "\n\t", "\u200b\u200b", "\ufeff", "\u00a0\u2003", "\x00\x01", "\u202e"])
def test_nothing_in_many_disguises_is_nothing(nothing: str) -> None:
    assert canonical(nothing) == ""


def test_what_cannot_be_stored_leaves_a_mark() -> None:
    assert storable("a\x00b\ud800c") == f"a{REPLACEMENT}b{REPLACEMENT}c"
    assert storable("one\r\ntwo\rthree") == "one\ntwo\nthree"


def test_code_and_addresses_are_no_prose() -> None:
    text = "Explique isto:\n```python\nfor x in range(3): print(x)\n```\nde https://example.org/a `x` me@example.org"
    assert prose_of(text) == "Explique isto: de"
    assert prose_of("Why? ```unclosed") == "Why?"
