"""What a contributor sees in the browser: the battle, the vote, the names, the receipt."""

import random
import re
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.battles.events import BattleEvent
from apps.battles.models import Battle, BattleState, Choice, Side, VoidReason, Vote
from apps.battles.queries import receipt_of
from apps.battles.services import cast_vote, exclude_votes, expire_battle, void_battle
from tests.battles.arena import PLATFORM, Arena, add_prompt, amend
from tests.trails import refusals, trail_of


def page(client: Client, battle: Battle) -> str:
    response = client.get(f"/battles/{battle.pk}/")
    assert response.status_code == 200
    return response.content.decode()


def names(battle: Battle) -> list[str]:
    sides = (battle.left_model, battle.right_model)
    return [*(model.name for model in sides), *(model.slug for model in sides)]


def vote_form(client: Client, battle: Battle, choice: str = "left") -> dict[str, str]:
    found = re.search(r'name="ballot_key" value="([^"]+)"', page(client, battle))
    assert found
    return {"choice": choice, "ballot_key": found[1]}


@pytest.fixture
def adas(ada: User, client: Client) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def now_ready(ada: User, arena: Arena) -> Battle:
    return arena.ready(ada, now=timezone.now())


def test_a_battle_is_opened_from_the_pool_in_ones_languages(adas: Client, mallory: User, arena: Arena) -> None:
    add_prompt(mallory, "Wie spät ist es?", language="de")
    response = adas.post("/battles/open/", {"opening_key": str(uuid.uuid4())})
    battle = Battle.objects.get()
    assert response.headers["Location"] == f"/battles/{battle.pk}/"
    assert battle.prompt == arena.prompt
    assert "How many minutes" in page(adas, battle)


def test_a_battle_is_opened_on_ones_own_prompt(adas: Client, ada: User, arena: Arena) -> None:
    mine = add_prompt(ada, "Quantos minutos tem uma hora?", language="pt")
    assert "Quantos minutos" in adas.get(f"/battles/?prompt={mine.pk}").content.decode()
    adas.post("/battles/open/", {"opening_key": str(uuid.uuid4()), "prompt": mine.pk})
    assert Battle.objects.get().prompt == mine


def test_two_posts_of_one_form_open_one_battle(adas: Client, arena: Arena) -> None:
    form = {"opening_key": str(uuid.uuid4())}
    places = {adas.post("/battles/open/", form).headers["Location"] for _click in range(2)}
    assert len(places) == 1
    assert Battle.objects.count() == 1


@pytest.mark.parametrize("form", [{}, {"opening_key": "x"}, {"opening_key": str(uuid.uuid4()), "prompt": "seven"}])
def test_a_broken_form_opens_nothing(adas: Client, arena: Arena, form: dict[str, str]) -> None:
    assert adas.post("/battles/open/", form).headers["Location"] == "/battles/"
    assert not Battle.objects.exists()


def test_other_peoples_unapproved_prompts_do_not_exist(adas: Client, mallory: User, arena: Arena) -> None:
    hidden = add_prompt(mallory, state="awaiting_review")
    for number in (hidden.pk, 10**15):
        form = {"opening_key": str(uuid.uuid4()), "prompt": number}
        assert adas.post("/battles/open/", form).status_code == 404


def test_an_empty_pool_says_so(adas: Client, arena: Arena) -> None:
    type(arena.prompt).objects.update(state="withdrawn")
    response = adas.post("/battles/open/", {"opening_key": str(uuid.uuid4())}, follow=True)
    assert "No question waits in your languages" in response.content.decode()


def test_the_days_number_is_told_where_the_next_battle_would_start(adas: Client, ada: User, arena: Arena) -> None:
    amend("B5", per_day=1)
    arena.opened(ada, now=timezone.now())
    response = adas.post("/battles/open/", {"opening_key": str(uuid.uuid4())}, follow=True)
    assert "which is as many as count" in response.content.decode()
    assert refusals() == ["daily-number-reached"]


def test_no_name_is_on_the_page_before_the_vote(adas: Client, ada: User, arena: Arena) -> None:
    now = timezone.now()
    for battle in (arena.opened(ada, now=now), arena.asked(ada, now=now), arena.ready(ada, now=now)):
        text = page(adas, battle)
        assert not any(name in text for name in names(battle)), battle.state
        text = adas.get("/battles/mine/").content.decode()
        assert not any(name in text for name in names(battle)), battle.state


def test_answers_are_shown_as_markdown_in_the_questions_language(adas: Client, now_ready: Battle) -> None:
    text = page(adas, now_ready)
    assert "<strong>sixty</strong>" in text
    assert "<li>sixty</li>" in text
    assert text.count('lang="en"') >= 3
    assert text.count('dir="auto"') >= 3


def test_hostile_answers_and_questions_stay_text(adas: Client, ada: User, arena: Arena) -> None:
    arena.prompt = add_prompt(ada, "<script>alert('question')</script>")
    battle = arena.ready(ada, left="<img src=x onerror=alert(1)>", now=timezone.now())
    text = page(adas, battle)
    assert "<script>alert" not in text
    assert "<img" not in text


def test_four_radios_and_the_key_of_the_form(adas: Client, now_ready: Battle) -> None:
    text = page(adas, now_ready)
    assert re.findall(r'type="radio" name="choice" value="(\w+)"', text) == list(Choice.values)
    assert "<fieldset >" in text
    assert vote_form(adas, now_ready)["ballot_key"] != vote_form(adas, now_ready)["ballot_key"]


def test_the_vote_is_closed_until_both_answers_are_there(adas: Client, ada: User, arena: Arena) -> None:
    text = page(adas, arena.asked(ada, now=timezone.now()))
    assert "<fieldset disabled>" in text


def test_after_the_vote_come_the_names_and_the_receipt_and_never_the_choice(
    adas: Client, ada: User, arena: Arena
) -> None:
    shown = set()
    for choice in Choice:
        arena.rng = random.Random(7)  # The same two models each time.
        battle = arena.ready(ada, now=timezone.now())
        response = adas.post(f"/battles/{battle.pk}/vote/", vote_form(adas, battle, choice.value))
        assert response.headers["Location"] == f"/battles/{battle.pk}/"
        text = page(adas, battle)
        assert battle.left_model.name in text
        assert battle.right_model.organization.name in text
        receipt = receipt_of(battle)
        assert receipt is not None
        assert receipt.row.ref in text
        assert "waiting to be sequenced" in text
        assert Vote.objects.get(battle=battle).commitment not in text
        # Whatever was chosen, the page reads the same but for keys of forms, numbers and times.
        shown.add(re.sub(r'value="[0-9a-zA-Z-]{20,}"|csrftoken": "\w+"|<time.*?</time>|\d+', "…", text))
    assert len(shown) == 1


def test_a_double_click_lands_on_the_receipt(adas: Client, now_ready: Battle) -> None:
    form = vote_form(adas, now_ready)
    responses = [adas.post(f"/battles/{now_ready.pk}/vote/", form) for _click in range(2)]
    assert {response.headers["Location"] for response in responses} == {f"/battles/{now_ready.pk}/"}
    assert trail_of(now_ready).count(BattleEvent.VOTE_CAST) == 1
    assert refusals() == []


def test_a_second_vote_is_told_that_the_first_counts(adas: Client, now_ready: Battle) -> None:
    first, second = vote_form(adas, now_ready, "left"), vote_form(adas, now_ready, "right")
    adas.post(f"/battles/{now_ready.pk}/vote/", first)
    response = adas.post(f"/battles/{now_ready.pk}/vote/", second)
    assert response.status_code == 409
    assert "has already counted" in response.content.decode()
    assert f"/battles/{now_ready.pk}/#receipt" in response.content.decode()
    assert Vote.objects.get().choice == Choice.LEFT
    assert refusals() == ["already-voted"]


@pytest.mark.parametrize("form", [{}, {"choice": "neither"}, {"choice": "left", "ballot_key": "x"}])
def test_a_vote_without_a_choice_asks_again(adas: Client, now_ready: Battle, form: dict[str, str]) -> None:
    response = adas.post(f"/battles/{now_ready.pk}/vote/", form)
    assert response.status_code == 422
    assert not Vote.objects.exists()
    assert 'name="choice"' in response.content.decode()


def test_somebody_elses_battle_does_not_exist(client: Client, mallory: User, now_ready: Battle) -> None:
    client.force_login(mallory)
    number = now_ready.pk
    for path in (f"/battles/{number}/", f"/battles/{number}/stream/", f"/battles/{number + 1}/", f"/battles/{10**30}/"):
        assert client.get(path).status_code == 404, path
    for path in ("vote", "skip", "answers"):
        form = {"choice": "left", "reason": "other"}
        theirs = client.post(f"/battles/{number}/{path}/", form)
        nobodys = client.post(f"/battles/{number + 1}/{path}/", form)
        assert theirs.status_code == nobodys.status_code == 404, path
    assert not Vote.objects.exists()
    assert refusals() == ["no-such-battle"] * 4


@pytest.mark.parametrize("path", ["/battles/", "/battles/mine/", "/battles/1/", "/battles/1/stream/"])
def test_visitors_are_asked_to_sign_in(client: Client, db: None, path: str) -> None:
    assert "/accounts/login/" in client.get(path).headers["Location"]


def test_staff_have_no_battles(client: Client, grace: User, now_ready: Battle) -> None:
    client.force_login(grace)
    assert client.get(f"/battles/{now_ready.pk}/").status_code == 404
    assert client.get("/battles/mine/").status_code == 404


def test_a_skip_ends_the_battle(adas: Client, now_ready: Battle) -> None:
    response = adas.post(f"/battles/{now_ready.pk}/skip/", {"reason": "cannot_judge"}, follow=True)
    assert "Skipping costs nothing" in response.content.decode()
    text = page(adas, now_ready)
    assert "You skipped this battle" in text
    assert not any(name in text for name in names(now_ready))
    late = adas.post(f"/battles/{now_ready.pk}/vote/", {"choice": "left"}, follow=True)
    assert "has ended without a vote" in late.content.decode()


@pytest.mark.parametrize("reason", [reason for reason in VoidReason if reason != VoidReason.PROMPT_CLOSED])
def test_a_void_battle_is_kind_and_offers_another(adas: Client, ada: User, arena: Arena, reason: VoidReason) -> None:
    battle = arena.asked(ada, now=timezone.now())
    void_battle(actor=PLATFORM, battle_id=battle.pk, reason=reason, side=Side.LEFT, now=timezone.now())
    text = page(adas, battle)
    assert "This battle did not work out" in text
    assert f'name="prompt" value="{arena.prompt.pk}"' in text
    assert not any(name in text for name in names(battle))


def test_a_battle_whose_question_was_taken_back_does_not_show_it(adas: Client, ada: User, arena: Arena) -> None:
    battle = arena.asked(ada, now=timezone.now())
    void_battle(actor=PLATFORM, battle_id=battle.pk, reason=VoidReason.PROMPT_CLOSED, now=timezone.now())
    assert arena.prompt.text not in page(adas, battle)


def test_an_expired_battle_says_so(adas: Client, ada: User, arena: Arena) -> None:
    opened = timezone.now() - timedelta(hours=25)
    battle = arena.ready(ada, now=opened)
    late = adas.post(f"/battles/{battle.pk}/vote/", vote_form(adas, battle), follow=True)
    assert "waited too long" in late.content.decode()
    expire_battle(actor=Actor.system("battles.expire_due"), battle_id=battle.pk, now=timezone.now())
    assert "This battle waited too long for a vote" in page(adas, battle)
    assert Battle.objects.get().state == BattleState.EXPIRED


def test_a_vote_that_is_left_out_says_under_which_clause(
    adas: Client, ada: User, grace: User, now_ready: Battle
) -> None:
    cast_vote(actor=ada.as_actor(), battle=now_ready, choice=Choice.LEFT, now=timezone.now())
    exclude_votes(actor=grace.as_actor(), contributor=ada.contributor, clause="I1", now=timezone.now())
    assert "left out of the boards" in page(adas, now_ready)
    assert "I1" in adas.get("/battles/mine/").content.decode()


def test_my_battles_come_in_pages(adas: Client, ada: User, arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.battles.queries.PAGE_SIZE", 2)
    battles = [arena.opened(ada, now=timezone.now()) for _time in range(3)]
    first = adas.get("/battles/mine/").content.decode()
    assert f"/battles/{battles[2].pk}/" in first
    assert f"/battles/{battles[0].pk}/" not in first
    assert f"before={battles[1].pk}" in first
    assert f"/battles/{battles[0].pk}/" in adas.get(f"/battles/mine/?before={battles[1].pk}").content.decode()


def test_the_pages_need_few_queries(
    adas: Client, ada: User, arena: Arena, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    battles = [arena.ready(ada, now=timezone.now()) for _time in range(4)]
    for path in ("/battles/mine/", "/battles/", f"/battles/{battles[0].pk}/"):
        with django_assert_max_num_queries(16):
            adas.get(path)


def test_a_missing_redis_changes_nothing(adas: Client, ada: User, arena: Arena, settings: Settings) -> None:
    nowhere = "redis://127.0.0.1:9/0"
    settings.CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": nowhere}}
    settings.CELERY_BROKER_URL = nowhere
    adas.post("/battles/open/", {"opening_key": str(uuid.uuid4())})
    battle = arena.ready(ada, now=timezone.now())
    response = adas.post(f"/battles/{battle.pk}/vote/", vote_form(adas, battle), follow=True)
    assert "Your receipt" in response.content.decode()


def test_nobody_browses_the_pool_by_its_numbers(adas: Client, mallorys_prompt_id: int) -> None:
    """The pool is drawn from; whoever could choose in it could read it and pick what to vote on."""
    assert "Quantos" not in adas.get(f"/battles/?prompt={mallorys_prompt_id}").content.decode()
    answer = adas.post("/battles/open/", {"opening_key": str(uuid.uuid4()), "prompt": mallorys_prompt_id})
    assert answer.status_code == 404
    for odd in ("9" * 5000, "²", "-1", "1e3", ""):
        assert adas.get("/battles/", {"prompt": odd}).status_code == 200


@pytest.fixture
def mallorys_prompt_id(arena: Arena) -> int:
    return arena.prompt.pk
