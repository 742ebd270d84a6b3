"""A contributor's story: from a new address to a vote in the log, with script and without."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from apps.battles.models import Choice, LanguageModel, Vote
from tests import services
from tests.browser import LivePlatform, screenshot, sign_in
from tests.journeys.steps import PATIENT, ask, choose, texts_of_answers, wait_until_shown, wait_until_title

pytestmark = [pytest.mark.journey, pytest.mark.usefixtures("demo_network")]

ADDRESS = "joan@new.example"
PASSWORD = "quiet harbour lantern seven"
QUESTION = "My bread dough rises well but collapses in the oven. Which three causes should I rule out first?"


def test_a_stranger_becomes_a_contributor_and_finds_their_vote_in_the_log(
    live_platform: LivePlatform, visit: Callable[..., BrowserContext]
) -> None:
    context = visit(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    _sign_up(page, live_platform)
    _apply(page, live_platform)

    ask(page, live_platform, QUESTION)
    screenshot(page, "contributor-question-is-read")
    expect(page.locator("h1")).to_have_text("Your question can be fought over", timeout=PATIENT)
    screenshot(page, "contributor-question-approved")

    page.get_by_role("button", name="Start a battle with this question").click()
    page.wait_for_url(re.compile(r"/battles/\d+/$"))
    ballot = page.locator("form[data-vote] fieldset")
    # Words arrive while the ballot is still closed: the answers are streamed, and half a battle takes no vote.
    page.wait_for_function(
        """() => document.querySelector("form[data-vote] fieldset").disabled
            && [...document.querySelectorAll("[data-text]")].some((text) => text.textContent.trim())""",
        polling=50,
        timeout=PATIENT,
    )
    screenshot(page, "contributor-answers-arrive")
    expect(ballot).to_be_enabled(timeout=PATIENT)
    _both_are_whole(page)
    names = _names_of_models(page)
    assert not names, f"The page tells {names} before the vote."
    screenshot(page, "contributor-both-answers")
    second_tab = context.new_page()
    second_tab.goto(page.url)

    choose(page, "A is better")
    page.get_by_role("button", name="Vote", exact=True).dblclick()
    expect(page.locator("h1")).to_have_text(re.compile(r"^\s*A was .+, B was .+\s*$"), timeout=PATIENT)
    expect(page.locator("#receipt")).to_contain_text(re.compile(r"leaf [\d,]+ of [\d,]+"), timeout=PATIENT)
    expect(page.locator("#receipt")).to_contain_text("checked now, it holds")
    screenshot(page, "contributor-names-and-receipt")
    _shows_no_choice(page)

    choose(second_tab, "B is better")
    second_tab.get_by_role("button", name="Vote", exact=True).click()
    expect(second_tab.locator("main")).to_contain_text("Not counted twice")
    screenshot(second_tab, "contributor-second-vote")
    second_tab.get_by_role("link", name="See the receipt").click()
    expect(second_tab.locator("#receipt")).to_contain_text("checked now, it holds")
    assert Vote.objects.get(battle__contributor__account__email=ADDRESS).choice == Choice.LEFT

    page.goto(live_platform.url("/battles/mine/"))
    _shows_no_choice(page)
    screenshot(page, "contributor-my-votes")
    page.goto(live_platform.url("/home/"))
    screenshot(page, "contributor-home-after-one-vote")


def test_everything_from_a_question_to_its_receipt_works_without_script(
    live_platform: LivePlatform, visit: Callable[..., BrowserContext]
) -> None:
    page = visit(java_script_enabled=False, viewport={"width": 400, "height": 800}).new_page()
    sign_in(page, live_platform, "ada@demo.example", services.demo_password())
    ask(page, live_platform, "How do I keep a wooden boat from drying out over a hot summer on land?")
    wait_until_title(page, "Your question can be fought over")
    page.get_by_role("button", name="Start a battle with this question").click()
    screenshot(page, "unscripted-before-answers")
    page.get_by_role("button", name="Get both answers").click(timeout=PATIENT)
    _both_are_whole(page)
    screenshot(page, "unscripted-both-answers")
    choose(page, "Both good")
    page.get_by_role("button", name="Vote", exact=True).click()
    expect(page.locator("h1")).to_have_text(re.compile(r"^\s*A was .+, B was .+\s*$"))
    wait_until_shown(page, "checked now, it holds")
    _shows_no_choice(page)
    screenshot(page, "unscripted-names-and-receipt")


def _sign_up(page: Page, platform: LivePlatform) -> None:
    page.goto(platform.url("/contribute/"))
    page.get_by_role("link", name="Make an account").click()
    form = page.locator("form", has=page.locator("input[name=password1]"))
    form.locator("input[name=email]").fill(ADDRESS)
    form.locator("input[name=password1]").fill(PASSWORD)
    form.locator("input[name=password2]").fill(PASSWORD)
    screenshot(page, "contributor-sign-up")
    form.locator("button[type=submit]").click()
    page.wait_for_url("**/accounts/confirm-email/")
    screenshot(page, "contributor-look-at-your-mail")
    page.goto(platform.url("/demo/mail/"))
    letter = page.locator("section", has_text=ADDRESS).first
    screenshot(page, "contributor-mail")
    letter.locator("a[href*='/accounts/confirm-email/']").click()
    screenshot(page, "contributor-confirm")
    page.locator("main form[action*='confirm-email'] button[type=submit]").click()
    page.wait_for_url(re.compile(r"^(?!.*confirm-email).*$"))
    if "/accounts/login/" in page.url:
        sign_in(page, platform, ADDRESS, PASSWORD)


def _apply(page: Page, platform: LivePlatform) -> None:
    page.goto(platform.url("/contribute/"))
    page.get_by_role("button", name="Begin the application").click()
    expect(page.locator("h1")).to_have_text("3 steps left")
    screenshot(page, "contributor-application-begun")

    page.get_by_role("link", name="Who you are, in broad strokes").click()
    page.get_by_label("Country you live in").select_option("NZ")
    page.get_by_label("Language you write best").select_option("en")
    page.get_by_label("Profession").fill("Bakers, pastry-cooks and confectionery makers (7512)")
    page.locator("select[name=age_band]").select_option(label="35 to 44")
    page.locator("select[name=education]").select_option(label="Upper secondary school")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1"), "the description is saved").to_have_text("2 steps left")

    page.get_by_role("link", name="Whom you work for").click()
    page.get_by_label("I work for no organization").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("One step left")

    page.get_by_role("link", name="What you agree to").click()
    screenshot(page, "contributor-consents")
    for left in (2, 1, 0):
        page.get_by_role("button", name="I agree").first.click()
        expect(page.get_by_role("button", name="I agree")).to_have_count(left)
    page.get_by_role("link", name="Done here").click()
    expect(page.locator("h1")).to_have_text("Everything is there: send it")
    page.get_by_role("button", name="Send the application").click()
    expect(page.locator("h1")).to_have_text("You take part")
    screenshot(page, "contributor-takes-part")


def _names_of_models(page: Page) -> list[str]:
    shown = page.content()
    return [name for name in LanguageModel.objects.values_list("name", flat=True) if name in shown]


def _both_are_whole(page: Page) -> None:
    texts = texts_of_answers(page)
    assert len(texts) == 2
    assert all(texts)


def _shows_no_choice(page: Page) -> None:
    shown = page.content()
    labels = [*map(str, Choice.labels), "Both good", "Both bad"]
    assert not [label for label in labels if label in shown]
    # Nor in an attribute that only a script reads.
    assert not re.findall(rf"[\"' ](?:{'|'.join(Choice.values)}|preferred)[\"']", shown)
