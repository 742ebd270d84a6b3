"""Ada's battle in a real browser: with keys, without script, in every width, and in Arabic."""

import re
from collections.abc import Callable
from itertools import product
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from apps.accounts.models import User
from apps.battles.gateways.recorded import sample_questions
from apps.battles.models import Battle, Choice, Provider, Side, SkipReason, VoidReason
from apps.battles.services import cast_vote, skip_battle, void_battle
from tests.battles.arena import PLATFORM, Arena, add_prompt
from tests.battles.model_server import ModelServer
from tests.browser import LivePlatform, screenshot, sign_in
from tests.conftest import PASSWORD

pytestmark = pytest.mark.journey
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
Visit = Callable[..., BrowserContext]


def signed_in(page: Page, platform: LivePlatform, user: User) -> Page:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.complaints = complaints  # type: ignore[attr-defined]
    sign_in(page, platform, user.email, PASSWORD)
    return page


def check(page: Page, width: int) -> None:
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert not found, [(one["id"], one["nodes"][0]["html"]) for one in found]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.complaints == []  # type: ignore[attr-defined]


def start_from_pool(page: Page, platform: LivePlatform) -> None:
    page.goto(platform.url("/battles/"))
    page.get_by_role("button", name="A question from the pool").click()
    page.wait_for_url(re.compile(r"/battles/\d+/$"))


@pytest.mark.runs("web", "sequencer")
def test_ada_votes_with_the_keyboard_and_finds_her_receipt(
    ada: User, arena: Arena, models_at: ModelServer, live_platform: LivePlatform, visit: Visit
) -> None:
    arena.answer_over_http(models_at.address("slowly"))
    page = signed_in(visit(viewport={"width": 1440, "height": 900}).new_page(), live_platform, ada)
    start_from_pool(page, live_platform)
    # While the answers are written, the words appear and nobody can vote.
    expect(page.locator("[data-answer=A] [data-text]")).to_contain_text("Sixty")
    expect(page.locator("[data-answer=A]")).to_have_attribute("data-state", "writing")
    page.keyboard.press("1")
    expect(page.locator("input[name=choice]:checked")).to_have_count(0)
    expect(page.locator("[data-answer=B] [data-status]")).to_have_text("finished")
    expect(page.locator("[data-answer=B] li")).to_contain_text("is an hour")
    check(page, 1440)
    # The sheet of keys, and the switch that turns them off.
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    check(page, 1440)
    page.locator("[data-single-keys]").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    expect(page.locator("input[name=choice]:checked")).to_have_count(0)
    page.get_by_role("button", name="Keys").click()
    page.locator("[data-single-keys]").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("2")
    expect(page.locator("input[value=right]")).to_be_checked()
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    # The names, and the receipt as soon as the sequencer has been there.
    battle = Battle.objects.get()
    expect(page.get_by_role("heading", level=1)).to_contain_text(battle.left_model.name)
    for _look in range(20):
        if page.get_by_text("checked now, it holds").is_visible():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.get_by_text("checked now, it holds")).to_be_visible()
    check(page, 1440)
    screenshot(page, "battle-names-1440")
    page.goto(live_platform.url("/battles/mine/"))
    expect(page.get_by_role("link", name="Receipt")).to_have_count(1)
    check(page, 1440)


@pytest.mark.runs("web")
def test_ada_votes_without_script_on_a_telephone(
    ada: User, arena: Arena, models_at: ModelServer, live_platform: LivePlatform, visit: Visit
) -> None:
    arena.answer_over_http(models_at.address())
    context = visit(java_script_enabled=False, viewport={"width": 360, "height": 780})
    page = signed_in(context.new_page(), live_platform, ada)
    start_from_pool(page, live_platform)
    screenshot(page, "battle-unscripted-before-360")
    page.get_by_role("button", name="Get both answers").click()
    expect(page.locator("[data-answer=A] li")).to_contain_text("is an hour")
    page.get_by_label("Both bad").check()
    screenshot(page, "battle-unscripted-360")
    page.get_by_role("button", name="Vote", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("A was")
    expect(page.get_by_role("heading", name="Your receipt")).to_be_visible()


@pytest.mark.runs("web")
def test_two_tabs_show_the_same_answers(
    ada: User, arena: Arena, models_at: ModelServer, live_platform: LivePlatform, visit: Visit
) -> None:
    arena.answer_over_http(models_at.address("slowly"))
    context = visit()
    first = signed_in(context.new_page(), live_platform, ada)
    start_from_pool(first, live_platform)
    second = context.new_page()
    second.goto(first.url)
    for tab in (first, second):
        expect(tab.locator("[data-answer=A] [data-status]")).to_have_text("finished")
        expect(tab.locator("input[name=choice]").first).to_be_enabled()
    assert (
        first.locator("[data-answer=A] [data-text]").inner_html()
        == second.locator("[data-answer=A] [data-text]").inner_html()
    )
    assert len(models_at.requests) == 2


@pytest.mark.runs("web")
def test_a_provider_that_breaks_off_shows_the_kind_page(
    ada: User, arena: Arena, models_at: ModelServer, live_platform: LivePlatform, visit: Visit
) -> None:
    arena.answer_over_http(models_at.address("dropped"))
    page = signed_in(visit(viewport={"width": 1440, "height": 900}).new_page(), live_platform, ada)
    start_from_pool(page, live_platform)
    expect(page.get_by_role("heading", level=1)).to_have_text("This battle did not work out")
    screenshot(page, "battle-void-1440")
    check(page, 1440)
    page.get_by_role("button", name="Try the question again").click()
    page.wait_for_url(re.compile(r"/battles/\d+/$"))


@pytest.mark.runs("web")
@pytest.mark.parametrize("language", ["pt", "ar", "en"])
def test_the_battle_is_read_in_every_width_and_light(
    ada: User, arena: Arena, live_platform: LivePlatform, visit: Visit, language: str
) -> None:
    category = "coding" if language == "en" else "advice"
    question = next(one for one in sample_questions() if (one.language, one.category) == (language, category))
    arena.prompt = add_prompt(ada, question.text, language=language)
    for model, name in zip(arena.models, ("cobalt-2/0.9", "cobalt-3/0.6", "tamarind/0.8"), strict=True):
        model.endpoints.update(provider=Provider.RECORDED, remote_name=name)
    page = signed_in(visit(viewport={"width": 1440, "height": 900}).new_page(), live_platform, ada)
    battle = arena.opened(ada, now=timezone.now())
    page.goto(live_platform.url(f"/battles/{battle.pk}/"))
    expect(page.locator("[data-answer=A] .block").nth(1)).to_be_attached()
    screenshot(page, f"battle-{language}-writing-1440")
    expect(page.locator("input[name=choice]").first).to_be_enabled(timeout=30_000)
    page.keyboard.press("1")
    for scheme, width in product(SCHEMES, (1440, 768, 360)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900 if width > 400 else 780})
        check(page, width)
        screenshot(page, f"battle-{language}-{scheme}-{width}")


@pytest.mark.slow
@pytest.mark.runs("web")
def test_every_other_page_is_read_in_every_width_and_light(
    ada: User, radia: User, arena: Arena, live_platform: LivePlatform, visit: Visit
) -> None:
    now = timezone.now()
    add_prompt(ada, "Como se faz um bom feijão tropeiro para doze pessoas?", language="pt")
    voted, skipped, void, _open = (arena.ready(ada, now=now) for _time in range(4))
    cast_vote(actor=ada.as_actor(), battle=voted, choice=Choice.LEFT, now=now)
    skip_battle(actor=ada.as_actor(), battle=skipped, reason=SkipReason.OTHER, now=now)
    void_battle(actor=PLATFORM, battle_id=void.pk, reason=VoidReason.STALLED, side=Side.RIGHT, now=now)
    pages = {
        ada: {"start": "/battles/", "mine": "/battles/mine/", "names": f"/battles/{voted.pk}/"}
        | {"skipped": f"/battles/{skipped.pk}/"},
        radia: {"models": "/battles/models/", "register": "/battles/models/register/"},
    }
    for user, paths in pages.items():
        page = signed_in(visit(viewport={"width": 1440, "height": 900}).new_page(), live_platform, user)
        for name, path in paths.items():
            page.goto(live_platform.url(path))
            for scheme, width in product(SCHEMES, (1440, 768, 360)):
                page.emulate_media(color_scheme=scheme)
                page.set_viewport_size({"width": width, "height": 900})
                check(page, width)
                if (scheme, width) in {("light", 1440), ("dark", 360), ("light", 768)}:
                    screenshot(page, f"battles-{name}-{scheme}-{width}")
