"""A rule changes: Margaret proposes, past releases are judged again, Katherine adopts, everybody reads it."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests import services
from tests.browser import LivePlatform, screenshot, sign_in
from tests.journeys.steps import PATIENT
from tests.journeys.test_the_look import RULES

pytestmark = [pytest.mark.journey, pytest.mark.runs("web"), pytest.mark.usefixtures("demo_network")]
WAYS = [("light", 1440, "en"), ("dark", 360, "en"), ("light", 360, "ar"), ("dark", 768, "ar")]


def _signed_in(platform: LivePlatform, visit: Callable[..., BrowserContext], name: str) -> Page:
    page = visit(viewport={"width": 1280, "height": 900}).new_page()
    sign_in(page, platform, f"{name}@demo.example", services.demo_password())
    return page


def _readable(page: Page, platform: LivePlatform, turn: int, name: str, address: str) -> None:
    """Look at a page in one of the ways of reading, and at whether a telephone holds it."""
    scheme, width, language = WAYS[turn % len(WAYS)]
    page.context.add_cookies([{"name": "django_language", "value": language, "url": platform.address}])
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(platform.url(address), wait_until="domcontentloaded")
    found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]}).response["violations"]
    assert not found, (name, scheme, width, [(one["id"], one["nodes"][0]["html"]) for one in found])
    screenshot(page, f"rulebook-{name}")
    page.set_viewport_size({"width": 360, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
    page.context.add_cookies([{"name": "django_language", "value": "en", "url": platform.address}])
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})


@pytest.mark.timeout(420)
def test_two_people_change_a_rule_and_everybody_reads_it(
    live_platform: LivePlatform, visit: Callable[..., BrowserContext]
) -> None:
    margaret = _signed_in(live_platform, visit, "margaret")
    margaret.goto(live_platform.url("/rulebook/W1/"))
    margaret.get_by_role("link", name="Propose a change").click()
    margaret.get_by_label("Days since the last live event").fill("75")
    margaret.get_by_label("Why").fill("Seventy-five days, to begin with.")
    margaret.get_by_role("button", name="Look at what it would do").click()
    expect(margaret.locator("main")).to_contain_text("Holds at once", timeout=PATIENT)
    screenshot(margaret, "rulebook-look")
    margaret.get_by_role("button", name="Propose it").click()
    margaret.wait_for_url(re.compile(r"/rulebook/proposals/\d+/$"))
    margaret.get_by_role("button", name="Judge every past release").click()
    expect(margaret.locator("main")).to_contain_text("Every release that was sealed, refused or withdrawn")
    # Her own proposal has no button for her to adopt it with.
    assert margaret.get_by_role("link", name="Adopt it").count() == 0
    address = margaret.url.removeprefix(live_platform.address)

    katherine = _signed_in(live_platform, visit, "katherine")
    katherine.goto(live_platform.url(address))
    _readable(katherine, live_platform, 0, "proposal", address)
    _readable(katherine, live_platform, 1, "adopt", address + "adopt/")
    katherine.goto(live_platform.url(address))
    katherine.get_by_role("link", name="Adopt it").click()
    katherine.get_by_role("button", name="Adopt it").click()
    expect(katherine.locator("main")).to_contain_text("Adopted. The new version stands in the book.", timeout=PATIENT)

    visitor = visit(viewport={"width": 1280, "height": 900}).new_page()
    visitor.goto(live_platform.url("/rulebook/W1/"))
    expect(visitor.locator("main")).to_contain_text("60 → 75 (tightens)")
    pages = {
        "book": "/rulebook/",
        "versions": "/rulebook/versions/",
        "version": "/rulebook/versions/5/",
        "compare": "/rulebook/versions/compare/?a=1&b=5",
        "clause": "/rulebook/W1/",
    }
    for turn, (name, path) in enumerate(pages.items(), 2):
        _readable(visitor, live_platform, turn, name, path)

    barbara = _signed_in(live_platform, visit, "barbara")
    barbara.goto(live_platform.url("/releases/"))
    addresses = barbara.locator("#sealed a[href*='/releases/']")
    release = str(addresses.first.get_attribute("href"))
    _readable(barbara, live_platform, 1, "replay", release + "replay/?version=4")
    barbara.goto(live_platform.url("/releases/compare/"))
    one, other = [option.get_attribute("value") for option in barbara.locator("select[name=a] option").all()[:2]]
    _readable(barbara, live_platform, 2, "releases", f"/releases/compare/?a={one}&b={other}")
    _readable(margaret, live_platform, 3, "proposals", "/rulebook/proposals/")
    _readable(margaret, live_platform, 1, "choose", "/rulebook/proposals/new/")
    _readable(margaret, live_platform, 2, "new", "/rulebook/proposals/new/?clause=W7&clause=P4")
