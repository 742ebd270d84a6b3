"""A withdrawal that reaches the licensee: Ingrid has the rows, Ada takes them back, Ingrid answers, Barbara sees it."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from apps.accounts.models import User
from apps.licensing.domain.notice import next_batch
from apps.licensing.flows.withdrawing import tend_withdrawals
from apps.licensing.models import Delivery, Edition
from tests.browser import LivePlatform, screenshot, sign_in
from tests.conftest import PASSWORD
from tests.journeys.steps import PATIENT, wait_until_shown
from tests.licensing.mail_server import mail_server
from tests.licensing.opened import PLATFORM, TABLE, adopt_terms, one_person_is_a_crowd, open_offer, sealed_edition
from tests.licensing.world import World, small_world

pytestmark = pytest.mark.journey

Visit = Callable[..., BrowserContext]


@pytest.fixture
def world(owner_connection: Any, ada: User, mallory: User, margaret: User, ingrid: User) -> World:
    """A past in which Ada wrote and Mallory voted."""
    return small_world(owner_connection, ada, mallory, margaret, ingrid)


@pytest.fixture
def edition(
    live_platform: LivePlatform,
    world: World,
    margaret: User,
    ingrid: User,
    katherine: User,
    dorothy: User,
    settings: Any,
) -> Edition:
    """An edition in the platform's own storage, whose days in the open are over."""
    settings.RELEASES_DIR = live_platform.var.root / "releases"
    one_person_is_a_crowd(world)
    found = sealed_edition(world, margaret)
    open_offer(world, found, ingrid, katherine, dorothy)
    adopt_terms()
    return found


def test_what_ada_takes_back_is_deleted_by_whoever_has_it(
    live_platform: LivePlatform, visit: Visit, edition: Edition, barbara: User, tmp_path: Path
) -> None:
    ingrid = _signed_in(live_platform, visit, "ingrid")
    ingrid.goto(live_platform.url("/releases/mine/"))
    ingrid.locator("#editions").get_by_role("link", name=re.compile("The sky")).click()
    # No file leaves before the log has signed the edition's entry, which takes it a second or two.
    wait_until_shown(ingrid, "Checksums")
    with ingrid.expect_download() as download:
        ingrid.get_by_role("link", name=f"Download {TABLE}").click()
    saved = tmp_path / "copy.parquet"
    download.value.save_as(saved)
    assert hashlib.sha256(saved.read_bytes()).hexdigest() == edition.manifest["files"][0]["sha256"]
    ingrid.reload()
    expect(ingrid.locator("#receipts")).to_contain_text("Finished")
    screenshot(ingrid, "licensee-edition")
    ingrid.locator("#receipts").get_by_role("link", name="1").click()
    wait_until_shown(ingrid, "checked now, it holds")
    screenshot(ingrid, "licensee-receipt")

    ada = _signed_in(live_platform, visit, "ada")
    ada.goto(live_platform.url("/contribute/data/"))
    ada.get_by_role("link", name="Releases with something of yours").click()
    expect(ada.locator("main")).to_contain_text("Meridian University")
    screenshot(ada, "contributor-where-my-data-went")
    ada.get_by_role("link", name="Take it all back").click()
    screenshot(ada, "contributor-takes-it-back")
    ada.get_by_role("button", name="Take it back").click()
    expect(ada.locator("main")).to_contain_text("You do not agree to licensing")

    # What the worker does today, and with its first look of the next month.
    month = next_batch(timezone.now())
    with mail_server() as mails:
        tend_withdrawals(actor=PLATFORM)
        tend_withdrawals(actor=PLATFORM, clock=lambda: month)
    assert mails.to("ingrid@demo.example") == ["Notice 1: rows to delete"]

    ingrid.goto(live_platform.url("/releases/mine/notices/"))
    screenshot(ingrid, "licensee-notices")
    ingrid.locator("#notices").get_by_role("link", name="1").click()
    wait_until_shown(ingrid, "checked now, it holds")
    ingrid.get_by_label("Your name").fill("Ingrid Aas")
    screenshot(ingrid, "licensee-notice")
    ingrid.get_by_role("button", name="The rows are deleted").click()
    expect(ingrid.locator("main")).to_contain_text("Acknowledged", timeout=PATIENT)
    ingrid.goto(live_platform.url(f"/releases/mine/{edition.pk}/"))
    # Closed until it is rewritten, and then another revision.
    expect(ingrid.locator("main")).to_contain_text(re.compile("being rewritten without them|revision [1-9]"))

    ada.reload()
    expect(ada.locator("main")).to_contain_text("3 of 3")
    auditor = _signed_in(live_platform, visit, barbara.email.split("@")[0])
    auditor.goto(live_platform.url(f"/releases/{edition.release_id}/"))
    expect(auditor.locator("#taken-back")).to_contain_text("Acknowledged")
    screenshot(auditor, "auditor-release-taken-back")
    auditor.goto(live_platform.url("/releases/withdrawals/"))
    expect(auditor.locator("h1")).to_contain_text("3 released rows taken back; 0 notices wait")
    screenshot(auditor, "public-withdrawals")
    auditor.get_by_role("link", name="Reads and incidents").click()
    expect(auditor.locator("h1")).to_contain_text("Every read has its delivery")
    screenshot(auditor, "auditor-reads")
    assert Delivery.objects.count() == 1


def _signed_in(platform: LivePlatform, visit: Visit, name: str) -> Page:
    page = visit(viewport={"width": 1440, "height": 900}).new_page()
    sign_in(page, platform, f"{name}@demo.example", PASSWORD)
    return page
