"""Words have one cluster or none, settled when they are screened; a battle on words without one is never for sale."""

import random
import uuid
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError
from psycopg import errors

from apps.battles.models import Battle
from apps.battles.services import open_battle
from apps.prompts.models import Prompt
from tests.conftest import NOON
from tests.licensing.interleaving import Table, every_order
from tests.licensing.races import weakened
from tests.licensing.world import World
from tests.prompts.writing import screened

pytestmark = pytest.mark.committed
App = psycopg.Connection[Any]

_HANDED_IN = """
INSERT INTO prompts_prompt (author_id, text, text_sha256, language, detected_language, category, state, cluster_id,
  below_cluster_length, submission_key, submitted_at, screened_at, decided_at, decided_clause)
VALUES ({author}, 'Why do we dream?', '{digest}', 'en', '', 'knowledge', '{state}', {cluster}, false, '{key}', now(),
  {screened}, {screened}, '')
"""


def handed_in(world: World, *, cluster: int | None, digest: str) -> str:
    """Return the statement with which the application writes a prompt, screened when it has a cluster."""
    return _HANDED_IN.format(
        author=world.authors_id,
        digest=digest,
        key=uuid.uuid4(),
        cluster=cluster or "NULL",
        state="awaiting_review" if cluster else "submitted",
        screened="now()" if cluster else "NULL",
    )


def new_cluster(world: World) -> int:
    return int(world.value("INSERT INTO prompts_cluster (founded_at) VALUES (now()) RETURNING id"))


def clusters_of(world: World, battle: int) -> list[int]:
    rows = world.owner.execute("SELECT cluster_id FROM battle_cluster WHERE battle_id = %s", [battle]).fetchall()
    return [row[0] for row in rows]


def test_a_battle_on_words_too_short_for_a_cluster_is_never_eligible(world: World, app: App) -> None:
    _prompt, cluster, [old] = world.sky()
    _short_prompt, short = world.remark()
    # Whoever asks, and in whatever way: no cluster, so nothing that could retire and make it eligible.
    for connection in (app, world.owner):
        with pytest.raises(errors.CheckViolation):
            connection.execute("INSERT INTO battle_cluster VALUES (%s, %s)", [short, cluster])
    world.retired(cluster)
    assert world.owner.execute("SELECT battle_id FROM eligible_battle").fetchall() == [(old,)]
    assert clusters_of(world, short) == []


def test_a_service_opens_battles_on_short_and_on_longer_words(world: World) -> None:
    """The rule is about the database; people notice nothing of it."""
    for text, has_cluster in (("continue", False), ("Why is the sea salty and a lake not?", True)):
        prompt = screened(world.author, text, language="en")
        battle = open_battle(
            actor=world.voter.as_actor(),
            prompt=prompt,
            opening_key=uuid.uuid4(),
            now=NOON,
            rng=random.Random(1),
        )
        assert Battle.objects.get(pk=battle.pk).clusters.exists() == has_cluster


def test_words_that_are_clustered_late_take_their_battles_along(world: World, app: App) -> None:
    app.execute(handed_in(world, cluster=None, digest="a" * 64).encode())
    prompt, cluster = Prompt.objects.latest("pk").pk, new_cluster(world)
    live = app.execute((world.opening(prompt) + " RETURNING id").encode()).fetchone()
    assert live is not None
    with pytest.raises(errors.CheckViolation):
        app.execute("INSERT INTO battle_cluster VALUES (%s, %s)", [live[0], cluster])
    app.execute("UPDATE prompts_prompt SET cluster_id = %s, screened_at = now() WHERE id = %s", [cluster, prompt])
    assert clusters_of(world, live[0]) == [cluster]


def test_the_same_words_join_their_twins_wherever_these_were_merged(world: World, app: App) -> None:
    first, second, third = (new_cluster(world) for _number in range(3))
    digest = "b" * 64
    app.execute(handed_in(world, cluster=first, digest=digest).encode())
    app.execute("SELECT merge_clusters(%s, %s)", [first, second])
    with pytest.raises(errors.RestrictViolation):
        app.execute(handed_in(world, cluster=third, digest=digest).encode())
    for cluster in (second, first):
        app.execute(handed_in(world, cluster=cluster, digest=digest).encode())
    # Other words live where they like.
    app.execute(handed_in(world, cluster=third, digest="c" * 64).encode())


def test_screening_that_forgets_to_look_for_twins_is_stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    words = "Why do cats purr when nobody strokes them?"
    first = screened(world.author, words, language="en")
    with monkeypatch.context() as patched:
        patched.setattr("apps.prompts.services.cluster_rows.twins_of", lambda *_asked, **_more: [])
        patched.setattr("apps.prompts.services.cluster_rows.founders_near", lambda *_asked: [])
        with pytest.raises(IntegrityError, match="live in cluster"):
            screened(world.voter, words, language="en")
    assert screened(world.voter, words, language="en").cluster == first.cluster


def twins_in_two_clusters(world: World, digest: str) -> list[Any]:
    query = "SELECT count(DISTINCT cluster_id) FROM prompts_prompt WHERE text_sha256 = %s HAVING count(*) > 1"
    rows = world.owner.execute(query, [digest]).fetchall()
    return [row for row in rows if row[0] > 1]


def test_two_that_found_clusters_for_the_same_words_at_once(world: World, database_urls: dict[str, str]) -> None:
    digest = ""

    def scene() -> list[list[str]]:
        nonlocal digest
        digest = uuid.uuid4().hex * 2
        inserts = (handed_in(world, cluster=new_cluster(world), digest=digest) for _hand in range(2))
        return [["BEGIN", insert, "COMMIT"] for insert in inserts]

    def broken() -> tuple[int, int]:
        table = Table([database_urls["app"]] * 2, database_urls["admin"])
        try:
            played, wrong = every_order(table, scene, lambda: twins_in_two_clusters(world, digest))
        finally:
            table.close()
        return played, len(wrong)

    assert broken() == (20, 0)
    # Without the lock, two at once do not see each other: the test can fail.
    weakened(world.owner, "wall_on_twin()", ("PERFORM pg_advisory_xact_lock", "PERFORM hashint8"))
    played, wrong = broken()
    assert played == 20
    assert wrong > 0
