"""Everybody can read these pages: in the light and the dark, from right to left, large, small, and without script."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from tests.browser import LivePlatform, screenshot

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = {"kit": "/kit/", "sign-in": "/accounts/login/", "sign-up": "/accounts/signup/", "code": "/accounts/login/code/"}
# A window of 1440 pixels at 200 % is 720 wide; 320 is the narrowest that must do without sideways scrolling.
WAYS_TO_READ = [("light", 1440, "en"), ("dark", 720, "en"), ("light", 320, "de"), ("dark", 360, "ar")]


def _complaints_of(page: Page) -> list[str]:
    """Gather what the page says on its console: the content policy and broken script speak there."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text))
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.mark.journey
@pytest.mark.runs("web")
def test_everybody_can_read_the_kit_and_sign_in(
    live_platform: LivePlatform, visit: Callable[..., BrowserContext]
) -> None:
    for scheme, width, language in WAYS_TO_READ:
        context = visit(color_scheme=scheme, viewport={"width": width, "height": 900})
        context.add_cookies([{"name": "django_language", "value": language, "url": live_platform.address}])
        page = context.new_page()
        complaints = _complaints_of(page)
        for name, path in PAGES.items():
            answer = page.goto(live_platform.url(path))
            assert answer is not None
            assert answer.ok, live_platform.log_of("web")
            found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
            assert not found, (name, scheme, width, language, [(one["id"], one["nodes"][0]["html"]) for one in found])
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width, language)
            screenshot(page, f"{name}-{scheme}-{width}-{language}")
        assert complaints == []


@pytest.mark.journey
@pytest.mark.runs("web")
def test_the_frame_works_without_script(live_platform: LivePlatform, visit: Callable[..., BrowserContext]) -> None:
    page = visit(java_script_enabled=False, viewport={"width": 360, "height": 800}).new_page()
    page.goto(live_platform.url("/kit/"))
    page.locator("details.menu > summary").click()
    assert page.locator("details.menu nav a").first.is_visible()
    page.locator("button[name=theme][value=dark]").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.locator("select[name=language]").last.select_option("ar")
    page.locator("form", has=page.locator("#reading-language")).locator("button").click()
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert page.url.endswith("/kit/")
