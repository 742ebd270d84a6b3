"""A session is named by its browser and its system."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.web.domain.browsers import browser_and_system

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT} Chrome/140.0.0.0 Safari/537.36", ("Chrome", "Linux")),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/140.0 Safari/537.36 Edg/140.0",
            ("Edge", "Windows"),
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15.0; rv:143.0) Gecko/20100101 Firefox/143.0", ("Firefox", "macOS")),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1",
            ("Safari", "iPhone"),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 15) {_WEBKIT} SamsungBrowser/28 Chrome/130 Safari",
            ("Samsung Internet", "Android"),
        ),
        ("curl/8.5.0", ("", "")),
        ("", ("", "")),
    ],
)
def test_browsers_that_claim_to_be_others_are_named_by_what_they_are(said: str, named: tuple[str, str]) -> None:
    assert browser_and_system(said) == named


@given(st.text())
def test_whatever_a_browser_says_gets_an_answer(said: str) -> None:
    assert all(isinstance(name, str) for name in browser_and_system(said))
