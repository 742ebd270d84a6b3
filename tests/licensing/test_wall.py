"""The wall by itself: what retires, what a live event takes back, what a release takes away for good."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.utils import timezone
from psycopg import errors

from tests.licensing.world import World

pytestmark = pytest.mark.committed
App = psycopg.Connection[Any]


def is_retired(world: World, cluster: int) -> bool:
    return bool(world.value("SELECT count(*) FROM retired_cluster WHERE cluster_id = %s", cluster))


def eligible(world: World) -> list[int]:
    return [row[0] for row in world.owner.execute("SELECT battle_id FROM eligible_battle ORDER BY 1").fetchall()]


def tag_of(world: World, battle: int) -> str | None:
    tag: str | None = world.value("SELECT tag FROM battles_battle WHERE id = %s", battle)
    return tag


def opened(world: World, app: App, prompt: int) -> int:
    found = app.execute((world.opening(prompt) + " RETURNING id").encode()).fetchone()
    assert found is not None
    return int(found[0])


def test_an_old_cluster_retires_and_its_voted_battles_become_eligible(world: World, app: App) -> None:
    prompt, cluster, [old] = world.sky()
    world.battle(prompt, is_voted=False)
    assert app.execute("SELECT retire_cluster(%s, 60)", [cluster]).fetchone() is not None
    assert eligible(world) == [old]
    before = world.value("SELECT retired_at FROM retired_cluster")
    # Asked again, the certificate stays as it was.
    assert app.execute("SELECT retire_cluster(%s, 60)", [cluster]).fetchone() == (before,)


def test_a_cluster_stays_live_until_its_last_event_is_sixty_days_old(world: World, app: App) -> None:
    prompt, cluster, _battles = world.sky(days_ago=300)
    world.battle(prompt, days_ago=59.99, is_voted=False)
    with pytest.raises(errors.CheckViolation):
        app.execute("SELECT retire_cluster(%s, 60)", [cluster])
    assert eligible(world) == []


def test_policy_lengthens_the_sixty_days_and_nobody_shortens_them(world: World, app: App) -> None:
    _prompt, young, _battles = world.sky(days_ago=30)
    for days in (60, 1, 0, -500, None):
        with pytest.raises(errors.CheckViolation):
            app.execute("SELECT retire_cluster(%s, %s)", [young, days])
    _prompt, old, _battles = world.sky(days_ago=90)
    with pytest.raises(errors.CheckViolation):
        app.execute("SELECT retire_cluster(%s, 120)", [old])
    app.execute("SELECT retire_cluster(%s, 60)", [old])


def test_the_floor_holds_without_the_function(world: World) -> None:
    _prompt, cluster, _battles = world.sky(days_ago=30)
    with pytest.raises(errors.CheckViolation) as caught:
        world.owner.execute("INSERT INTO retired_cluster VALUES (%s, now() - interval '1439 hours', now())", [cluster])
    assert caught.value.diag.constraint_name == "retired_cluster_sixty_days"
    for never in ("'-infinity', now()", "'-infinity', 'infinity'", "now(), 'infinity'"):
        with pytest.raises(errors.CheckViolation):
            world.owner.execute(f"INSERT INTO retired_cluster VALUES ({cluster}, {never})".encode())


def test_a_time_zone_cannot_make_sixty_days_shorter(world: World, app: App) -> None:
    """A session may invent a zone whose summer is 334 hours ahead; sixty days of its calendar are 46 of everybody's."""
    _prompt, cluster, _battles = world.sky(days_ago=55)
    today = timezone.now()
    summer = [f"J{min((today + timedelta(days=days)).timetuple().tm_yday, 365)}" for days in (-30, 20)]
    app.execute("SELECT set_config('timezone', %s, false)", [f"<A>167<B>-167,{summer[0]},{summer[1]}"])
    calendar = app.execute(
        "SELECT extract(epoch FROM last_event_at + interval '60 days' - last_event_at) / 86400 FROM battles_battle"
    ).fetchone()
    assert calendar is not None
    assert calendar[0] < 47
    with pytest.raises(errors.CheckViolation):
        app.execute("SELECT retire_cluster(%s, 60)", [cluster])


def test_opening_a_battle_takes_the_certificate_back(world: World, app: App) -> None:
    prompt, cluster, _battles = world.sky()
    world.retired(cluster)
    live = opened(world, app, prompt)
    assert not is_retired(world, cluster)
    assert eligible(world) == []
    assert tag_of(world, live) is None


def test_a_late_vote_is_a_live_event(world: World, app: App) -> None:
    prompt, cluster, _battles = world.sky()
    late = world.battle(prompt, is_voted=False)
    world.retired(cluster)
    with app.transaction():
        for statement in world.voting(late):
            app.execute(statement.encode())
    assert not is_retired(world, cluster)
    assert world.value("SELECT last_event_at > now() - interval '1 minute' FROM battles_battle WHERE id = %s", late)


def test_a_vote_and_an_answer_alone_are_live_events_too(world: World, app: App) -> None:
    """A script that writes the row and forgets the battle still makes its clusters live."""
    for what in ("vote", "answer"):
        prompt, cluster, _battles = world.sky()
        late = world.battle(prompt, is_voted=False)
        world.retired(cluster)
        if what == "vote":
            app.execute(world.voting(late)[1].encode())
        else:
            world.owner.execute("DELETE FROM battles_response WHERE battle_id = %s AND side = 'left'", [late])
            app.execute(
                "INSERT INTO battles_response (battle_id, side, text, tokens, headers, lists, bold, first_token_ms,"
                " last_token_ms, created_at) VALUES (%s, 'left', 'again', 1, 0, 0, 0, 1, 1, '2001-01-01')",
                [late],
            )
        assert not is_retired(world, cluster), what


def test_a_battle_rests_on_all_of_its_clusters(world: World, app: App) -> None:
    prompt, first, _battles = world.sky()
    second_prompt, second, _more = world.sky(days_ago=30)
    both = world.battle(prompt, days_ago=70, also_in=[second])
    world.retired(first)
    assert both not in eligible(world)
    # Thirty days later.
    world.owner.execute("UPDATE battles_battle SET last_event_at = last_event_at - interval '960 hours'")
    world.retired(first, second)
    assert both in eligible(world)
    opened(world, app, second_prompt)
    assert both not in eligible(world)
    assert is_retired(world, first)


def test_further_words_make_a_battle_live(world: World, app: App) -> None:
    _prompt, cluster, [old] = world.sky()
    _other, elsewhere, _battles = world.sky()
    world.retired(cluster, elsewhere)
    app.execute("INSERT INTO battle_cluster VALUES (%s, %s)", [old, elsewhere])
    assert not is_retired(world, cluster)
    assert not is_retired(world, elsewhere)
    with pytest.raises(errors.CheckViolation):
        app.execute("SELECT retire_cluster(%s, 60)", [cluster])


def test_a_battle_is_in_its_prompts_cluster_whatever_a_script_forgets(world: World, app: App) -> None:
    prompt, cluster, _battles = world.sky()
    live = opened(world, app, prompt)
    assert world.value("SELECT cluster_id FROM battle_cluster WHERE battle_id = %s", live) == cluster
    # Writing the row again is no error and no second row.
    app.execute("INSERT INTO battle_cluster VALUES (%s, %s)", [live, cluster])
    assert world.value("SELECT count(*) FROM battle_cluster WHERE battle_id = %s", live) == 1


def test_an_imported_battle_has_no_cluster(world: World, app: App) -> None:
    _prompt, cluster, _battles = world.sky()
    world.owner.execute(
        "INSERT INTO battles_importeddataset (name, format, licence, source_sha256, rows, imported_at, is_complete)"
        " VALUES ('A file', 'generic', '', repeat('0', 64), 1, now(), true)"
    )
    found = app.execute(
        world.opening(0)
        .replace("source, prompt_id", "source, dataset_id")
        .replace("'platform', 0", "'imported', (SELECT min(id) FROM battles_importeddataset)")
        .encode()
        + b" RETURNING id"
    ).fetchone()
    assert found is not None
    with pytest.raises(errors.CheckViolation):
        app.execute("INSERT INTO battle_cluster VALUES (%s, %s)", [found[0], cluster])


def test_a_released_cluster_is_sold_once_and_its_new_battles_are_tagged(world: World, app: App) -> None:
    prompt, cluster, [first, second] = world.sky(battles=2)
    late = world.battle(prompt, is_voted=False)
    world.retired(cluster)
    world.sealed([first])
    assert eligible(world) == [first]
    assert tag_of(world, opened(world, app, prompt)) == "released"
    for statement in world.voting(late):
        app.execute(statement.encode())
    assert tag_of(world, late) == "released"
    assert is_retired(world, cluster)
    again = world.draft([first, second])
    assert app.execute("SELECT seal_release(%s, %s)", [again, [first, second]]).fetchone() == (0,)


def test_what_shares_a_battle_with_a_released_cluster_is_released_with_it(world: World, app: App) -> None:
    prompt, first, _battles = world.sky()
    second_prompt, second, [other] = world.sky()
    both = world.battle(prompt, also_in=[second])
    world.retired(first, second)
    world.sealed([both])
    assert eligible(world) == [both]
    assert tag_of(world, opened(world, app, second_prompt)) == "released"
    assert other not in eligible(world)


def test_nothing_happens_on_a_released_battle_any_more(world: World, app: App) -> None:
    _prompt, cluster, [sold] = world.sky()
    _other, elsewhere, _battles = world.sky()
    world.retired(cluster)
    world.sealed([sold])
    for statement in (
        f"UPDATE battles_battle SET state = 'ready', voted = false WHERE id = {sold}",
        f"UPDATE battles_battle SET voted = voted WHERE id = {sold}",
        f"INSERT INTO battle_cluster VALUES ({sold}, {elsewhere})",
    ):
        with pytest.raises(errors.RestrictViolation):
            app.execute(statement.encode())


def test_a_cancelled_release_gives_its_clusters_back_and_they_retire_anew(world: World, app: App) -> None:
    prompt, cluster, [first, second] = world.sky(battles=2)
    world.retired(cluster)
    release = world.sealed([first])
    tagged = opened(world, app, prompt)
    app.execute("SELECT cancel_release(%s)", [release])
    assert not is_retired(world, cluster)
    assert eligible(world) == []
    # The battle of the meantime is a live event like any other.
    with pytest.raises(errors.CheckViolation):
        app.execute("SELECT retire_cluster(%s, 60)", [cluster])
    world.owner.execute(
        "UPDATE battles_battle SET last_event_at = now() - interval '2000 hours' WHERE id = %s", [tagged]
    )
    app.execute("SELECT retire_cluster(%s, 60)", [cluster])
    assert eligible(world) == [first, second]
    assert world.value("SELECT state FROM licensing_release WHERE id = %s", release) == "cancelled"


def test_merged_clusters_are_live_together(world: World, app: App) -> None:
    old_prompt, old, [battle] = world.sky()
    new_prompt, new, _battles = world.sky(days_ago=1)
    world.retired(old)
    app.execute("SELECT merge_clusters(%s, %s)", [old, new])
    assert eligible(world) == []
    # By itself the old one could retire; the battle rests on both.
    app.execute("SELECT retire_cluster(%s, 60)", [old])
    assert eligible(world) == []
    # What is opened on either prompt is an event of the one that remains.
    later = [opened(world, app, prompt) for prompt in (old_prompt, new_prompt)]
    # Whoever names the merged one means the one that remains as well.
    later.append(opened(world, app, world.prompt()[0]))
    app.execute("INSERT INTO battle_cluster VALUES (%s, %s)", [later[-1], old])
    in_new = {
        row[0] for row in world.owner.execute("SELECT battle_id FROM battle_cluster WHERE cluster_id = %s", [new])
    }
    assert in_new >= {battle, *later}


def test_a_merge_is_no_event_of_its_battles(world: World, app: App) -> None:
    _first_prompt, first, [battle] = world.sky()
    _second_prompt, second, _battles = world.sky()
    world.retired(first, second)
    before = world.value("SELECT last_event_at FROM battles_battle WHERE id = %s", battle)
    app.execute("SELECT merge_clusters(%s, %s)", [first, second])
    assert world.value("SELECT last_event_at FROM battles_battle WHERE id = %s", battle) == before
    world.retired(second, first)
    assert battle in eligible(world)


def test_clusters_are_merged_once_and_never_a_released_one(world: World, app: App) -> None:
    clusters = [world.sky() for _number in range(3)]
    first, second, third = (cluster for _prompt, cluster, _battles in clusters)
    app.execute("SELECT merge_clusters(%s, %s)", [first, second])
    for merged, kept in ((first, third), (third, first), (second, second), (second, 0), (0, second)):
        with pytest.raises(errors.InvalidParameterValue):
            app.execute("SELECT merge_clusters(%s, %s)", [merged, kept])
    world.retired(third)
    world.sealed(clusters[2][2])
    for merged, kept in ((second, third), (third, second)):
        with pytest.raises(errors.RestrictViolation):
            app.execute("SELECT merge_clusters(%s, %s)", [merged, kept])


def test_an_act_makes_one_event_and_a_long_transaction_hides_none(world: World, app: App) -> None:
    prompt, _cluster, _battles = world.sky()
    late = world.battle(prompt, is_voted=False)
    with app.transaction():
        app.execute("SELECT 1")
        # Another session's event, later than this transaction's beginning and long ago by the clock.
        world.owner.execute(
            "UPDATE battles_battle SET last_event_at = now() + interval '1 second' WHERE id = %s", [late]
        )
        app.execute(world.voting(late)[1].encode())
    fresh = world.value("SELECT wall_is_fresh(now() + interval '1 second')")
    stale = world.value("SELECT wall_is_fresh(now() - interval '1 second')")
    assert (fresh, stale) == (True, False)


def test_the_wall_refuses_every_other_isolation(world: World, app: App) -> None:
    """Under these a transaction would go on seeing the moment before it waited for a lock."""
    prompt, cluster, [old] = world.sky()
    release = world.draft([old])
    world.retired(cluster)
    acts = [
        f"SELECT retire_cluster({cluster}, 60)",
        f"SELECT seal_release({release}, ARRAY[{old}])",
        f"SELECT cancel_release({release})",
        f"SELECT merge_clusters({cluster}, {cluster})",
        world.opening(prompt),
        f"UPDATE battles_battle SET state = 'ready', voted = false WHERE id = {old}",
    ]
    for level in ("repeatable read", "serializable"):
        app.execute("SELECT set_config('default_transaction_isolation', %s, false)", [level])
        for act in acts:
            with pytest.raises(errors.InvalidTransactionState):
                app.execute(act.encode())
    assert is_retired(world, cluster)
