"""Showing answers: the Markdown that models write, and nothing that an answer could do to its reader."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.battles.domain.markdown import block_to_html, cut_into_blocks, to_html

ALLOWED = r'</?(p|h[3-6]|ul|ol|li|pre|code|blockquote|strong|em|hr|br)( (dir="(auto|ltr)"|start="\d+"|tabindex="0"))*>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Hello\nworld", '<p dir="auto">Hello<br>world</p>'),
        ("# Title ##", '<h3 dir="auto">Title</h3>'),
        ("###### Low", '<h3 dir="auto">Low</h3>'),
        ("- a\n- b", '<ul dir="auto"><li>a</li><li>b</li></ul>'),
        ("3. c\n4. d", '<ol start="3" dir="auto"><li>c</li><li>d</li></ol>'),
        ("> said", '<blockquote dir="auto">said</blockquote>'),
        ("---", "<hr>"),
        ("`a**b`", '<p dir="auto"><code>a**b</code></p>'),
        ("**bold** and *soft*", '<p dir="auto"><strong>bold</strong> and <em>soft</em></p>'),
        ("snake_case_name", '<p dir="auto">snake_case_name</p>'),
        ("[here](https://x.example)", '<p dir="auto">here (https://x.example)</p>'),
        ("```py\nif a < b:\n\n  go\n```", '<pre dir="ltr" tabindex="0"><code>if a &lt; b:\n\n  go</code></pre>'),
        ("| a | b |\n|---|---|", '<pre tabindex="0">| a | b |\n|---|---|</pre>'),
        ("<script>alert(1)</script>", '<p dir="auto">&lt;script&gt;alert(1)&lt;/script&gt;</p>'),
        ("![x](https://x.example/p.png)", '<p dir="auto">![x](https://x.example/p.png)</p>'),
    ],
)
def test_markdown_is_shown_and_html_is_not_obeyed(text: str, html: str) -> None:
    assert to_html(text) == html


def test_lists_nest_once() -> None:
    html = to_html("- a\n  - b\n  - c\n- d")
    assert html.count("<ul") == 2
    assert html.count("<li") == html.count("</li>") == 4


anything = st.text(alphabet=st.sampled_from("ab <>&\"'*_`#-+>|[]()!.1~\n\\"), max_size=120)


@given(anything)
def test_nothing_but_our_own_elements_comes_out(text: str) -> None:
    rest = re.sub(ALLOWED, "", to_html(text))
    assert "<" not in rest
    assert ">" not in rest


@given(anything)
def test_every_element_that_is_opened_is_closed(text: str) -> None:
    stack: list[str] = []
    for closing, name in re.findall(r"<(/?)(\w+)[^>]*>", to_html(text)):
        if name in {"br", "hr"}:
            continue
        if closing:
            assert stack.pop() == name
        else:
            stack.append(name)
    assert stack == []


@given(anything, anything)
def test_a_growing_text_changes_its_last_block_only(begun: str, more: str) -> None:
    before, after = cut_into_blocks(begun), cut_into_blocks(begun + more)
    assert after[: len(before) - 1] == before[:-1]


def test_a_block_still_being_written_can_be_shown() -> None:
    assert block_to_html("```py\nprint(") == '<pre dir="ltr" tabindex="0"><code>print(</code></pre>'
    assert block_to_html("**half") == '<p dir="auto">**half</p>'


@pytest.mark.parametrize("hostile", ["`" * 60_000, "**a" * 20_000, "[" * 60_000, "# " * 30_000, "- x\n" * 15_000])
def test_no_text_takes_long(hostile: str) -> None:
    started = time.perf_counter()
    to_html(hostile)
    assert time.perf_counter() - started < 2
