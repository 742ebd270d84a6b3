"""Noticing answers that say who wrote them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.battles.domain.identity import named_in, telling_names

NAMES = ["Aurora 4", "Northlight"]


@pytest.mark.parametrize(
    "text",
    [
        "I am Aurora 4.",
        "as AURORA-4 I cannot",
        "Aurora\u00a04",
        "Au\u200brora\u20114",
        "Trained by Northlight, a company.",
        "私はAurora 4です。",
        "أنا Aurora 4 من Northlight",
        "मैं Northlight द्वारा विकसित हूँ",
        "\uff21urora_4 sagt",
        "NÖRTHLIGHT",
    ],
)
def test_a_name_gives_away_however_it_is_written(text: str) -> None:
    assert named_in(text, names=NAMES) in NAMES


@pytest.mark.parametrize(
    "text", ["Aurora 40 is a tram.", "The aurora shines at 4 o'clock.", "Northlights dance.", "", "4"]
)
def test_other_words_give_nothing_away(text: str) -> None:
    assert named_in(text, names=NAMES) is None


def test_a_name_in_an_indic_script_is_a_whole_word_with_its_vowel_signs() -> None:
    assert named_in("यह किरण मॉडल है", names=["किरण"]) == "किरण"
    assert named_in("यह किरणें हैं", names=["किरण"]) is None


def test_a_question_that_uses_the_name_may_be_answered_with_it() -> None:
    prompt = "When was the magazine Northlight founded?"
    assert named_in("Northlight was founded in 1893.", names=NAMES, prompt=prompt) is None
    assert named_in("Northlight is a magazine. I was made by Northlight, too.", names=NAMES, prompt=prompt)
    assert named_in("Soy un modelo de Northlight.", names=NAMES, prompt=prompt)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_name_between_spaces_is_always_found(before: str, after: str) -> None:
    assert named_in(f"{before} \nNorthlight\n {after}", names=["Northlight"]) == "Northlight"


def test_no_text_takes_long() -> None:
    started = time.perf_counter()
    named_in("Northlight " * 6_000, names=NAMES, prompt="Northlight")
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    ("remote_name", "tells"),
    [
        ("labs/tamarind-70b", "tamarind-70b"),
        ("aurora-4-0914", "aurora-4-0914"),
        ("models/latest", None),
        ("aurora-4/0.82", None),
        ("", None),
    ],
)
def test_the_providers_own_name_tells_as_well(remote_name: str, tells: str | None) -> None:
    assert telling_names("Aurora 4", "Northlight", remote_name)[2:] == (() if tells is None else (tells,))
