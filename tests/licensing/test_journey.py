"""Margaret's day in a real browser: a sale that is refused, one that is sealed, one that is given back."""

import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.licensing.flows import retire_due_clusters
from apps.licensing.models import Release
from tests.browser import LivePlatform, screenshot, sign_in
from tests.conftest import PASSWORD
from tests.licensing.opened import one_person_is_a_crowd
from tests.licensing.world import World
from tests.policy.history import decree

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
NIGHT = Actor.system("licensing.retire_due")
WAYS_TO_READ = [("light", 1440, "en"), ("dark", 1440, "en"), ("light", 360, "en"), ("dark", 360, "ar")]


def fill_the_past(world: World) -> None:
    """Write clusters of many ages, so that every page has something to show."""
    for days_ago in (1, 3, 8, 9, 12, 15, 22, 23, 24, 30, 36, 44, 50, 58):
        world.sky(days_ago=days_ago, battles=1 + days_ago % 3)
    for days_ago in (65, 80, 100, 120):
        world.sky(days_ago=days_ago, battles=3)
    old = world.sky(days_ago=90, battles=2)[2]
    world.owner.execute(
        "UPDATE battles_vote SET excluded_under = 'I1', excluded_at = now() WHERE battle_id = ANY(%s)", [old]
    )
    retire_due_clusters(actor=NIGHT)


def draft(page: Page, platform: LivePlatform, title: str) -> None:
    page.goto(platform.url("/releases/desk/"))
    page.get_by_role("link", name="Draft a release").click()
    page.get_by_label("For", exact=True).select_option(label="Meridian University")
    page.get_by_label("Title").fill(title)
    page.get_by_role("group", name="Languages of the prompt").get_by_label("English").check()
    page.get_by_role("button", name="Draft the release").click()


def everybodys_views(
    platform: LivePlatform, visit: Callable[..., BrowserContext], email: str
) -> Iterator[tuple[Page, str]]:
    for scheme, width, language in WAYS_TO_READ:
        context = visit(color_scheme=scheme, viewport={"width": width, "height": 900})
        page = context.new_page()
        sign_in(page, platform, email, PASSWORD)
        context.add_cookies([{"name": "django_language", "value": language, "url": platform.address}])
        yield page, f"{scheme}-{width}-{language}"


@pytest.mark.journey
@pytest.mark.timeout(600)
def test_margaret_tries_to_sell_live_data_and_then_sells_what_is_past_the_wall(
    live_platform: LivePlatform, visit: Callable[..., BrowserContext], world: World, margaret: User
) -> None:
    # One voter is enough of a kind for this small past.
    one_person_is_a_crowd(world)
    decree(world.owner, "W7", k=1)
    fill_the_past(world)
    page = visit(viewport={"width": 1440, "height": 900}).new_page()
    sign_in(page, live_platform, margaret.email, PASSWORD)

    draft(page, live_platform, "Everything at once")
    screenshot(page, "licensing-draft-light-1440")
    page.get_by_role("button", name=re.compile("Try to seal all")).click()
    expect(page.get_by_role("alert")).to_contain_text("battles are behind the wall")
    expect(page.get_by_role("heading", level=1)).to_contain_text("was refused: clause W1 takes out")

    draft(page, live_platform, "What is past the wall")
    page.get_by_role("button", name=re.compile("Seal the 12 battles past the wall")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("12 retired battles for Meridian University")
    # A worker builds the edition; the page says so by itself.
    manifest = page.locator("dl.facts", has_text="Manifest of the edition")
    for _look in range(60):
        if manifest.count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    expect(manifest).to_contain_text("battles-00000.parquet")

    draft(page, live_platform, "A draft that waits")
    waiting = Release.objects.latest("pk").pk
    refused, sealed = waiting - 2, waiting - 1
    addresses = {
        "releases": "/releases/",
        "live": "/releases/live/",
        "desk": "/releases/desk/",
        "draft": f"/releases/{waiting}/",
        "sealed": f"/releases/{sealed}/",
        "refused": f"/releases/{refused}/",
        "form": "/releases/desk/draft/",
        "cancel": f"/releases/{sealed}/cancel/",
    }
    for view, way in everybodys_views(live_platform, visit, margaret.email):
        width = int(way.split("-")[1])
        for name, path in addresses.items():
            answer = view.goto(live_platform.url(path))
            assert answer is not None
            assert answer.ok, (name, live_platform.log_of("web"))
            found = Axe().run(view, options={"runOnly": RULES}).response["violations"]
            assert not found, (name, way, [(one["id"], one["nodes"][0]["html"]) for one in found])
            assert view.evaluate("document.documentElement.scrollWidth") <= width, (name, way)
            screenshot(view, f"licensing-{name}-{way}")

    page.goto(live_platform.url(f"/releases/{sealed}/cancel/"))
    page.get_by_role("button", name="Cancel the release").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("was cancelled")
