"""A release from its draft to its opening: four people, a proof of who one is that grew old, and a notice."""

import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.test import override_settings
from playwright.sync_api import BrowserContext, Page, expect

from apps.licensing.models import Offer, OfferState
from tests import services
from tests.browser import LivePlatform, screenshot, sign_in
from tests.journeys.steps import PATIENT, wait_until_shown

pytestmark = [pytest.mark.journey, pytest.mark.usefixtures("demo_network")]

TITLE = "What two people will say yes to"


def test_a_release_is_drafted_sealed_approved_by_two_announced_and_opened(
    live_platform: LivePlatform, visit: Callable[..., BrowserContext], owner_connection: psycopg.Connection[Any]
) -> None:
    margaret = _signed_in(live_platform, visit, "margaret")
    margaret.goto(live_platform.url("/releases/desk/draft/"))
    margaret.locator("select[name=organization]").select_option(label="Meridian University")
    margaret.locator("input[name=title]").fill(TITLE)
    margaret.get_by_role("button", name="Draft the release").click()
    margaret.get_by_role("button", name=re.compile(r"^Seal the [\d,]+ battles? past the wall$")).click()
    expect(margaret.locator("h1")).to_have_text(re.compile(r"retired battles? for"), timeout=PATIENT)
    address = margaret.url
    wait_until_shown(margaret, "0 of 2 approvals")
    screenshot(margaret, "release-awaiting")

    _approves(live_platform, visit, "katherine", proves_again=True)
    dorothy = _approves(live_platform, visit, "dorothy", proves_again=False)
    expect(dorothy.locator("main")).to_contain_text("unless an objection holds")
    screenshot(dorothy, "release-announced")

    # Margaret's button is not there, and the platform does not open it either: the notice has just begun.
    margaret.goto(address)
    assert margaret.get_by_role("button", name="Open it now").count() == 0
    visitor = visit(viewport={"width": 1280, "height": 900}).new_page()
    visitor.goto(live_platform.url("/releases/announced/"))
    expect(visitor.locator("tr", has_text=TITLE)).to_contain_text("opens in")
    screenshot(visitor, "release-notices")
    visitor.goto(live_platform.url("/releases/refusals/?act=approve"))
    expect(visitor.locator("main")).to_contain_text("Clause W4")
    screenshot(visitor, "release-refusals")

    # Three days pass, as only the owner of the database can make them.
    offer = Offer.objects.get(release__title=TITLE)
    owner_connection.execute(
        "UPDATE licensing_offer SET announced_at = announced_at - interval '73 hours',"
        " opens_at = opens_at - interval '73 hours' WHERE id = %s",
        [offer.pk],
    )
    margaret.goto(address)
    button = margaret.get_by_role("button", name="Open it now")
    if button.count():
        button.click()
    wait_until_shown(margaret, "open since")
    screenshot(margaret, "release-open")
    offer.refresh_from_db()
    assert offer.state == OfferState.OPEN
    assert offer.opened_at is not None


def _approves(platform: LivePlatform, visit: Callable[..., BrowserContext], name: str, *, proves_again: bool) -> Page:
    page = _signed_in(platform, visit, name)
    page.goto(platform.url("/releases/waiting/"))
    if proves_again:
        _an_hour_passes(platform)
    page.get_by_role("link", name=re.compile(TITLE)).click()
    if proves_again:
        page.wait_for_url(re.compile("reauthenticate"))
        page.locator("input[name=password]").fill(services.demo_password())
        page.get_by_role("button", name="Go on").click()
    expect(page.locator("h1")).to_contain_text("go to Meridian University")
    expect(page.locator("#ties")).to_contain_text("no employment and no ownership")
    screenshot(page, f"release-approving-{name}")
    page.get_by_label("I have read what it holds").check()
    page.get_by_role("button", name="Approve exactly this").click()
    page.wait_for_url(re.compile(r"/releases/\d+/$"))
    return page


def _an_hour_passes(platform: LivePlatform) -> None:
    """Let everybody's proof of who they are grow old."""
    with override_settings(SECRET_KEY=platform.var.secret("secret-key")):
        for row in Session.objects.all():
            told = row.get_decoded()
            for proof in told.get("account_authentication_methods", []):
                proof["at"] -= 3600
            Session.objects.save(row.session_key, told, row.expire_date)


def _signed_in(platform: LivePlatform, visit: Callable[..., BrowserContext], name: str) -> Page:
    page = visit(viewport={"width": 1440, "height": 900}).new_page()
    sign_in(page, platform, f"{name}@demo.example", services.demo_password())
    return page
