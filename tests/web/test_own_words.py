"""Ada takes her own words with her: everything that she wrote and chose, and no answer that is still live."""

import json
import uuid
from typing import Any

import psycopg
import pytest
from django.test import Client

from apps.accounts.models import User
from apps.battles.models import Choice
from apps.battles.services import cast_vote
from apps.contributors.models import OwnExport
from apps.prompts.models import Prompt
from tests.battles.arena import Arena
from tests.conftest import NOON
from tests.licensing.world import small_world
from tests.moderation.desk import FLAGGED, REASON, appealed, prompt_of, rejected
from tests.trails import facts_about, refusals, trail_of

pytestmark = pytest.mark.committed
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def visit(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def taken_by(user: User) -> list[dict[str, Any]]:
    response = visit(user).post("/my-words/take/")
    assert response.status_code == 200
    assert response["Content-Type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in response.getvalue().splitlines()]


def test_everything_that_ada_wrote_and_chose_is_in_the_file(arena: Arena, ada: User, grace: User) -> None:
    prompt = prompt_of(ada, FLAGGED)
    prompt.hints.filter(needs_review=True).update(answer="It is from a textbook.")
    appealed(ada, rejected(grace, prompt))
    battle = arena.ready(ada)
    cast_vote(actor=ada.as_actor(), battle=battle, choice=Choice.BOTH_BAD, now=NOON)
    lines = taken_by(ada)
    assert [line["kind"] for line in lines] == ["prompt", "answer_to_hint", "appeal", "vote"]
    assert lines[0]["text"] == FLAGGED
    assert lines[1]["text"] == "It is from a textbook."
    assert lines[2]["text"].startswith("That number is the one")
    assert lines[3]["choice"] == "both_bad"


def test_live_answers_others_prompts_and_staffs_words_are_not(
    arena: Arena, ada: User, mallory: User, grace: User
) -> None:
    rejected(grace, prompt_of(ada, FLAGGED))
    voted = arena.ready(ada, left="The left answer.", right="The right answer.")
    cast_vote(actor=ada.as_actor(), battle=voted, choice=Choice.LEFT, now=NOON)
    arena.ready(ada)
    arena.ready(mallory)
    lines = taken_by(ada)
    whole = json.dumps(lines)
    for others in ("The left answer.", "The right answer.", arena.prompt.text, REASON):
        assert others not in whole
    (vote,) = (line for line in lines if line["kind"] == "vote")
    assert (vote["battle"], vote["answers"], vote["own_prompt"]) == (voted.pk, None, None)


def test_answers_join_the_file_when_the_database_says_that_they_are_past_the_wall(
    owner_connection: psycopg.Connection[Any], mallory: User, ada: User, margaret: User, ingrid: User
) -> None:
    world = small_world(owner_connection, mallory, ada, margaret, ingrid)
    prompt, cluster, battles = world.sky(battles=2)
    _young, _cluster, (live,) = world.sky(days_ago=3)
    world.remark()
    assert {line["answers"] is None for line in taken_by(ada)} == {True}, "old, and not retired yet"
    world.retired(cluster)
    with_answers = {line["battle"]: line["answers"] for line in taken_by(ada) if line["answers"]}
    assert set(with_answers) == set(battles)
    assert with_answers[battles[0]]["left"] == f"The left answer to battle {battles[0]}"
    assert live not in with_answers
    world.battle(prompt, days_ago=0, is_voted=False)
    assert {line["answers"] is None for line in taken_by(ada)} == {True}, "a new battle makes all of it live again"


def test_that_it_is_taken_is_written_before_the_first_byte(ada: User) -> None:
    prompt_of(ada)
    response = visit(ada).post("/my-words/take/")
    export = OwnExport.objects.get()
    assert trail_of(export) == ["contributors.words_taken"]
    assert facts_about(export)["network"] == f"contributors.network:{export.network_id}"
    assert response.getvalue()


def test_looking_at_the_page_takes_nothing(ada: User) -> None:
    prompt_of(ada)
    page = visit(ada).get("/my-words/")
    assert b"Take the file" in page.content
    assert not OwnExport.objects.exists()
    assert visit(ada).get("/my-words/take/").status_code == 405


def test_who_never_took_part_has_nothing_to_take(radia: User) -> None:
    assert visit(radia).get("/my-words/").status_code == 302
    assert visit(radia).post("/my-words/take/").status_code == 409
    assert refusals() == ["no-application"]


def test_a_thousand_prompts_are_read_page_by_page(ada: User, django_assert_max_num_queries: Any) -> None:
    first = prompt_of(ada, "How many words fit into a file that is written while it is sent?")
    Prompt.objects.bulk_create(
        Prompt(
            author=first.author,
            text=f"Question {number}",
            text_sha256=uuid.uuid4().hex * 2,
            submission_key=uuid.uuid4(),
            submitted_at=NOON,
        )
        for number in range(450)
    )
    client = visit(ada)
    with django_assert_max_num_queries(30):
        response = client.post("/my-words/take/")
        assert len(response.getvalue().splitlines()) == 451


def test_the_owner_of_another_account_gets_their_own(ada: User, mallory: User) -> None:
    prompt_of(ada, "What did Ada ask about the bridges of her town?")
    prompt_of(mallory, "What did Mallory ask about the bridges of her town?")
    assert [line["text"] for line in taken_by(mallory)] == ["What did Mallory ask about the bridges of her town?"]
