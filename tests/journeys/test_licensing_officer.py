"""A licensing officer's story, and the auditor's who reads all of it: a refused sale, a sealed one, both in the log."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from apps.accounts.models import User
from tests import services
from tests.browser import LivePlatform, screenshot, sign_in
from tests.journeys.steps import PATIENT, wait_until_shown

pytestmark = [pytest.mark.journey, pytest.mark.usefixtures("demo_network")]


def test_margaret_is_refused_live_battles_and_seals_those_past_the_wall(
    live_platform: LivePlatform, visit: Callable[..., BrowserContext]
) -> None:
    margaret = _signed_in(live_platform, visit, "margaret")
    _draft(margaret, live_platform, "Everything, this week's battles too")
    screenshot(margaret, "officer-draft")
    margaret.get_by_role("button", name=re.compile("^Try to seal all")).click()
    expect(margaret.locator("h1")).to_have_text(
        re.compile(r"^\s*Release \d+ was refused: clause W1 takes out [\d,]+ of [\d,]+ battles\s*$"), timeout=PATIENT
    )
    refused_address = margaret.url
    screenshot(margaret, "officer-refused")
    # A refused release is over: nothing on its page seals it any more.
    assert margaret.get_by_role("button", name=re.compile("seal", re.IGNORECASE)).count() == 0

    _draft(margaret, live_platform, "What the wall has let through")
    margaret.get_by_role("button", name=re.compile(r"^Seal the [\d,]+ battles? past the wall$")).click()
    expect(margaret.locator("h1")).to_have_text(
        re.compile(r"^\s*Release \d+: [\d,]+ retired battles? for "), timeout=PATIENT
    )
    wait_until_shown(margaret, "Manifest of the edition")
    screenshot(margaret, "officer-sealed")

    visitor = visit(viewport={"width": 1280, "height": 900}).new_page()
    visitor.goto(live_platform.url("/releases/"))
    screenshot(visitor, "officer-public-releases")
    line = visitor.locator("#refused tr", has_text="Everything, this week's battles too")
    expect(line).to_contain_text("Clause W1")
    expect(visitor.locator("#sealed")).to_contain_text("What the wall has let through")
    line.get_by_role("link").first.click()
    visitor.wait_for_url(refused_address)
    screenshot(visitor, "officer-public-refusal")

    _the_auditor_reads_it(_signed_in(live_platform, visit, "barbara"), live_platform, refused_address)


def _the_auditor_reads_it(barbara: Page, platform: LivePlatform, refused_address: str) -> None:
    barbara.goto(platform.url("/log/"))
    screenshot(barbara, "auditor-log")
    barbara.get_by_role("link", name="Explore the entries").click()
    barbara.get_by_role("link", name="Refusals").click()
    expect(barbara.locator("tbody tr").first).to_contain_text("audit.refused")
    number = re.findall(r"\d+", refused_address)[-1]
    barbara.goto(platform.url(f"/log/entries/?event=licensing.seal_refused&subject=licensing.release:{number}"))
    row = barbara.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("W1")
    screenshot(barbara, "auditor-entries")
    row.locator("a[href*='/log/entries/']").click()
    barbara.wait_for_url(re.compile(r"/log/entries/\d+/$"))
    entry = re.findall(r"\d+", barbara.url)[-1]
    wait_until_shown(barbara, "Verified just now")
    expect(barbara.locator("h1")).to_contain_text("licensing.seal_refused, leaf")
    screenshot(barbara, "auditor-entry")
    proof = barbara.request.get(platform.url(f"/log/entries/{entry}/proof.json"))
    assert proof.ok
    assert proof.json()

    # Her look is an entry too, and so is a door that stays shut to her.
    barbara.goto(platform.url(f"/log/entries/?event=audit.entry_looked_at&subject=audit.entry:{entry}"))
    expect(barbara.locator("tbody tr").first).to_contain_text("audit.entry_looked_at")
    screenshot(barbara, "auditor-her-own-look")
    answer = barbara.goto(platform.url("/releases/desk/"))
    assert answer is not None
    assert answer.status == 403
    screenshot(barbara, "auditor-shut-door")
    barbara.goto(platform.url("/log/entries/?event=audit.refused"))
    pseudonym = User.objects.get(email="barbara@demo.example").pseudonym
    expect(barbara.locator("tbody tr").first).to_contain_text(pseudonym)


def _signed_in(platform: LivePlatform, visit: Callable[..., BrowserContext], name: str) -> Page:
    page = visit(viewport={"width": 1440, "height": 900}).new_page()
    sign_in(page, platform, f"{name}@demo.example", services.demo_password())
    return page


def _draft(page: Page, platform: LivePlatform, title: str) -> None:
    page.goto(platform.url("/releases/desk/"))
    page.get_by_role("link", name="Draft a release").first.click()
    page.locator("select[name=organization]").select_option(label="Meridian University")
    page.locator("input[name=title]").fill(title)
    page.get_by_role("button", name="Draft the release").click()
    expect(page.locator("h1")).to_have_text(re.compile(r"battles may leave\s*$"))
