"""The look's tags and filters: intervals and bars as inline SVG, numbers, times, names of codes, comparisons."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from django import template
from django.forms import BoundField
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from apps.web.domain import wording
from apps.web.domain.axis import Axis
from apps.web.domain.difference import Line, compare
from apps.web.domain.wording import Number

register = template.Library()

# What stands where a value is missing: an empty cell could be a mistake, a dash is a statement.
_MISSING = "\N{EN DASH}"


def _language() -> str:
    return get_language() or "en"


# --- Numbers ---


@register.filter
def number(value: Number | None, decimals: int = 0) -> str:
    """Word a number in the reader's language with exactly `decimals` decimals; None is a dash."""
    return _MISSING if value is None else wording.number(value, language=_language(), decimals=decimals)


@register.filter
def signed(value: Number | None, decimals: int = 0) -> str:
    """Word a change with its sign; None is a dash."""
    return _MISSING if value is None else wording.signed(value, language=_language(), decimals=decimals)


@register.filter
def margin(half_width: Number | None) -> str:
    """Word half the width of an interval for the place beside its middle; None is nothing at all."""
    return "" if half_width is None else f"±{wording.number(half_width, language=_language())}"


@register.filter
def percent(share: Number | None, decimals: int = 0) -> str:
    """Word a share between 0 and 1 as a percentage; None is a dash."""
    return _MISSING if share is None else wording.percent(share, language=_language(), decimals=decimals)


@register.filter
def share(hundredths: Decimal | None) -> str:
    """Word a share that is stored in per cent with the decimals that it needs: 100%, 12.5%. None is a dash."""
    if hundredths is None:
        return _MISSING
    decimals = max(0, -int(Decimal(hundredths).normalize().as_tuple().exponent))
    return wording.percent(Decimal(hundredths) / 100, language=_language(), decimals=decimals)


@register.filter
def trim(text: str) -> str:
    """Drop white space around a slot's content, which would show where line breaks are kept."""
    return SafeString(text.strip()) if isinstance(text, SafeString) else text.strip()


_JOINTS = re.compile(r"(?<=[._:/])(?=[^._:/])")


@register.filter
def jointed(name: str) -> SafeString:
    """Let the name of an event or a witness break after its dots and strokes, where its line is too short for it."""
    return format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in _JOINTS.split(name)))


@register.filter
def short_hash(value: str) -> str:
    """Shorten a hash to its first and last four characters; what is short already stays whole."""
    longest_whole = 13
    return value if len(value) <= longest_whole else f"{value[:4]}…{value[-4:]}"


# --- Times ---


@register.simple_tag
def when(moment: datetime | None, form: str = "time") -> SafeString | str:
    """Write an aware moment as `<time>` in UTC; `form` is "time", "date" or "ago". None is a dash.

    The page's script turns what is marked with `data-local` to the reader's zone; the title keeps UTC.
    """
    if moment is None:
        return _MISSING
    language = _language()
    in_full = wording.day_and_time(moment, language=language)
    match form:
        case "time":
            shown = in_full
        case "date":
            shown = wording.day(moment, language=language)
        case "ago":
            shown = wording.ago(moment, now=timezone.now(), language=language)
        case _:
            raise template.TemplateSyntaxError(f"A moment is written as time, date or ago, not as {form!r}.")
    machine = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return format_html('<time datetime="{}" title="{}" data-local="{}">{}</time>', machine, in_full, form, shown)


@register.filter
def day(which: date | str | None) -> str:
    """Word a day without a time, a date or its ISO form, in the reader's language; what is no day stays as it is."""
    if not which:
        return _MISSING
    try:
        found = datetime.fromisoformat(str(which)).replace(tzinfo=UTC)
    except ValueError:
        return str(which)
    return wording.day(found, language=_language())


@register.filter
def span(delta: timedelta | None) -> str:
    """Word a length of time by its two largest units; None is a dash."""
    return _MISSING if delta is None else wording.span(delta, language=_language())


# --- Codes ---


@register.filter
def language(code: str) -> str:
    """Name the language of a code in the reader's language."""
    return wording.language_name(code, language=_language())


@register.filter
def country(code: str) -> str:
    """Name the country of a code in the reader's language."""
    return wording.country_name(code, language=_language())


@register.filter
def at(mapping: Any, key: Any) -> Any:
    """Look `key` up in a mapping; what is not there, or no mapping at all, is the empty text."""
    try:
        return mapping[key]
    except (KeyError, IndexError, TypeError):
        return ""


# --- Intervals on a common axis ---


def _read(row: Any, name: str) -> float | None:
    value = row[name] if isinstance(row, dict) else getattr(row, name)
    # An end that is not finite would flatten every other interval to a dot; it counts as not known.
    return None if value is None or not isfinite(value) else float(value)


@register.simple_tag
def axis_of(rows: Iterable[Any], lower: str = "lower", upper: str = "upper", *, band: bool = True) -> Axis:
    """Fit an axis to the intervals of `rows`, whose ends are read by the attributes (or keys) named.

    The first row that has an interval gives the band that is shaded behind all, unless `band` is False.
    """
    read = [(_read(row, lower), _read(row, upper)) for row in rows]
    found = [(low, high) for low, high in read if low is not None and high is not None]
    return Axis.fitting([end for pair in found for end in pair], band=found[0] if band and found else None)


@register.simple_tag
def axis(lowest: float, highest: float) -> Axis:
    """Fit an axis to two numbers."""
    return Axis.fitting([float(lowest), float(highest)])


def _share(axis: Axis, value: float) -> str:
    # A plain string, because Django would write the decimal point in the reader's language.
    return f"{axis.share(value):.3f}%"


def _grid(axis: Axis) -> SafeString:
    shaded = SafeString("")
    if axis.band is not None:
        low, high = axis.band
        width = f"{axis.share(high) - axis.share(low):.3f}%"
        shaded = format_html('<rect class="iv-band" x="{}" width="{}" y="0" height="100%"/>', _share(axis, low), width)
    return shaded + format_html_join(
        "",
        '<line class="iv-grid" x1="{0}" x2="{0}" y1="0" y2="100%"/>',
        ((_share(axis, tick),) for tick in axis.ticks),
    )


@register.simple_tag
def interval(axis: Axis, lower: float | None, point: float | None, upper: float | None) -> SafeString:
    """Draw one interval with its point and the grid behind it; an end that is missing or not finite leaves the grid."""
    grid = _grid(axis)
    if lower is None or point is None or upper is None or not (isfinite(lower) and isfinite(upper)):
        return format_html('<svg class="iv-row" aria-hidden="true">{}</svg>', grid)
    ends = {"lower": number(lower, axis.decimals), "upper": number(upper, axis.decimals)}
    return format_html(
        '<svg class="iv-row" role="img" aria-label="{}">{}<g class="iv-mark">'
        '<line class="iv-line" x1="{}" x2="{}" y1="0" y2="0"/><line class="iv-point" x1="{}" x2="{}" y1="-8" y2="8"/>'
        "</g></svg>",
        gettext("%(lower)s to %(upper)s") % ends,
        grid,
        _share(axis, lower),
        _share(axis, upper),
        _share(axis, point),
        _share(axis, point),
    )


@register.simple_tag
def interval_axis(axis: Axis) -> SafeString:
    """Draw the ticks of an axis with their numbers, for the head of a column of intervals."""
    labels = format_html_join(
        "",
        '<text class="iv-tick" x="{}" y="1em">{}</text><line class="iv-grid" x1="{}" x2="{}" y1="75%" y2="100%"/>',
        (
            (_share(axis, tick), number(tick, axis.decimals), _share(axis, tick), _share(axis, tick))
            for tick in axis.ticks
        ),
    )
    return format_html('<svg class="iv-axis" aria-hidden="true">{}</svg>', labels)


@register.simple_tag
def bar(value: float, greatest: float) -> SafeString:
    """Draw the length of a count within its row, in proportion to the greatest of the column."""
    share = 0.0 if greatest <= 0 else min(100.0, max(0.0, 100.0 * float(value) / float(greatest)))
    # One vote among a million must still be seen to be there: two pixels are the least that is drawn.
    width = "0" if share <= 0 else "2" if share < 1 else f"{share:.3f}%"
    return format_html(
        '<svg class="bar-row" aria-hidden="true"><line x1="0" x2="100%" y1="100%" y2="100%"/>'
        '<rect width="{}" height="100%"/></svg>',
        width,
    )


# --- Texts and addresses ---


@register.simple_tag
def diff(old: str, new: str) -> tuple[Line, ...]:
    """Compare two texts line by line, for `<c-diff>`."""
    return compare(old, new)


@register.simple_tag(takes_context=True)
def sort_state(context: Context, key: str) -> dict[str, str]:
    """Say how a column is sorted now (`aria`) and what its link asks for next (`next`): ascending, then descending."""
    request = context.get("request")
    now = request.GET.get("sort", "") if request is not None else ""
    if now == key:
        return {"aria": "ascending", "next": f"-{key}"}
    return {"aria": "descending" if now == f"-{key}" else "", "next": key}


@register.simple_tag(takes_context=True)
def is_current(context: Context, href: str) -> bool:
    """Say whether a link leads to the page that is being shown, whatever its query says."""
    request = context.get("request")
    return request is not None and href.partition("?")[0].partition("#")[0] == request.path


@register.simple_tag(takes_context=True)
def kept(context: Context, names: str) -> list[tuple[str, str]]:
    """Return the parts of the present address that a form must carry along: pairs for the names given."""
    request = context.get("request")
    if request is None:
        return []
    return [(name, value) for name in names.split() for value in request.GET.getlist(name)]


# --- Forms ---

# Text in any script goes into these; a password or an address keeps the direction of its own.
_WRITTEN_BY_PEOPLE = frozenset({"text", "search", None})


def _description_ids(field: BoundField, hint: str) -> str:
    ids = [f"{field.auto_id}_helptext"] if hint else []
    if field.errors:
        ids.append(f"{field.auto_id}_error")
    return " ".join(ids)


@register.simple_tag
def widget(field: BoundField, hint: str = "", *, placeholder: bool = True) -> SafeString:
    """Draw a field's widget, tied to its hint and its errors; free text finds its own direction."""
    attrs: dict[str, Any] = {} if placeholder else {"placeholder": ""}
    if described := _description_ids(field, hint):
        attrs["aria-describedby"] = described
    if getattr(field.field.widget, "input_type", None) in _WRITTEN_BY_PEOPLE:
        attrs["dir"] = "auto"
    return field.as_widget(attrs=attrs)


@register.simple_tag
def describe(field: BoundField, hint: str = "") -> SafeString:
    """Write the attribute that ties a fieldset to its hint and its errors, or nothing."""
    described = _description_ids(field, hint)
    return format_html('aria-describedby="{}"', described) if described else SafeString("")


@register.simple_tag
def vote_choices(choices: Iterable[tuple[str, str]] | None = None) -> list[tuple[str, str]]:
    """Return the pairs of value and label that a voter chooses among; without any given, the usual four."""
    return list(
        choices
        or [
            ("left", gettext("A is better")),
            ("right", gettext("B is better")),
            ("both_good", gettext("Both good")),
            ("both_bad", gettext("Both bad")),
        ]
    )


@register.simple_tag
def button_kind(tags: Iterable[str] | None, href: str | None = None) -> str:
    """Translate the tags that allauth gives its buttons into a kind of ours; a plain submit is the primary one."""
    found = frozenset(tags or ())
    if found & {"danger", "delete"}:
        return "danger"
    if found & {"link", "cancel", "minor"}:
        return "quiet"
    if found & {"outline", "secondary", "panel", "tool"} or href:
        return ""
    return "primary"
