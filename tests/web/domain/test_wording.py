"""Numbers, times and codes are worded as the reader's language words them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from apps.web.domain import wording

NOON = datetime(2026, 9, 14, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "1,234,567.8"), ("de", "1.234.567,8"), ("pt-br", "1.234.567,8"), ("ar", "1,234,567.8")],
)
def test_digits_are_grouped_as_in_the_language(language: str, expected: str) -> None:
    assert wording.number(1_234_567.84, language=language, decimals=1) == expected


def test_a_loss_has_a_true_minus_and_a_gain_a_plus() -> None:
    assert wording.signed(-3, language="en") == "\N{MINUS SIGN}3"
    assert wording.signed(14.26, language="en", decimals=1) == "+14.3"


def test_what_rounds_to_nothing_has_no_sign() -> None:
    assert wording.signed(-0.001, language="en", decimals=1) == "0.0"
    assert wording.signed(0.001, language="en", decimals=1) == "0.0"


def test_shares_keep_the_decimals_asked_for() -> None:
    assert wording.percent(0.1, language="en") == "10%"
    assert wording.percent(0.1, language="en", decimals=1) == "10.0%"
    assert wording.percent(0.1234, language="de", decimals=1) == "12,3\N{NO-BREAK SPACE}%"


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(hours=41, minutes=12), "41 hr 12 min"),
        (timedelta(hours=72), "72 hr"),
        (timedelta(days=61, hours=2), "61 days 2 hr"),
        (timedelta(seconds=40), "40 sec"),
        (timedelta(0), "0 sec"),
        (timedelta(minutes=-5), "5 min"),
    ],
)
def test_lengths_of_time_have_two_units_at_most(length: timedelta, expected: str) -> None:
    assert wording.span(length, language="en").replace("\N{NO-BREAK SPACE}", " ") == expected


def test_a_moment_in_another_zone_is_worded_in_utc() -> None:
    in_kathmandu = NOON.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert wording.day_and_time(in_kathmandu, language="en") == "14 Sept 2026, 12:00 UTC"


def test_how_long_ago_knows_the_direction() -> None:
    assert wording.ago(NOON - timedelta(hours=3), now=NOON, language="en") == "3 hours ago"
    assert wording.ago(NOON + timedelta(days=2), now=NOON, language="fr") == "dans 2 jours"


def test_codes_become_names_and_unknown_codes_stay() -> None:
    assert wording.language_name("pt", language="en") == "Portuguese"
    assert wording.language_name("pt", language="fr") == "Portugais"
    assert wording.language_name("x-none", language="en") == "x-none"
    assert wording.country_name("br", language="de") == "Brasilien"
    assert wording.country_name("ZZZ", language="de") == "ZZZ"


def test_a_language_without_data_reads_as_english() -> None:
    assert wording.number(1000, language="tlh") == "1,000"
