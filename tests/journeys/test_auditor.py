"""An auditor's story: from the overview to a bundle that is checked where the platform is not, and Ada's receipt."""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from showdown.supervisor import schema
from tests import services
from tests.browser import LivePlatform, screenshot, sign_in
from tests.journeys.steps import PATIENT, wait_until_shown
from tests.journeys.test_the_look import RULES

pytestmark = [pytest.mark.journey, pytest.mark.usefixtures("demo_network")]

WAYS = [("light", 1440, "en"), ("dark", 768, "en"), ("light", 360, "en"), ("dark", 360, "ar")]


def _is_readable(page: Page, name: str) -> None:
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert not found, (name, [(one["id"], one["nodes"][0]["html"]) for one in found])


def test_barbara_takes_the_log_away_and_checks_it_elsewhere(
    live_platform: LivePlatform, visit: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    page = visit(viewport={"width": 1280, "height": 900}, accept_downloads=True).new_page()
    sign_in(page, live_platform, "barbara@demo.example", services.demo_password())
    page.goto(live_platform.url("/home/"))
    wait_until_shown(page, "entries are signed")
    expect(page.locator("main")).to_contain_text("What needs an auditor now")
    screenshot(page, "auditor-home")

    page.get_by_role("link", name="Explore the log").click()
    page.get_by_role("link", name="Refused releases").click()
    expect(page.locator("main a[aria-current=true]")).to_have_text("Refused releases")
    page.goto(live_platform.url("/log/entries/?event=battles.vote_cast"))
    screenshot(page, "auditor-explorer")
    page.locator("td.key a").first.click()
    expect(page.locator("main")).to_contain_text("Verified just now")
    expect(page.locator("main")).to_contain_text("Check it without us")
    screenshot(page, "auditor-entry")
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download the proof").click()
    proof = tmp_path / taken.value.suggested_filename
    taken.value.save_as(proof)

    page.goto(live_platform.url("/auditor/exports/"))
    page.get_by_role("button", name="Export the log").click()
    expect(page.get_by_role("link", name="Download", exact=True)).to_be_visible(timeout=PATIENT)
    screenshot(page, "auditor-export")
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download", exact=True).click()
    bundle = tmp_path / "log.zip"
    taken.value.save_as(bundle)

    keys = tmp_path / "keys"
    keys.write_bytes(zipfile.ZipFile(bundle).read("keys"))
    for file in (bundle, proof):
        environment = {**os.environ, "PYTHONPATH": str(schema.REPOSITORY / "clients" / "verify")}
        program = [sys.executable, "-m", "showdown_verify", str(file), "--keys", str(keys)]
        said = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.slow
def test_the_desk_reads_well_everywhere(live_platform: LivePlatform, visit: Callable[..., BrowserContext]) -> None:
    pages = {
        "home": "/home/",
        "entries": "/log/entries/",
        "log": "/log/",
        "checkpoints": "/log/checkpoints/",
        "exports": "/auditor/exports/",
        "samples": "/auditor/samples/",
    }
    for scheme, width, language in WAYS:
        context = visit(color_scheme=scheme, viewport={"width": width, "height": 900})
        page = context.new_page()
        sign_in(page, live_platform, "barbara@demo.example", services.demo_password())
        context.add_cookies([{"name": "django_language", "value": language, "url": live_platform.address}])
        for name, path in pages.items():
            answer = page.goto(live_platform.url(path))
            assert answer is not None
            assert answer.ok, (name, live_platform.log_of("web"))
            screenshot(page, f"desk-{name}-{scheme}-{width}-{language}")
            _is_readable(page, f"{name} {scheme} {width} {language}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width, language)


@pytest.mark.runs("web", "sequencer")
def test_ada_finds_in_which_snapshots_her_vote_counted(
    live_platform: LivePlatform, visit: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    for scheme, width in (("light", 1280), ("dark", 360)):
        page = visit(color_scheme=scheme, viewport={"width": width, "height": 900}).new_page()
        sign_in(page, live_platform, "ada@demo.example", services.demo_password())
        page.goto(live_platform.url("/battles/mine/"))
        page.get_by_role("link", name="Receipt", exact=True).last.click()
        page.wait_for_url(re.compile(r"/receipts/\d+/$"))
        wait_until_shown(page, "Check it without us")
        screenshot(page, f"receipt-{scheme}-{width}")
        _is_readable(page, f"receipt {scheme} {width}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download the receipt").click()
    taken.value.save_as(tmp_path / "receipt.json")
    page.goto(live_platform.url("/log/keys"))
    (tmp_path / "keys").write_text(page.locator("pre").inner_text().strip() + "\n")
    environment = {**os.environ, "PYTHONPATH": str(schema.REPOSITORY / "clients" / "verify")}
    program = [sys.executable, "-m", "showdown_verify", "receipt.json", "--keys", "keys"]
    said = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
