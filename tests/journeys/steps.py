"""The steps that several stories share: asking a question, reading two answers, voting, finding the receipt."""

import re
import time
from typing import Final

from playwright.sync_api import Page, expect

from tests.browser import LivePlatform

# Answers take about a second, screening and sequencing a few; a busy machine takes its time.
PATIENT: Final = 45_000  # milliseconds


def ask(page: Page, platform: LivePlatform, question: str) -> None:
    """Submit a question in English by the real form; ends on the question's own page."""
    page.goto(platform.url("/prompts/new/"))
    page.get_by_label("Your question").fill(question)
    page.get_by_label("Language it is written in").select_option("en")
    page.get_by_role("button", name="Submit the question").click()
    page.wait_for_url(re.compile(r"/prompts/\d+/$"))


def wait_until_title(page: Page, title: str, *, seconds: float = 90) -> None:
    """Load the page again until its title is the given one; works without script."""
    until = time.monotonic() + seconds
    while page.locator("h1").first.inner_text() != title and time.monotonic() < until:
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator("h1").first).to_have_text(title)


def wait_until_shown(page: Page, text: str, *, seconds: float = 90) -> None:
    """Load the page again until it shows a text; works without script."""
    until = time.monotonic() + seconds
    while text not in page.locator("main").inner_text() and time.monotonic() < until:
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator("main")).to_contain_text(text)


def choose(page: Page, label: str) -> None:
    """Mark one of the four choices."""
    page.locator("form[data-vote] label", has_text=label).locator("input").check()


def texts_of_answers(page: Page) -> list[str]:
    """Return what stands in both answers."""
    return [text.strip() for text in page.locator("[data-answer] [data-text]").all_inner_texts()]
