"""A visitor asks for Portuguese speakers over fifty, then for too much, and reads the pages around the board."""

import re
from collections.abc import Callable
from typing import Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, expect

from tests.browser import LivePlatform, screenshot
from tests.journeys.test_everybody_can_read import NARROWEST, WAYS
from tests.journeys.test_the_look import RULES
from tests.web.planted import plant_board, plant_boards

pytestmark = [pytest.mark.journey, pytest.mark.runs("web")]

PAGES: Final = (
    "/", "/?language=pt&style=off", "/?target=population", "/?country=BR&language=pt", "/snapshots/",
    "/models/alder/?style=off", "/compare/?a=alder&b=birch&style=off", "/coverage/", "/methodology/?ties=drop",
)  # fmt: skip


def test_portuguese_speakers_over_fifty_and_a_third_filter(
    live_platform: LivePlatform, visit: Callable[..., BrowserContext]
) -> None:
    latest, models = plant_boards()
    plant_board(latest, models, segment="language=pt,age_band=65+", votes=200, contributors=20)
    page = visit(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(live_platform.url("/"))
    filters = page.locator(".toolbar")
    filters.locator("select[name=language]").select_option(label="Portuguese")
    page.wait_for_url(re.compile("language=pt"))
    filters.locator("select[name=age_band]").select_option(label="55 to 64")
    page.wait_for_url(re.compile("age_band=55-64"))
    expect(page.locator("main")).to_contain_text("Too few people have voted here")
    screenshot(page, "filters-why-not")
    filters.locator("select[name=age_band]").select_option(label="65 or older")
    page.wait_for_url(re.compile(r"age_band=65"))
    expect(page.locator("h1")).to_have_text("Portuguese, 65 or older: Alder leads")
    expect(page.locator(".ranking tbody tr")).to_have_count(len(models))
    screenshot(page, "filters-a-pair")
    filters.locator("select[name=country]").select_option(label="Brazil")
    page.wait_for_url(re.compile("country=BR"))
    expect(page.locator("main")).to_contain_text("This combination is not on the list")
    expect(page.locator("main")).to_contain_text("language + age band")
    expect(page.locator(".ranking")).to_have_count(0)
    screenshot(page, "filters-a-third")


def test_everybody_can_read_the_pages_around_the_board(
    live_platform: LivePlatform, visit: Callable[..., BrowserContext]
) -> None:
    plant_boards()
    page = visit(viewport={"width": 1440, "height": 900}).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    wrong = []
    for turn, address in enumerate(PAGES):
        scheme, width, language = WAYS[turn % len(WAYS)]
        page.context.add_cookies([{"name": "django_language", "value": language, "url": live_platform.address}])
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        answer = page.goto(live_platform.url(address), wait_until="domcontentloaded")
        assert answer is not None
        assert answer.ok, live_platform.log_of("web")
        page.evaluate("document.querySelectorAll('details.more').forEach(one => one.open = true)")
        found = Axe().run(page, "main", {"runOnly": RULES, "resultTypes": ["violations"]}).response["violations"]
        wrong += [(address, scheme, width, language, one["id"], one["nodes"][0]["html"][:200]) for one in found]
        screenshot(page, f"board-{turn}-{scheme}-{width}-{language}")
        page.set_viewport_size({"width": NARROWEST, "height": 800})
        if (needed := page.evaluate("document.documentElement.scrollWidth")) > NARROWEST:
            wrong.append((address, scheme, width, language, "is too wide", str(needed)))
    assert wrong == []
    assert said == []
