"""Measuring answers: words in every script, and Markdown outside of code."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.battles.domain.measures import count_tokens, measure


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("Don't panic — it's 3.14!", 7),
        ("«Olá», disse a avó.", 4),
        ("मेरी दादी अस्सी साल की हैं।", 6),
        ("هل البحر مالح؟", 3),
        ("猫の手も借りたい。", 8),
        ("用Python写", 3),
        ("...", 0),
        ("a\u200db", 1),
    ],
)
def test_words_count_and_punctuation_does_not(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens


def test_headers_lists_and_bold_are_counted() -> None:
    found = measure("# One\n## Two\n#three\n\n- a\n* b\n+ c\n1. d\n2) e\n-f\n\n**x** and __y z__, ** no **, `**code**`")
    assert (found.headers, found.lists, found.bold) == (2, 5, 2)


def test_code_counts_as_words_only() -> None:
    found = measure("~~~\n# not a header\n- not an item\n**not bold**\n```\n~~~\n# a header")
    assert (found.headers, found.lists, found.bold) == (1, 0, 0)
    assert found.tokens > 6


def test_an_unclosed_fence_swallows_the_rest() -> None:
    assert measure("```\n# code\n- more").headers == 0


@given(st.text(), st.text())
def test_measures_of_paragraphs_add_up_when_there_is_no_code(one: str, other: str) -> None:
    if any(mark in one + other for mark in "`~"):
        return
    together, first, second = measure(f"{one}\n{other}"), measure(one), measure(other)
    assert together.tokens == first.tokens + second.tokens
    assert together.bold == first.bold + second.bold


@pytest.mark.parametrize("hostile", ["**a " * 20_000, "`" * 60_000, "*" * 60_000, "# " * 30_000, "- " * 30_000])
def test_no_text_takes_long(hostile: str) -> None:
    started = time.perf_counter()
    measure(hostile)
    assert time.perf_counter() - started < 1
