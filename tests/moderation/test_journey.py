"""Grace's day in a real browser: a case taken, half a reason kept, a decision; then Ada's appeal, and Alan's ear."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from apps.accounts.models import User
from apps.moderation.models import Draft
from apps.prompts.models import Prompt, PromptState
from tests.browser import LivePlatform, screenshot, sign_in
from tests.conftest import PASSWORD
from tests.moderation.desk import REASON, case_about, finding_about, prompt_of, swept

pytestmark = [pytest.mark.journey, pytest.mark.runs("web")]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
Visit = Callable[..., BrowserContext]


def at_the_desk(visit: Visit, platform: LivePlatform, person: User, **options: object) -> Page:
    page = visit(**options).new_page()
    sign_in(page, platform, person.email, PASSWORD)
    return page


def reads_well(page: Page, name: str) -> None:
    """Keep a picture, and let axe look at the page."""
    screenshot(page, f"moderation-{name}")
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert not found, (name, [(one["id"], one["nodes"][0]["html"]) for one in found])


def test_a_decision_an_appeal_and_another_person(
    ada: User, grace: User, alan: User, live_platform: LivePlatform, visit: Visit
) -> None:
    prompt = prompt_of(ada, now=timezone.now())
    page = at_the_desk(visit, live_platform, grace)
    page.goto(live_platform.url("/moderation/"))
    page.get_by_role("button", name="Take the next case").click()
    expect(page.get_by_text("Yours", exact=True)).to_be_visible()
    reads_well(page, "case")

    # Half a sentence is kept by itself, and the clock says so.
    page.get_by_label("Reject the prompt").check()
    with page.expect_response(lambda answer: "prompt%20holds" in (answer.request.post_data or "")) as kept:
        page.get_by_label("The reason, as the person").fill("The prompt holds")
    assert kept.value.ok
    expect(page.get_by_text("draft kept")).to_be_visible()
    page.reload()
    assert page.get_by_label("The reason, as the person").input_value() == "The prompt holds"
    assert page.get_by_label("Reject the prompt").is_checked()

    page.get_by_label("The reason, as the person").fill(REASON)
    page.get_by_label("Under which clause").select_option("P2")
    page.get_by_role("button", name="Preview the statement").click()
    expect(page.get_by_text("What the person will read")).to_be_visible()
    reads_well(page, "preview")
    page.get_by_role("button", name="Decide, and the next case").click()
    expect(page.get_by_text("Nothing more waits for you.")).to_be_visible()

    adas = at_the_desk(visit, live_platform, ada, viewport={"width": 360, "height": 800}, color_scheme="dark")
    adas.goto(live_platform.url(f"/moderation/decisions/for-prompt/{prompt.pk}/"))
    expect(adas.get_by_role("heading", level=1)).to_have_text("Your prompt was not approved")
    reads_well(adas, "statement")
    adas.get_by_role("link", name="Appeal", exact=True).click()
    adas.get_by_label("What was overlooked").fill("That number is the one that every textbook uses.")
    reads_well(adas, "appeal")
    adas.get_by_role("button", name="Send the appeal").click()
    expect(adas.get_by_text("Your appeal is with somebody")).to_be_visible()

    page.goto(live_platform.url("/moderation/"))
    page.get_by_role("button", name="Take the next case").click()
    expect(page.get_by_text("Nothing waits for you.")).to_be_visible()

    alans = at_the_desk(visit, live_platform, alan)
    alans.goto(live_platform.url("/moderation/"))
    alans.get_by_role("button", name="Take the next case").click()
    alans.get_by_label("Overturn the decision").check()
    alans.get_by_label("The reason, as the person").fill("It is the number of the textbooks, and belongs to nobody.")
    reads_well(alans, "hearing")
    alans.get_by_role("button", name="Decide", exact=True).click()
    expect(alans.get_by_role("heading", level=1)).to_have_text("Your appeal was heard: your prompt is approved")
    assert Prompt.objects.get(pk=prompt.pk).state == PromptState.APPROVED
    adas.goto(live_platform.url(f"/moderation/decisions/for-prompt/{prompt.pk}/"))
    expect(adas.get_by_role("heading", level=1)).to_have_text("Your appeal was heard: your prompt is approved")


def test_without_script_nothing_that_was_written_is_lost(
    ada: User, mallory: User, grace: User, live_platform: LivePlatform, visit: Visit
) -> None:
    case = case_about(finding_about(mallory))
    swept(timezone.now())
    page = at_the_desk(visit, live_platform, grace, java_script_enabled=False, viewport={"width": 360, "height": 800})
    page.goto(live_platform.url(f"/moderation/cases/{case.pk}/"))
    page.get_by_label("The reason, as the person").fill("These votes")
    page.get_by_role("button", name="Take this case").click()
    assert page.get_by_label("The reason, as the person").input_value() == "These votes"
    page.get_by_label("The reason, as the person").fill("These votes agree with")
    page.get_by_role("button", name="Extend").click()
    assert page.get_by_label("The reason, as the person").input_value() == "These votes agree with"
    assert Draft.objects.get().reason == "These votes agree with"
    page.get_by_label("Leave the votes out").check()
    page.get_by_label("The reason, as the person").fill("")
    page.get_by_role("button", name="Decide", exact=True).click()
    expect(page.get_by_text("Please look at this again")).to_be_visible()
    screenshot(page, "moderation-incomplete")
    page.get_by_label("The reason, as the person").fill("These votes agree with others no more often than a coin.")
    page.get_by_role("button", name="Decide", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your votes are left out of the boards")


def test_the_public_pages_read_well(ada: User, live_platform: LivePlatform, visit: Visit) -> None:
    for scheme, width in (("light", 1440), ("dark", 360)):
        page = visit(color_scheme=scheme, viewport={"width": width, "height": 900}).new_page()
        for name, path in (("figures", "/moderation/statistics/"), ("integrity", "/integrity/")):
            page.goto(live_platform.url(path))
            reads_well(page, f"{name}-{scheme}-{width}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
