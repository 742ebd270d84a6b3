"""The clauses hold in the database: whoever has the application's password seals nothing that one of them takes out."""

from typing import Any

import psycopg
import pytest
from psycopg import errors

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.licensing.flows import recluster, recluster_if_due, seal
from apps.licensing.models import Release
from apps.licensing.queries import tally_of
from apps.licensing.services import NotYetCompared, Sealing
from tests.licensing.sieges import amend_age, consents_as_they_were, turn
from tests.licensing.world import World
from tests.policy.history import decree

pytestmark = pytest.mark.committed
App = psycopg.Connection[Any]
NIGHT = Actor.system("licensing.recluster_due")


def sealed_by_a_thief(app: App, world: World, battles: list[int]) -> int:
    """Draft and seal as somebody would who asks no service; return how many items there would be."""
    release = world.draft(battles)
    app.execute("BEGIN")
    found = app.execute("SELECT seal_release(%s, %s)", [release, battles]).fetchone()
    app.execute("ROLLBACK")
    assert found is not None
    # The service says the same.
    assert tally_of(Release.objects.get(pk=release)).passing == found[0]
    return int(found[0])


def ready_for_sale(world: World) -> list[int]:
    _prompt, cluster, battles = world.sky(battles=2)
    world.retired(cluster)
    return battles


def test_the_database_seals_what_no_clause_takes_out(world: World, app: App) -> None:
    assert sealed_by_a_thief(app, world, ready_for_sale(world)) == 2


def test_the_database_seals_nothing_without_consent(world: World, app: App) -> None:
    battles = ready_for_sale(world)
    for person in (world.authors_id, world.voters_id):
        world.owner.execute(
            "UPDATE contributors_consent SET withdrawn_at = now() WHERE contributor_id = %s AND kind = 'licensing'",
            [person],
        )
        assert sealed_by_a_thief(app, world, battles) == 0
        consents_as_they_were(world)
    # There now, and not when the battle was opened.
    world.owner.execute("UPDATE contributors_consent SET given_at = now() - interval '24 hours'")
    assert sealed_by_a_thief(app, world, battles) == 0


def test_the_database_seals_nothing_whose_terms_are_unknown(world: World, app: App) -> None:
    battles = ready_for_sale(world)
    for allowed, count in ((None, 0), (False, 0), (True, 2)):
        world.owner.execute(
            "UPDATE battles_endpoint SET redistribution_allowed = %s WHERE id = %s", [allowed, world.endpoints[1].pk]
        )
        assert sealed_by_a_thief(app, world, battles) == count


def test_the_database_seals_no_excluded_vote(world: World, app: App) -> None:
    battles = ready_for_sale(world)
    app.execute("UPDATE battles_vote SET excluded_under = 'I1', excluded_at = now() WHERE battle_id = %s", [battles[0]])
    assert sealed_by_a_thief(app, world, battles) == 1


def test_the_database_seals_no_withdrawn_prompt(world: World, app: App) -> None:
    battles = ready_for_sale(world)
    world.owner.execute("UPDATE prompts_prompt SET state = 'withdrawn'")
    assert sealed_by_a_thief(app, world, battles) == 0


def test_the_database_seals_no_turn_that_a_person_would_have_to_read(world: World, app: App) -> None:
    _prompt, cluster, [first, second] = world.sky(battles=2)
    for battle, screened in ((first, "now()"), (second, "NULL")):
        told = turn(battle, None).replace("now(), '2001-01-01'", f"{screened}, now() - interval '2300 hours'")
        world.owner.execute(told.encode())
    world.retired(cluster)
    assert sealed_by_a_thief(app, world, [first, second]) == 1


def test_the_database_seals_by_the_stricter_of_the_pinned_and_the_current_policy(world: World, app: App) -> None:
    battles = ready_for_sale(world)
    # Drafted under sixty days, and 120 are in force now.
    amend_age(world, 120)
    assert sealed_by_a_thief(app, world, battles) == 0
    # Drafted under 120, and sixty are in force again.
    strict = world.value("SELECT max(number) FROM policy_policyversion")
    amend_age(world, 60)
    release = world.draft(battles)
    world.owner.execute("UPDATE licensing_release SET policy_version = %s WHERE id = %s", [strict, release])
    assert app.execute("SELECT seal_release(%s, %s)", [release, battles]).fetchone() == (0,)
    assert sealed_by_a_thief(app, world, battles) == 2


def test_new_rules_of_likeness_are_applied_before_anything_more_is_sold(world: World, app: App, margaret: User) -> None:
    battles = ready_for_sale(world)
    assert recluster_if_due(actor=NIGHT) is None
    decree(world.owner, "P3", near_jaccard=0.5)
    release = world.draft(battles)
    with pytest.raises(errors.ObjectNotInPrerequisiteState):
        app.execute("SELECT seal_release(%s, %s)", [release, battles])
    with pytest.raises(NotYetCompared):
        seal(actor=margaret.as_actor(), release_id=release, mode=Sealing.PAST_THE_WALL)
    assert recluster_if_due(actor=NIGHT) is not None
    assert seal(actor=margaret.as_actor(), release_id=release, mode=Sealing.PAST_THE_WALL).items == 2
    # A rule under which fewer texts resemble each other finds nothing that was not found before.
    decree(world.owner, "P3", near_jaccard=0.9)
    assert recluster_if_due(actor=NIGHT) is None
    assert recluster(actor=NIGHT).founders == 0


def test_a_draft_asks_for_battles_that_there_are_and_both_stay(world: World, app: App) -> None:
    _prompt, _cluster, [battle] = world.sky()
    release = world.draft([battle])
    for of_release, wanted in ((release, 0), (0, battle)):
        with pytest.raises(errors.ForeignKeyViolation):
            app.execute(
                "INSERT INTO licensing_releasecandidate (release_id, battle_id) VALUES (%s, %s)", [of_release, wanted]
            )
    for table, number in (("battles_battle", battle), ("licensing_release", release)):
        with pytest.raises(errors.ForeignKeyViolation, match=r"a draft asks for|has battles and stays"):
            world.owner.execute(f"DELETE FROM {table} WHERE id = {number}".encode())
    with pytest.raises(errors.RestrictViolation):
        world.owner.execute("UPDATE licensing_releasecandidate SET battle_id = battle_id")
