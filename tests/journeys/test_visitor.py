"""A visitor's story: the board, one audience, without style control, what is not on the list, and the same as CSV."""

import csv
import io
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser import LivePlatform, screenshot

pytestmark = [pytest.mark.journey, pytest.mark.runs("web"), pytest.mark.usefixtures("demo_network")]


def test_a_visitor_reads_the_boards(live_platform: LivePlatform, visit: Callable[..., BrowserContext]) -> None:
    page = visit(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(live_platform.url("/"))
    rows = page.locator(".ranking tbody tr")
    everybody = rows.count()
    assert everybody >= 10
    assert page.locator(".ranking tbody svg").count() == everybody
    screenshot(page, "visitor-leaderboard")

    with page.expect_download() as got:
        page.get_by_role("link", name="CSV").click()
    table = list(csv.DictReader(io.StringIO(got.value.path().read_text(encoding="utf-8"))))
    assert [line["model"] for line in table] == [
        name.strip() for name in rows.locator("th.who > bdi, th.who > a > bdi").all_inner_texts()
    ]

    page.get_by_role("link", name="Style control on").click()
    page.wait_for_url("**style=off**")
    expect(page.get_by_role("link", name="Style control off")).to_be_visible()
    assert rows.count() >= 10
    screenshot(page, "visitor-style-off")

    page.goto(live_platform.url("/"))
    languages = page.locator("select[name=language]").first
    language, country = (
        page.locator(f".toolbar select[name={name}] option").nth(1).get_attribute("value")
        for name in ("language", "country")
    )
    assert languages.count() == 1
    assert language
    assert country
    page.locator(".toolbar select[name=language]").select_option(language)
    page.wait_for_url(re.compile(f"language={language}"))
    screenshot(page, "visitor-one-language")
    expect(page.locator(".toolbar select[name=language]")).to_have_value(language)

    page.locator(".toolbar select[name=country]").select_option(country)
    page.wait_for_url(re.compile(f"country={country}"))
    expect(page.locator("main")).to_contain_text("This combination is not on the list")
    assert rows.count() == 0
    screenshot(page, "visitor-not-on-the-list")
    answer = page.request.get(live_platform.url(f"/leaderboard.csv?language={language}&country={country}"))
    assert answer.status == 404

    for name, path in {"methodology": "/methodology/", "live": "/releases/live/", "register": "/register/"}.items():
        shown = page.goto(live_platform.url(path))
        assert shown is not None
        assert shown.ok, live_platform.log_of("web")
        screenshot(page, f"visitor-{name}")
