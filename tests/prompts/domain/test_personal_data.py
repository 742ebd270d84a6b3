"""Personal data: found by form and check digit, shown masked; numbers that are only numbers pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.prompts.domain.findings import masked
from apps.prompts.domain.personal_data import find_personal_data


@pytest.mark.parametrize(
    ("what", "country", "text", "fragment"),
    [
        ("email", "", "Write to maria.souza@prefeitura.gov.br today", "ma•••br"),
        ("email", "", "пишите на почта@пример.рф", "по•••рф"),
        ("telephone", "", "Call +49 30 901820 about the flat", "+4•••20"),
        ("telephone", "BR", "Ligue (11) 96123-4567 hoje", "(1•••67"),
        ("telephone", "FR", "Mon numéro est le 01 42 68 53 00", "01•••00"),
        ("card", "", "My card is 4539 1488 0343 6467, is it valid?", "45•••67"),
        ("account", "", "Transfer to DE89 3704 0044 0532 0130 00 AND THEN WAIT", "DE•••00"),
        ("identity_number_br", "BR", "CPF 390.533.447-05", "39•••05"),
        ("identity_number_us", "", "ssn: 536-90-4399", "53•••99"),
        ("identity_number_es", "", "Mi DNI es 54362315K.", "54•••5K"),
        ("identity_number_it", "", "RCCMNL83S18D969H", "RC•••9H"),
        ("identity_number_kr", "", "971013-9019902", "97•••02"),
        ("identity_number_in", "", "2341 2341 2346", "23•••46"),
    ],
)
def test_personal_data_is_found_and_masked(what: str, country: str, text: str, fragment: str) -> None:
    finding = find_personal_data(text, country=country)
    assert finding is not None, text
    assert finding.clause == "P2"
    assert finding.needs_review
    [found] = finding.evidence["found"]
    assert (found["what"], found["fragment"]) == (what, fragment)
    assert masked(text[found["start"] : found["end"]]) == fragment


@pytest.mark.parametrize(
    "text",
    [
        "Compute 1234567890 * 9876543210.",
        "Is 4539148803436468 prime?",
        "Sort these: 650 253 0000, 12, 7",
        "On 2024-12-31 at 10:20 the train left.",
        "pi is 3.14159265358979323846",
        "Write a mail to anna@example.org and ben@mail.test",
        "user@localhost runs cron",
        "The CPF 390.533.447-04 has a wrong digit",
        "SSN 000-12-3456 cannot exist",
        "Version 10.0.19045.3693, build 20231114",
        "ISBN 978-3-16-148410-0",
        "x = [100000000000, 200000000000, 300000000000]",
        "def f(a, b): return a@b",
        "",
    ],
)
def test_numbers_that_are_only_numbers_pass(text: str) -> None:
    assert find_personal_data(text, country="US") is None


def test_one_thing_is_found_once() -> None:
    finding = find_personal_data("4539 1488 0343 6467 and 4539 1488 0343 6467", country="US")
    assert finding is not None
    assert [found["what"] for found in finding.evidence["found"]] == ["card", "card"]


def test_a_country_nobody_knows_does_no_harm() -> None:
    assert find_personal_data("Nothing here", country="XX") is None


@given(st.text(max_size=300))
def test_no_text_breaks_the_search(text: str) -> None:
    finding = find_personal_data(text, country="BR")
    assert finding is None or all(
        0 <= found["start"] < found["end"] <= len(text) for found in finding.evidence["found"]
    )


@given(st.text(min_size=1, max_size=60))
def test_a_mask_shows_four_characters_at_most(fragment: str) -> None:
    shown = masked(fragment)
    assert len(shown) <= 7
    assert shown.count("•") >= min(3, len(fragment))
