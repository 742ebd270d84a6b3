"""How numbers, lengths of time, dates and codes are worded in a language: CLDR through Babel, nothing of our own."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, format_timedelta
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

Number = int | float | Decimal

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@lru_cache(maxsize=32)
def locale_of(language: str) -> Locale:
    """Return the CLDR locale of one of Django's language codes (`pt-br`); what is unknown reads as English."""
    # Plain English stands for the international form: the day before the month, a clock of 24 hours.
    try:
        return Locale.parse("en-GB" if language == "en" else language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en", "GB")


def number(value: Number, *, language: str, decimals: int = 0) -> str:
    """Group the digits of `value` and keep exactly `decimals` of them after the point."""
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return format_decimal(value, format=pattern, locale=locale_of(language)).replace("-", "\N{MINUS SIGN}")


def signed(value: Number, *, language: str, decimals: int = 0) -> str:
    """Word a change: a plus or a true minus before the digits, neither before zero."""
    worded = number(value, language=language, decimals=decimals)
    is_zero = not any(digit in worded for digit in "123456789")
    if is_zero:
        return worded.replace("\N{MINUS SIGN}", "")
    return f"+{worded}" if value > 0 else worded


def percent(share: Number, *, language: str, decimals: int = 0) -> str:
    """Word a share between 0 and 1 as a percentage with exactly `decimals` decimals."""
    locale = locale_of(language)
    standard = str(locale.percent_formats[None].pattern)
    pattern = standard.replace("#,##0", "#,##0" + ("." + "0" * decimals if decimals else ""))
    return format_percent(share, format=pattern, locale=locale).replace("-", "\N{MINUS SIGN}")


def span(delta: timedelta, *, language: str) -> str:
    """Word a length of time by its two largest units: days and hours, hours and minutes, minutes, or seconds.

    Up to four days are worded in hours ("41 hr 12 min"), because the clocks of the rulebook run in hours.
    """
    seconds = int(abs(delta).total_seconds())
    if seconds < _MINUTE:
        parts = [(seconds, "duration-second")]
    elif seconds < _HOUR:
        parts = [(seconds // _MINUTE, "duration-minute")]
    elif seconds < 4 * _DAY:
        parts = [(seconds // _HOUR, "duration-hour"), (seconds % _HOUR // _MINUTE, "duration-minute")]
    else:
        parts = [(seconds // _DAY, "duration-day"), (seconds % _DAY // _HOUR, "duration-hour")]
    # British English shortens hours to "hrs"; the plain one's "hr" reads better beside a figure.
    locale = Locale("en") if language == "en" else locale_of(language)
    worded = [
        format_unit(count, unit, length="short", locale=locale)
        for index, (count, unit) in enumerate(parts)
        if count or index == 0
    ]
    return "\N{NO-BREAK SPACE}".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in worded)


def day(moment: datetime, *, language: str) -> str:
    """Word the date of an aware moment in UTC."""
    return format_date(moment.astimezone(UTC), format="medium", locale=locale_of(language))


def day_and_time(moment: datetime, *, language: str) -> str:
    """Word date and time of an aware moment in UTC, to the minute, and name the zone."""
    utc = moment.astimezone(UTC)
    locale = locale_of(language)
    return f"{day(utc, language=language)}, {format_time(utc, format='short', locale=locale)} UTC"


def ago(moment: datetime, *, now: datetime, language: str) -> str:
    """Word how long before or after `now` an aware moment lies ("3 hours ago", "in 2 days")."""
    return format_timedelta(moment - now, add_direction=True, threshold=1.2, locale=locale_of(language))


def language_name(code: str, *, language: str) -> str:
    """Name the language of a BCP 47 code in the reader's language; an unknown code stays as it is."""
    try:
        named = Locale.parse(code, sep="-").get_display_name(locale_of(language))
    except (UnknownLocaleError, ValueError):
        return code
    return named[:1].upper() + named[1:] if named else code


def country_name(code: str, *, language: str) -> str:
    """Name the country of an ISO 3166 alpha-2 code in the reader's language; an unknown code stays as it is."""
    return str(locale_of(language).territories.get(code.upper(), code))
