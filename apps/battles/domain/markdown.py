"""Showing an answer's Markdown as HTML that holds nothing but what is made here.

A small, safe part of CommonMark: headers, lists, quotes, fenced code, emphasis, inline code. Links are shown with
their address and do not lead anywhere, images and raw HTML are shown as they were written: an answer must not send
its reader away or load anything. A text is cut into blocks so that one still being written is shown as it grows.
"""

import re
from dataclasses import dataclass
from html import escape
from typing import Final

_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*([\w+#.-]*)")
_HEADER: Final = re.compile(r" {0,3}(#{1,6})[ \t]+(?=\S)")
_BULLET: Final = re.compile(r"([ \t]*)[-*+][ \t]+(?=\S)")
_NUMBER: Final = re.compile(r"([ \t]*)(\d{1,9})[.)][ \t]+(?=\S)")
_QUOTE: Final = re.compile(r" {0,3}> ?")
_RULE: Final = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_TABLE: Final = re.compile(r"[ \t]*\|.*\|[ \t]*$")
_NESTED: Final = 2  # columns of indentation

_CODE: Final = re.compile(r"(`{1,3})([^`\n]+)\1")
_STRONG: Final = re.compile(r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*|(?<![\w_])__(?=\S)([^_\n]+?)(?<=\S)__(?![\w_])")
_EMPHASIS: Final = re.compile(r"\*(?=\S)([^*\n]+?)(?<=\S)\*|(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])")
_LINK: Final = re.compile(r"(?<!!)\[([^\[\]\n]{1,300})\]\(([^()\s]{1,500})\)")

# The page has the levels 1 and 2 already. Models skip levels as they like, so every heading of an answer gets the
# next one: whoever hears the page finds no hole in its outline.
_LEVEL: Final = 3


@dataclass(frozen=True, slots=True)
class _Item:
    text: str
    nested: bool


def cut_into_blocks(text: str) -> list[str]:
    """Return the paragraphs, lists and blocks of code of a text, in order.

    Adding to the end of a text changes nothing but its last block and what follows it.
    """
    blocks: list[list[str]] = []
    fence = ""
    starts_anew = True
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        found = _FENCE.match(line)
        if fence:
            blocks[-1].append(line)
            if found and found[1].startswith(fence) and not line[found.end() :].strip():
                fence, starts_anew = "", True
        elif found:
            fence = found[1]
            blocks.append([line])
        elif not line.strip():
            starts_anew = True
        elif starts_anew or _HEADER.match(line):
            blocks.append([line])
            starts_anew = bool(_HEADER.match(line))
        else:
            blocks[-1].append(line)
    return ["\n".join(block) for block in blocks]


def block_to_html(block: str) -> str:
    """Return one block as HTML; each says ``dir="auto"``, since an answer may change its direction."""
    lines = block.split("\n")
    first = lines[0]
    if fence := _FENCE.match(first):
        return _code(lines, fence[1])
    if header := _HEADER.match(first):
        words = first[header.end() :].rstrip().rstrip("#").rstrip()
        return f'<h{_LEVEL} dir="auto">{_inline(words)}</h{_LEVEL}>'
    if _RULE.match(first) and len(lines) == 1:
        return "<hr>"
    if _QUOTE.match(first):
        return f'<blockquote dir="auto">{_lines([_QUOTE.sub("", line, count=1) for line in lines])}</blockquote>'
    if all(_TABLE.match(line) for line in lines):
        return f'<pre tabindex="0">{escape(block)}</pre>'
    return _paragraph_and_list(lines)


def to_html(text: str) -> str:
    """Return a whole answer as HTML."""
    return "\n".join(block_to_html(block) for block in cut_into_blocks(text))


def _code(lines: list[str], fence: str) -> str:
    # A long line scrolls, and whoever has no mouse must reach it.
    body = lines[1:]
    if body and body[-1].strip().startswith(fence):
        body = body[:-1]
    return f'<pre dir="ltr" tabindex="0"><code>{escape(chr(10).join(body))}</code></pre>'


def _paragraph_and_list(lines: list[str]) -> str:
    """Return text, a list, or text that leads to a list without an empty line between, as many models write."""
    start = next((place for place, line in enumerate(lines) if _BULLET.match(line) or _NUMBER.match(line)), len(lines))
    html = f'<p dir="auto">{_lines(lines[:start])}</p>' if start else ""
    return html + _list(lines[start:]) if start < len(lines) else html


def _list(lines: list[str]) -> str:
    number = _NUMBER.match(lines[0])
    items: list[_Item] = []
    for line in lines:
        mark = _BULLET.match(line) or _NUMBER.match(line)
        if mark:
            items.append(_Item(line[mark.end() :], len(mark[1].expandtabs(4)) >= _NESTED and bool(items)))
        else:
            items[-1] = _Item(f"{items[-1].text}\n{line.strip()}", items[-1].nested)
    tag, start = ("ol", f' start="{int(number[2])}"' if int(number[2]) != 1 else "") if number else ("ul", "")
    html: list[str] = []
    inner = False
    for item in items:
        if item.nested and not inner:
            html[-1] = html[-1].removesuffix("</li>") + "<ul>"
        if inner and not item.nested:
            html.append("</ul></li>")
        inner = item.nested
        html.append(f"<li>{_lines(item.text.split(chr(10)))}</li>")
    if inner:
        html.append("</ul></li>")
    return f'<{tag}{start} dir="auto">{"".join(html)}</{tag}>'


def _lines(lines: list[str]) -> str:
    return "<br>".join(_inline(line.strip()) for line in lines)


def _inline(text: str) -> str:
    """Return a line with its emphasis; what stands in backticks stays as it is."""
    parts, end = [], 0
    for code in _CODE.finditer(text):
        parts += [_emphasis(text[end : code.start()]), f"<code>{escape(code[2].strip())}</code>"]
        end = code.end()
    return "".join([*parts, _emphasis(text[end:])])


def _emphasis(text: str) -> str:
    html = escape(text, quote=False)
    html = _LINK.sub(r"\1 (\2)", html)
    html = _STRONG.sub(lambda found: f"<strong>{found[1] or found[2]}</strong>", html)
    return _EMPHASIS.sub(lambda found: f"<em>{found[1] or found[2]}</em>", html)
