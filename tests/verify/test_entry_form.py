"""The two ways of reading an entry, quick and thorough, agree with each other and with the platform's own writer."""

import json
import math
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from showdown_verify.entries import UnfitEntry, _read_slowly, canonical, read_entry
from tests.verify.paper import entry

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
FACTS = st.dictionaries(
    st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12),
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS | st.lists(TEXTS, max_size=2),
    max_size=6,
)


@given(VALUES)
def test_canonical_json_is_that_of_the_platform(value: Any) -> None:
    assert canonical(value).encode() == rfc8785.dumps(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_written_as_others_write_them(value: float) -> None:
    assert canonical(value).encode() == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-7, "1.5e-7"),
        (-1.25, "-1.25"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (333333333.33333329, "333333333.3333333"),
    ],
)
def test_numbers_at_the_edges(value: float, written: str) -> None:
    assert canonical(value) == written


def test_what_json_has_not_is_not_written() -> None:
    for value in (math.inf, 2**53, "\ud800", {"\ud800": 1}):
        with pytest.raises(ValueError, match=r".*"):
            json.loads(canonical(value), parse_constant=lambda _name: 1 / 0) if value == math.inf else canonical(value)


@given(FACTS)
def test_whatever_the_platform_writes_is_read(facts: dict[str, Any]) -> None:
    body = entry(1, facts=facts)
    read_entry(body)
    _read_slowly(body.decode())


@given(FACTS, st.integers(0, 400), st.sampled_from(['"', "\\", "{", "}", ",", ":", " ", "0", "a", "\n", "\u00e9"]))
def test_the_quick_way_accepts_nothing_that_the_thorough_one_refuses(facts: dict[str, Any], at: int, put: str) -> None:
    text = entry(1, facts=facts).decode()
    at %= len(text)
    changed = text[:at] + put + text[at + 1 :]
    if accepted(read_entry, changed.encode()):
        assert accepted(_read_slowly, changed)


def accepted(read: Any, body: object) -> bool:
    try:
        read(body)
    except UnfitEntry:
        return False
    return True


def test_facts_that_count_are_handed_over() -> None:
    facts = {"counter": 3, "licensee": "acme"}
    assert read_entry(entry(1, "a.b", facts)) == ("a.b", facts)
    odd = facts | {"note": 'with "quotes"'}
    assert read_entry(entry(1, "a.b", odd)) == ("a.b", odd)
    assert read_entry(entry(1)) is None
    # A text that only looks like a counter is none.
    assert read_entry(entry(1, "a.b", {"words": "counter:"})) is None
