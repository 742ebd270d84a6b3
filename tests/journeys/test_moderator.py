"""A moderator's story: a case from the queue, a reason that its author reads, and a second look by somebody else."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import services
from tests.browser import LivePlatform, screenshot, sign_in
from tests.journeys.steps import ask, wait_until_shown, wait_until_title

pytestmark = [pytest.mark.journey, pytest.mark.usefixtures("demo_network")]

QUESTION = "Write a polite reminder to my landlord, on +49 30 23125 014, about the broken heating."
REASON = "It holds a real person's telephone number. Ask the same with “my landlord” alone and it is welcome."
APPEAL = "The number is one of those that films may use. It belongs to nobody."


def test_grace_rejects_with_a_reason_and_alan_hears_the_appeal(
    live_platform: LivePlatform, visit: Callable[..., BrowserContext]
) -> None:
    ada, grace, alan = (_signed_in(live_platform, visit, name) for name in ("ada", "grace", "alan"))
    ask(ada, live_platform, QUESTION)
    wait_until_title(ada, "A person will read your question")
    screenshot(ada, "moderator-author-waits")

    _take_the_case_of(grace, live_platform, QUESTION)
    screenshot(grace, "moderator-case")
    _fill_verdict(grace, "reject", clause="P2", reason=REASON)
    grace.get_by_role("button", name="Preview the statement").click()
    expect(grace.locator("#preview")).to_contain_text(REASON)
    screenshot(grace, "moderator-preview")
    grace.get_by_role("button", name="Decide", exact=True).click()
    grace.wait_for_url("**/moderation/decisions/**")
    screenshot(grace, "moderator-decided")

    ada.goto(live_platform.url("/inbox/"))
    screenshot(ada, "moderator-author-inbox")
    ada.get_by_role("button", name="Read the whole decision").first.click()
    expect(ada.locator("main")).to_contain_text(REASON)
    expect(ada.locator("main")).to_contain_text("Clause P2")
    ada.get_by_role("link", name="Appeal", exact=True).click()
    ada.get_by_label("What was overlooked").fill(APPEAL)
    ada.get_by_role("button", name="Send the appeal").click()
    expect(ada.locator("main")).to_contain_text("With somebody who did not make the decision")
    screenshot(ada, "moderator-author-appealed")

    # Whoever decided is not asked again: the appeal is on alan's list and not on grace's, and shut to her.
    address = max(_listed(alan, live_platform, "appeal"), key=_number_of)
    assert address not in _listed(grace, live_platform, "appeal")
    answer = grace.goto(live_platform.url(address))
    assert answer is not None
    assert answer.status == 403
    expect(grace.locator("h1")).to_contain_text("This is an appeal against your own decision")
    screenshot(grace, "moderator-own-appeal")

    alan.goto(live_platform.url(address))
    expect(alan.locator("main")).to_contain_text(APPEAL)
    expect(alan.locator("main")).to_contain_text(REASON)
    alan.get_by_role("button", name="Take this case").click()
    screenshot(alan, "moderator-appeal")
    _fill_verdict(alan, "overturn", reason="The number is nobody's. The question is let in.")
    alan.get_by_role("button", name="Decide", exact=True).click()
    alan.wait_for_url("**/moderation/decisions/**")

    wait_until_shown(ada, "Heard by somebody else")
    expect(ada.locator("main")).to_contain_text("The number is nobody's.")
    screenshot(ada, "moderator-author-heard")
    for page, path in ((grace, "/moderation/"), (alan, "/home/")):
        page.goto(live_platform.url(path))
        screenshot(page, f"moderator-{path.strip('/')}-at-the-end")


def _signed_in(platform: LivePlatform, visit: Callable[..., BrowserContext], name: str) -> Page:
    page = visit(viewport={"width": 1440, "height": 900}).new_page()
    sign_in(page, platform, f"{name}@demo.example", services.demo_password())
    return page


def _take_the_case_of(page: Page, platform: LivePlatform, text: str) -> None:
    """Take the newest question that waits, until it is the given one: a sweep opens its case within seconds."""
    for _look in range(20):
        addresses = _listed(page, platform, "prompt")
        screenshot(page, "moderator-queue")
        newest = max(addresses, key=_number_of, default=None)
        if newest is not None:
            page.goto(platform.url(newest))
            page.get_by_role("button", name="Take this case").click()
            page.wait_for_url("**/moderation/cases/**")
            if text in page.locator("main").inner_text():
                return
            _fill_verdict(page, "reject", clause="P2", reason="It holds somebody's data.")
            page.get_by_role("button", name="Decide", exact=True).click()
            page.wait_for_url("**/moderation/decisions/**")
        page.wait_for_timeout(500)
    raise AssertionError("The case never came up.")


def _fill_verdict(page: Page, action: str, *, reason: str, clause: str = "") -> None:
    page.locator(f"#verdict input[name=action][value={action}]").check()
    if clause:
        page.locator("#verdict select[name=clause]").select_option(clause)
    page.locator("#verdict textarea[name=reason]").fill(reason)


def _listed(page: Page, platform: LivePlatform, kind: str) -> set[str]:
    page.goto(platform.url(f"/moderation/?kind={kind}"))
    return {link.get_attribute("href") or "" for link in page.locator("td.key a[href*='/cases/']").all()}


def _number_of(address: str) -> int:
    return int(re.findall(r"\d+", address)[-1])
