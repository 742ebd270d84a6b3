"""Measuring an answer by our own rules, the same for every model: length and Markdown, for the style control.

Every rule reads a text once, whatever its author put into it.
"""

import re
from dataclasses import dataclass
from typing import Final

# Scripts written without spaces count by the character: kana, Han, Thai, Lao, Khmer, Burmese.
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
# What parts words and counts for nothing: spaces, ASCII and general punctuation, and the marks of other scripts.
# The joiners (U+200C, U+200D) stay out of it, since they stand inside words.
_PARTING: Final = (
    r"\s!-/:-@\[-`{-~\u00a0-\u00bf\u2010-\u206f\u2000-\u200b\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\uff5b-\uff65"
    r"\u060c\u061b\u061f\u066a-\u066d\u06d4\u0964\u0965\ufeff"
)
_TOKEN: Final = re.compile(f"[{_UNSPACED}]|[^{_PARTING}{_UNSPACED}]+")
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADER: Final = re.compile(r" {0,3}#{1,6}(?:[ \t]|$)")
_ITEM: Final = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\S")
_INLINE_CODE: Final = re.compile(r"`[^`\n]*`")
_BOLD: Final = re.compile(r"(\*\*|__)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """How long an answer is and how much Markdown it uses."""

    tokens: int
    headers: int
    lists: int
    bold: int


def measure(text: str) -> Measures:
    """Count words (characters, where a script has no spaces), Markdown headers, list items and bold spans.

    What stands in a fenced block of code is counted as words only.
    """
    headers = items = bold = 0
    for line in prose_lines(text):
        if _HEADER.match(line):
            headers += 1
        elif _ITEM.match(line):
            items += 1
        bold += _bold_spans(line)
    return Measures(tokens=count_tokens(text), headers=headers, lists=items, bold=bold)


def count_tokens(text: str) -> int:
    """Count words, and single characters where a script has no spaces; punctuation counts for nothing."""
    return len(_TOKEN.findall(text))


def prose_lines(text: str) -> list[str]:
    """Return the lines that stand outside of fenced code."""
    lines, fence = [], ""
    for line in text.splitlines():
        found = _FENCE.match(line)
        if found and not fence:
            fence = found[1]
        elif found and fence and found[1].startswith(fence) and not line[found.end() :].strip():
            fence = ""
        elif not fence:
            lines.append(line)
    return lines


def _bold_spans(line: str) -> int:
    """Count the pairs of ``**`` or ``__`` that hug what they enclose; one pass over the line."""
    line = _INLINE_CODE.sub("x", line)
    spans, opened = 0, {"**": False, "__": False}
    for mark in _BOLD.finditer(line):
        before, after = line[mark.start() - 1 : mark.start()], line[mark.end() : mark.end() + 1]
        if opened[mark[1]] and before.strip():
            spans += 1
            opened[mark[1]] = False
        elif after.strip() and not (mark[1] == "__" and before.isalnum()):
            opened[mark[1]] = True
    return spans
