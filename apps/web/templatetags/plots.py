"""The tag that draws lines over time as inline SVG, by attributes alone."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from apps.web.domain import wording
from apps.web.domain.plotting import HEIGHT, Mark, Plot, Point, plot_of

register = template.Library()

_MARKS: Final = re.compile("[\u200e\u200f\u061c]")


@register.simple_tag
def lines_over_time(series: Sequence[Sequence[Point]], description: str) -> SafeString:
    """Draw series of points on one scale; the first is a full line with points, the second dashed with rings.

    The drawing has ``description`` for who cannot see it; its numbers stand in a table beside it.
    """
    plot = plot_of(series)
    return format_html(
        '<svg class="plot" role="img" aria-label="{}" height="{}">{}{}</svg>',
        description,
        HEIGHT,
        _frame(plot),
        format_html_join(
            "", '<g class="plot-{}">{}</g>', ((place, _line(marks, place)) for place, marks in enumerate(plot.series))
        ),
    )


def _frame(plot: Plot) -> SafeString:
    language = get_language() or "en"
    ticks = format_html_join(
        "",
        '<line class="iv-grid" x1="11%" x2="100%" y1="{0}" y2="{0}"/><text class="plot-tick" x="0" y="{1}">{2}</text>',
        ((_short(y), _short(y + 4), wording.number(value, language=language)) for value, y in plot.ticks),
    )
    if plot.ends is None:
        return ticks
    # The drawing runs from left to right in every language, and marks of direction would tear its dates apart.
    first, last = (_MARKS.sub("", wording.day(moment, language=language)) for moment in plot.ends)
    days = format_html('<text class="plot-tick plot-last" x="100%" y="{}">{}</text>', HEIGHT - 6, last)
    if first != last:
        days += format_html('<text class="plot-tick" x="11%" y="{}">{}</text>', HEIGHT - 6, first)
    return ticks + days


def _line(marks: Sequence[Mark], place: int) -> SafeString:
    ring = '<circle class="plot-ring" cx="{}%" cy="{}" r="4"/>'
    return (
        format_html_join("", '<line class="plot-reach" x1="{}%" x2="{}%" y1="{}" y2="{}"/>', _reaches(marks))
        + format_html_join("", '<line class="plot-line" x1="{}%" x2="{}%" y1="{}" y2="{}"/>', _strokes(marks))
        + format_html_join(
            "",
            ring if place else '<circle cx="{}%" cy="{}" r="3"/>',
            ((_short(mark.x), _short(mark.y)) for mark in marks),
        )
    )


def _reaches(marks: Sequence[Mark]) -> Iterator[tuple[str, str, str, str]]:
    for mark in marks:
        if mark.low is not None and mark.high is not None:
            yield _short(mark.x), _short(mark.x), _short(mark.low), _short(mark.high)


def _strokes(marks: Sequence[Mark]) -> Iterator[tuple[str, str, str, str]]:
    for one, other in pairwise(marks):
        yield _short(one.x), _short(other.x), _short(one.y), _short(other.y)


def _short(number: float) -> str:
    # A plain string, because Django would write the decimal point in the reader's language.
    return f"{number:.2f}"
