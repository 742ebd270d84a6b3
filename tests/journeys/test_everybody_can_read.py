"""Whoever uses the platform, and a visitor, can read every page that their own links lead to.

One page of each kind is looked at, by whoever reaches it first; the four ways of reading take turns over the pages.
"""

import re
from collections.abc import Callable
from typing import Final, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from showdown.supervisor.demo import PEOPLE
from tests import services
from tests.browser import LivePlatform, sign_in
from tests.journeys.test_the_look import RULES

pytestmark = [
    pytest.mark.journey,
    pytest.mark.runs("web", "sequencer"),
    pytest.mark.usefixtures("demo_network"),
    # Somebody reads every kind of page that there is.
    pytest.mark.timeout(480),
]

WAYS: Final[list[tuple[Literal["light", "dark"], int, str]]] = [
    ("light", 1440, "en"),
    ("dark", 360, "en"),
    ("light", 360, "ar"),
    ("dark", 768, "de"),
]
NARROWEST: Final = 360
# Files and the machine's own addresses are no pages; what ends a visit is not followed.
NO_PAGE: Final = re.compile(
    r"\.[\w-]+$|^/(?:api|static|i18n)/|/(?:logout|download)/|/note$|/(?:items|checkpoint|keys|policy|verify)$"
)
BY_HAND: Final = (
    "/accounts/signup/", "/accounts/password/reset/", "/accounts/password/reset/done/", "/accounts/login/code/",
    "/accounts/confirm-email/", "/accounts/inactive/", "/accounts/confirm-email/none/", "/nowhere/",
)  # fmt: skip
WHOLE: Final = frozenset({"/", "/home/", "/nowhere/"})
LINKS: Final = "() => [...document.querySelectorAll('a[href^=\"/\"]')].map(a => a.getAttribute('href'))"


def _kind(address: str) -> str:
    # A model is named by its slug.
    path = re.sub(r"^/models/[\w-]+(?=/)", "/models/N", address.partition("?")[0])
    return re.sub(r"/(?:\d+|[A-Z]\d+)(?=/)", "/N", path)


def _look_at(page: Page, address: str, platform: LivePlatform, turn: int) -> list[str]:
    """Return what is wrong with a page in one way of reading, and on a telephone."""
    scheme, width, language = WAYS[turn % len(WAYS)]
    page.context.add_cookies([{"name": "django_language", "value": language, "url": platform.address}])
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    answer = page.goto(platform.url(address), wait_until="domcontentloaded")
    assert answer is not None
    wrong = [] if answer.status in ({200, 404} if address in BY_HAND else {200}) else [f"answers {answer.status}"]
    if page.locator("h1").count() != 1:
        wrong.append("has not one headline")
    # The frame around the page is the same everywhere, and a home stands for it.
    part = None if address in WHOLE else "main"
    found = Axe().run(page, part, {"runOnly": RULES, "resultTypes": ["violations"]}).response["violations"]
    wrong += [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
    page.set_viewport_size({"width": NARROWEST, "height": 800})
    if (needed := page.evaluate("document.documentElement.scrollWidth")) > NARROWEST:
        wrong.append(f"needs {needed} pixels")
    return [f"{address} ({scheme}, {width}, {language}): {one}" for one in wrong]


def _follow(page: Page, begin: list[str], platform: LivePlatform, seen: set[str]) -> list[str]:
    """Look at one page of every kind that nobody has looked at, and at what these lead to."""
    waiting, wrong = list(begin), []
    while waiting:
        address = waiting.pop(0)
        if _kind(address) in seen:
            continue
        seen.add(_kind(address))
        wrong += _look_at(page, address, platform, len(seen))
        for link in page.evaluate(LINKS):
            address = link.partition("#")[0]
            if not NO_PAGE.search(address.partition("?")[0]):
                waiting.append(address)
    return wrong


def test_everybody_can_read_whatever_their_links_lead_to(
    live_platform: LivePlatform, visit: Callable[..., BrowserContext]
) -> None:
    seen: set[str] = set()
    wrong = _follow(visit().new_page(), ["/", *BY_HAND], live_platform, seen)
    # Two moderators see the same pages, and so do two approvers.
    for name in (one for one in PEOPLE if one not in {"alan", "dorothy"}):
        page = visit().new_page()
        sign_in(page, live_platform, f"{name}@demo.example", services.demo_password())
        # Every home is its owner's own, and leads to what only they may see.
        seen.discard("/home/")
        wrong += _follow(page, ["/home/"], live_platform, seen)
        page.context.close()
    assert wrong == []
    # Fewer would mean that links are not found any more, and nothing was looked at.
    assert len(seen) > 50, sorted(seen)
