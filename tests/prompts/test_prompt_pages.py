"""Prompts on the web, without script: writing one, following it, answering, withdrawing."""

import uuid
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.contributors.models import Contributor, Standing
from apps.policy.queries import clause
from apps.prompts.models import Prompt, PromptState
from apps.prompts.queries import PAGE_SIZE
from apps.prompts.services import reject_prompt
from tests.conftest import NOON
from tests.prompts.writing import PHOTOSYNTHESIS, WITH_ADDRESS, screened, written
from tests.trails import refusals

NEW = reverse("prompts:new")
MINE = reverse("prompts:mine")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def window(ada: User) -> Client:
    """Ada's browser, signed in."""
    return signed_in(ada)


def form(text: str, **changes: str) -> dict[str, str]:
    return {"text": text, "language": "pt", "category": "knowledge", "submission_key": str(uuid4())} | changes


def page(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def page_of(prompt: Prompt) -> str:
    return reverse("prompts:prompt", args=[prompt.pk])


def test_the_form_begins_in_the_language_that_ada_writes_best(window: Client) -> None:
    shown = page(window, NEW)
    assert '<option value="pt" selected>' in shown
    assert 'name="submission_key"' in shown
    assert "of 8,000 characters" in shown


def test_ada_submits_and_follows_her_prompt(window: Client) -> None:
    answer = window.post(NEW, form(PHOTOSYNTHESIS), follow=True)
    prompt = Prompt.objects.get()
    assert answer.redirect_chain == [(page_of(prompt), 302)]
    shown = answer.content.decode()
    assert "We are reading your question" in shown
    assert f'hx-get="{reverse("prompts:state", args=[prompt.pk])}"' in shown
    assert "Reload" in shown


def test_a_second_click_leads_to_the_same_prompt(window: Client) -> None:
    said = form(PHOTOSYNTHESIS)
    first, second = window.post(NEW, said), window.post(NEW, said)
    assert first["Location"] == second["Location"]
    assert Prompt.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        ("", "there is nothing to read yet", ""),
        (" \u200b\n ", "there is nothing to read yet", "nothing-written"),
        ("oi", "at least 3 characters", "too-short"),
        ("ã" * 8001, "has 8,001 characters", "too-long"),
    ],
)
def test_what_does_not_fit_is_said_kindly_and_the_text_stays(window: Client, text: str, words: str, code: str) -> None:
    answer = window.post(NEW, form(text))
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert words in shown
    assert "data-error-summary" in shown
    assert text.strip() in shown
    # An empty form is not sent to the service; everything else that it refuses is written down.
    assert refusals() == ([code] if code else [])


@pytest.mark.parametrize("letter", ["x", "漢", "🐳"])
def test_a_million_characters_arrive_and_are_told_their_number(window: Client, letter: str) -> None:
    answer = window.post(NEW, form(letter * 1_000_000))
    assert answer.status_code == 422
    assert "has 1,000,000 characters" in answer.content.decode()


@pytest.mark.parametrize(
    "text",
    [
        "ما هي عاصمة البرازيل، ولماذا نُقلت من ريو دي جانيرو؟",
        "<script>alert('x')</script><img src=x onerror=alert(1)>",
        "um\x07dois\x1b[31m três e já",
    ],
)
def test_right_to_left_markup_and_controls_are_shown_as_text(window: Client, text: str) -> None:
    shown = window.post(NEW, form(text), follow=True).content.decode()
    assert Prompt.objects.get().text == text
    assert 'dir="auto"' in shown
    assert "<script>alert" not in shown
    assert "<img src=x" not in shown


def test_nul_and_broken_bytes_leave_a_mark(window: Client) -> None:
    window.post(NEW, form("antes\x00depois, e mais"))
    assert Prompt.objects.get().text == "antes\ufffddepois, e mais"
    broken = f"text=%ED%A0%80+quebrado&language=pt&category=other&submission_key={uuid4()}"
    window.post(NEW, broken, content_type="application/x-www-form-urlencoded")
    assert "quebrado" in Prompt.objects.latest("pk").text


@pytest.mark.parametrize(
    "changes", [{"language": "tlh"}, {"category": "hacking"}, {"submission_key": "x"}, {"language": "\x00"}]
)
def test_unknown_choices_are_sent_back_with_the_text(window: Client, changes: dict[str, str]) -> None:
    answer = window.post(NEW, form(PHOTOSYNTHESIS, **changes))
    assert answer.status_code == 422
    assert PHOTOSYNTHESIS in answer.content.decode()
    assert not Prompt.objects.exists()


def test_another_s_form_gets_a_key_of_its_own(ada: User, mallory: User) -> None:
    taken = str(written(ada).submission_key)
    answer = signed_in(mallory).post(NEW, form("Was steht hier?", language="de", submission_key=taken))
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "Was steht hier?" in shown
    assert taken not in shown
    assert PHOTOSYNTHESIS not in shown


def test_who_may_not_take_part_is_led_to_their_application(ada: User, grace: User) -> None:
    Contributor.objects.filter(account=ada).update(standing=Standing.LEFT)
    for user in (ada, grace):
        assert signed_in(user).get(NEW)["Location"] == reverse("contributors:application")
        assert signed_in(user).post(NEW, form(PHOTOSYNTHESIS))["Location"] == reverse("contributors:application")
    assert not Prompt.objects.exists()


def test_another_s_prompt_is_not_found_on_any_page(ada: User, mallory: User) -> None:
    prompt = screened(ada, WITH_ADDRESS)
    hint = prompt.hints.get()
    client = signed_in(mallory)
    for name in ("prompt", "state", "withdraw"):
        assert client.get(reverse(f"prompts:{name}", args=[prompt.pk])).status_code == 404
        assert client.get(reverse(f"prompts:{name}", args=[2**62])).status_code == 404
    assert client.post(reverse("prompts:withdraw", args=[prompt.pk])).status_code == 404
    assert client.post(reverse("prompts:answer", args=[prompt.pk, hint.pk]), {"answer": "x"}).status_code == 404
    prompt.refresh_from_db()
    assert prompt.state == PromptState.AWAITING_REVIEW
    assert WITH_ADDRESS not in client.get(page_of(prompt)).content.decode()


def test_a_prompt_that_waits_long_says_that_nothing_is_lost(window: Client, ada: User) -> None:
    known = written(ada)
    prompt = Prompt.objects.create(
        author=known.author,
        text="Quanto tempo a maré leva para subir?",
        text_sha256="0" * 64,
        language="pt",
        submission_key=uuid.uuid4(),
        submitted_at=timezone.now() - timedelta(minutes=5),
    )
    shown = page(window, page_of(prompt))
    assert "nothing is lost" in shown
    assert "every 2s" in shown


def test_polling_stops_once_it_is_read(window: Client, ada: User) -> None:
    waiting, read = written(ada), screened(ada, "Explique a maré a quem nunca viu o mar.")
    assert window.get(reverse("prompts:state", args=[waiting.pk])).status_code == 200
    answer = window.get(reverse("prompts:state", args=[read.pk]))
    assert answer.status_code == 286
    assert "hx-trigger" not in answer.content.decode()


def test_an_approved_prompt_offers_a_battle(window: Client, ada: User) -> None:
    prompt = screened(ada)
    shown = page(window, page_of(prompt))
    assert "Start a battle with this question" in shown
    assert f'name="prompt" value="{prompt.pk}"' in shown
    assert 'name="opening_key"' in shown
    assert "A clean prompt enters the pool at once" in shown


def test_a_flagged_prompt_shows_its_hints_masked_with_a_place_to_answer(window: Client, ada: User) -> None:
    prompt = screened(ada, WITH_ADDRESS)
    shown = page(window, page_of(prompt))
    assert "A person will read your question" in shown
    assert "ma•••br" in shown
    assert "No personal data" in shown
    hint = prompt.hints.get()
    answered = window.post(
        reverse("prompts:answer", args=[prompt.pk, hint.pk]), {"answer": "É público <b>"}, follow=True
    )
    assert "Your answer is kept" in answered.content.decode()
    assert "É público &lt;b&gt;" in answered.content.decode()


def test_a_rejected_prompt_shows_its_clause_and_the_way_to_the_reason(window: Client, ada: User, grace: User) -> None:
    prompt = screened(ada, WITH_ADDRESS)
    reject_prompt(actor=grace.as_actor(), prompt=prompt, clause=clause("P2"), now=NOON)
    shown = page(window, page_of(prompt))
    assert clause("P2").text in shown
    assert f"/moderation/decisions/for-prompt/{prompt.pk}/" in shown
    answer = window.post(
        reverse("prompts:answer", args=[prompt.pk, prompt.hints.get().pk]), {"answer": "x"}, follow=True
    )
    assert "Nobody is going to read an answer" in answer.content.decode()


def test_ada_withdraws_after_reading_what_that_does(window: Client, ada: User) -> None:
    prompt = screened(ada)
    address = reverse("prompts:withdraw", args=[prompt.pk])
    assert "This cannot be undone" in page(window, address)
    assert "Your prompt is withdrawn" in window.post(address, follow=True).content.decode()
    assert "already withdrawn" in window.post(address, follow=True).content.decode()
    assert refusals() == ["already-withdrawn"]


def test_the_list_shows_states_and_can_be_narrowed(window: Client, ada: User) -> None:
    screened(ada)
    screened(ada, WITH_ADDRESS)
    shown = page(window, MINE)
    assert "2 questions of yours" in shown
    assert "your answer is asked for" in shown
    narrowed = page(window, f"{MINE}?state=approved")
    assert PHOTOSYNTHESIS in narrowed
    assert "reclamação" not in narrowed


@pytest.mark.parametrize("asked", ["state=king", "before=x", "before=-1", "before=" + "9" * 300, "state=%00"])
def test_odd_addresses_do_no_harm(window: Client, asked: str) -> None:
    assert window.get(f"{MINE}?{asked}").status_code == 200


def test_pages_of_the_list_follow_each_other_in_the_same_number_of_queries(window: Client, ada: User) -> None:
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            window.get(address)
        return len(captured)

    first = written(ada)
    queries(MINE)
    few = queries(MINE)
    author = Contributor.objects.get(account=ada)
    Prompt.objects.bulk_create(
        Prompt(author=author, text=f"Pergunta {n}", language="pt", submission_key=uuid4(), submitted_at=NOON)
        for n in range(PAGE_SIZE)
    )
    assert queries(MINE) == few
    shown = page(window, MINE)
    assert 'rel="next"' in shown
    older = page(window, f"{MINE}?before={first.pk + 1}")
    assert PHOTOSYNTHESIS in older
    assert 'rel="next"' not in older
