"""With plain SQL as ``showdown_app`` nobody approves for nothing, shortens a lock, or opens what is not due."""

from typing import Any, Final

import psycopg
import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.licensing.flows import open_now
from apps.licensing.models import Approval, Attempt, Offer, OfferState
from apps.licensing.services import ObjectionStands, StillLocked
from tests.licensing import attacks
from tests.licensing.offered import BUILDER, announced, another_licensee, awaiting, when_the_lock_is_over
from tests.licensing.opened import Opened
from tests.licensing.races import weakened
from tests.licensing.world import World

pytestmark = pytest.mark.committed
App = psycopg.Connection[Any]

# On an announced offer of which {other} is an awaiting one.
ATTACKS: Final = (
    "UPDATE licensing_offer SET opens_at = now() WHERE id = {offer}",
    "UPDATE licensing_offer SET announced_at = now() - interval '80 hours' WHERE id = {offer}",
    "UPDATE licensing_offer SET lock_hours = 1 WHERE id = {offer}",
    "UPDATE licensing_offer SET opened_at = now() WHERE id = {offer}",
    "UPDATE licensing_offer SET state = 'open' WHERE id = {offer}",
    "UPDATE licensing_offer SET state = 'open', ended_clause = '' WHERE id = {offer}",
    "UPDATE licensing_offer SET state = 'awaiting' WHERE id = {offer}",
    "UPDATE licensing_offer SET state = 'building' WHERE id = {other}",
    "UPDATE licensing_offer SET state = 'announced' WHERE id = {other}",
    "UPDATE licensing_offer SET first_approver_id = {katherine} WHERE id = {other}",
    "UPDATE licensing_offer SET second_approver_id = {katherine} WHERE id = {other}",
    "UPDATE licensing_offer SET requester_id = {katherine} WHERE id = {other}",
    "UPDATE licensing_offer SET digest = repeat('0', 64) WHERE id = {other}",
    "UPDATE licensing_offer SET policy_version = 99 WHERE id = {other}",
    "UPDATE licensing_offer SET ended_at = now() WHERE id = {other}",
    "UPDATE licensing_offer SET ended_clause = 'W1' WHERE id = {other}",
    "DELETE FROM licensing_offer",
    "TRUNCATE licensing_offer CASCADE",
    "INSERT INTO licensing_offer (release_id, number, state, policy_version, builder_id, digest, created_at,"
    " ended_clause) VALUES ({release}, 9, 'awaiting', 1, {katherine}, '', now(), '')",
    "INSERT INTO licensing_offer (release_id, number, state, policy_version, requester_id, builder_id,"
    " first_approver_id, second_approver_id, digest, created_at, announced_at, lock_hours, opens_at, opened_at,"
    " ended_clause) SELECT release_id, 9, 'open', 1, requester_id, builder_id, first_approver_id, second_approver_id,"
    " digest, now(), now() - interval '80 hours', 72, now() - interval '8 hours', now(), '' FROM licensing_offer"
    " WHERE id = {offer}",
    "INSERT INTO licensing_approval (offer_id, approver_id, place, digest, approved_at)"
    " VALUES ({other}, {katherine}, 1, repeat('0', 64), now())",
    "UPDATE licensing_approval SET approver_id = {katherine}",
    "DELETE FROM licensing_approval",
    "INSERT INTO licensing_offerlicensee (offer_id, licensee_id) VALUES ({offer}, {corvid})",
    "INSERT INTO licensing_offerlicensee (offer_id, licensee_id) VALUES ({other}, {corvid})",
    "DELETE FROM licensing_offerlicensee",
    "UPDATE licensing_objection SET state = 'dismissed', outcome = 'dismissed', public_reason = 'x',"
    " proposed_by_id = 1, decided_by_id = 2, decided_at = now()",
    "UPDATE licensing_objection SET due_at = now() + interval '1 year'",
    "DELETE FROM licensing_objection",
    "UPDATE licensing_attempt SET state = 'done', clause = '', code = '' WHERE state = 'refused'",
    "UPDATE licensing_attempt SET closed_at = now() - interval '2 days' WHERE state = 'refused'",
    "UPDATE licensing_attempt SET entry = 1 WHERE state = 'refused'",
    "UPDATE licensing_attempt SET release_id = {release}, entry = NULL WHERE state = 'refused'",
    "UPDATE licensing_attempt SET words = 'Never mind'",
    "UPDATE licensing_attempt SET actor = 'p-0'",
    "UPDATE licensing_attempt SET attempted_at = now()",
    "DELETE FROM licensing_attempt",
    "UPDATE licensing_release SET drafted_by_id = {katherine} WHERE id = {draft}",
    "UPDATE licensing_release SET policy_version = 99 WHERE id = {draft}",
    "UPDATE licensing_release SET drafted_by_id = {katherine}, state = 'cancelled', cancelled_at = now()"
    " WHERE id = {draft}",
    "SELECT open_offer({offer})",
    "SELECT set_config('wall.moment', '2099-01-01', false); SELECT open_offer({offer})",
    "SELECT wall_moment()",
    "SELECT approve_offer({other}, {margaret}, (SELECT digest FROM licensing_offer WHERE id = {other}))",
    "SELECT approve_offer({other}, {ada}, (SELECT digest FROM licensing_offer WHERE id = {other}))",
    "SELECT approve_offer({other}, {katherine}, repeat('0', 64))",
    "SELECT approve_offer({other}, {katherine}, NULL)",
    "SELECT approve_offer({other}, NULL, (SELECT digest FROM licensing_offer WHERE id = {other}))",
    "SELECT wall_say_no('W1', 'x')",
    "SELECT wall_hold_offer({offer})",
    "SELECT wall_tied(ARRAY[1]::bigint[], NULL)",
    "SELECT wall_greater('W6', 'hours', 1, 0)",
    "SELECT offer_greater({offer}, 'W6', 'hours', 0)",
    "CREATE OR REPLACE FUNCTION open_offer(of_offer bigint) RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
    "ALTER TABLE licensing_offer DISABLE TRIGGER wall_on_offer",
    "ALTER TABLE licensing_offer DROP CONSTRAINT licensing_lock_is_whole",
    "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT approve_offer({other}, {katherine},"
    " (SELECT digest FROM licensing_offer WHERE id = {other})); COMMIT",
)


def rows(world: World) -> list[Any]:
    tables = (
        "licensing_offer", "licensing_approval", "licensing_offerlicensee", "licensing_objection", "licensing_attempt",
        "licensing_release",
    )  # fmt: skip
    return [world.owner.execute(f"SELECT * FROM {table} ORDER BY 1".encode()).fetchall() for table in tables]


def test_the_application_does_none_of_it(
    world: World, app: App, margaret: User, katherine: User, dorothy: User, ada: User, ingrid: User
) -> None:
    offer = announced(world, margaret, katherine, dorothy)
    other = awaiting(world, margaret)
    world.owner.execute(
        "INSERT INTO licensing_objection (offer_id, ground, words, contact, made_at, due_at, state, outcome,"
        " public_reason) VALUES (%s, 'law', 'x', 'x', now(), now(), 'open', '', '')",
        [offer.pk],
    )
    corvid = another_licensee(margaret, "Corvid Analytics", ingrid)
    with pytest.raises(ObjectionStands):
        open_now(actor=BUILDER, offer_id=offer.pk)
    assert Attempt.objects.filter(state="refused").exclude(entry=None).exists()
    names = {
        "offer": offer.pk, "other": other.pk, "release": offer.release_id, "corvid": corvid.pk,
        "draft": world.draft([]),
        "katherine": katherine.pk, "margaret": margaret.pk, "ada": ada.pk,
    }  # fmt: skip
    before = rows(world)
    for attack in ATTACKS:
        statement = attack.format(**names)
        with pytest.raises(psycopg.Error):
            app.execute(statement.encode())
        app.execute(b"ROLLBACK")
        assert rows(world) == before, statement


def test_nobody_exchanges_an_edition(opened: Opened, app: App) -> None:
    """Only the next revision follows, with no row more, and it names what was approved and what it supersedes."""
    owner = opened.world.owner
    before = owner.execute("SELECT * FROM licensing_edition").fetchall()
    kept = owner.execute("SELECT * FROM licensing_editionrevision").fetchall()
    for attack in attacks.EDITIONS:
        statement = attack.format(edition=opened.edition.pk)
        with pytest.raises(psycopg.Error) as refused:
            app.execute(statement.encode())
        assert refused.value.sqlstate in {"23001", "23000", "42501", "23505"}, (statement, refused.value)
        assert owner.execute("SELECT * FROM licensing_edition").fetchall() == before, statement
    assert owner.execute("SELECT * FROM licensing_editionrevision").fetchall() == kept
    # A right successor that is kept beside it passes, so it is the rules that refuse the others.
    right = attacks.RIGHT_SUCCESSOR
    with app.transaction():
        app.execute(right.format(edition=opened.edition.pk).encode())
        app.execute(
            "INSERT INTO licensing_editionrevision (edition_id, number, manifest, manifest_sha256, rows, built_at)"
            " SELECT id, revision, manifest, manifest_sha256, rows, built_at FROM licensing_edition"
        )
    assert opened.world.value("SELECT max(number) FROM licensing_editionrevision") == 1


def test_without_its_trigger_an_edition_could_be_exchanged(opened: Opened, app: App) -> None:
    opened.world.owner.execute("ALTER TABLE licensing_edition DISABLE TRIGGER edition_on_write")
    opened.world.owner.execute("ALTER TABLE licensing_edition DISABLE TRIGGER edition_is_kept")
    app.execute(attacks.EDITIONS[0].format(edition=opened.edition.pk).encode())
    opened.edition.refresh_from_db()
    assert opened.edition.manifest_sha256 == "1" * 64


def test_a_lock_has_a_floor_for_the_owner_as_well(world: World, margaret: User, katherine: User, dorothy: User) -> None:
    offer = announced(world, margaret, katherine, dorothy)
    for change in ("opens_at = announced_at + interval '71 hours'", "lock_hours = 71", "opens_at = NULL"):
        with pytest.raises(psycopg.errors.CheckViolation):
            world.owner.execute(f"UPDATE licensing_offer SET {change} WHERE id = %s".encode(), [offer.pk])
    with pytest.raises(psycopg.errors.CheckViolation):
        world.owner.execute("UPDATE licensing_offer SET state = 'open', opened_at = now() WHERE id = %s", [offer.pk])
    # Hours that a time zone of one's own would have shortened are hours.
    world.owner.execute("SET TIME ZONE 'Antarctica/Troll'")
    with pytest.raises(psycopg.errors.CheckViolation):
        world.owner.execute("UPDATE licensing_offer SET opens_at = announced_at + interval '71 hours 59 minutes'")


def test_the_application_can_only_end_an_offer(world: World, app: App, margaret: User) -> None:
    offer = awaiting(world, margaret)
    app.execute("UPDATE licensing_offer SET state = 'refused', ended_clause = 'W2', ended_at = '2000-01-01'")
    offer.refresh_from_db()
    assert offer.state == OfferState.REFUSED
    assert offer.ended_at is not None
    assert abs((timezone.now() - offer.ended_at).total_seconds()) < 60
    for state in ("awaiting", "cancelled", "withdrawn", "open"):
        with pytest.raises(psycopg.Error):
            app.execute("UPDATE licensing_offer SET state = %s", [state])


@pytest.mark.parametrize(
    ("function", "old", "new"),
    [
        ("open_offer(bigint)", "this_moment < opens", "false"),
        (
            "approve_offer(bigint,bigint,text)",
            "EXISTS (SELECT 1 FROM licensing_approval WHERE offer_id = of_offer AND approver_id = by_whom)",
            "false",
        ),
        (
            "approve_offer(bigint,bigint,text)",
            "to_what IS DISTINCT FROM offer.digest OR offer_digest(of_offer) IS DISTINCT FROM offer.digest",
            "false",
        ),
        ("approve_offer(bigint,bigint,text)", "offer_greater(of_offer, 'W6', 'hours', 72)", "71"),
    ],
)
def test_taking_a_rule_away_is_noticed(
    world: World, margaret: User, katherine: User, dorothy: User, function: str, old: str, new: str
) -> None:
    """What each rule keeps away gets through without it, or meets the next line of defence."""
    offer = awaiting(world, margaret)
    weakened(world.owner, function, (old, new))
    told = [offer.pk, katherine.pk, offer.digest]
    if "licensing_approval" in old:
        world.owner.execute("SELECT approve_offer(%s, %s, %s)", told)
        # The constraints of the tables are behind it.
        with pytest.raises(psycopg.errors.IntegrityError):
            world.owner.execute("SELECT approve_offer(%s, %s, %s)", told)
    elif "digest" in old:
        world.owner.execute("SELECT approve_offer(%s, %s, %s)", [offer.pk, katherine.pk, "0" * 64])
        assert Approval.objects.get().digest == "0" * 64
    elif "offer_greater" in old:
        world.owner.execute("SELECT approve_offer(%s, %s, %s)", told)
        with pytest.raises(psycopg.errors.CheckViolation):
            world.owner.execute("SELECT approve_offer(%s, %s, %s)", [offer.pk, dorothy.pk, offer.digest])
    else:
        for person in (katherine, dorothy):
            world.owner.execute("SELECT approve_offer(%s, %s, %s)", [offer.pk, person.pk, offer.digest])
        with pytest.raises(psycopg.errors.CheckViolation, match="licensing_opened_after_the_lock"):
            world.owner.execute("SELECT open_offer(%s)", [offer.pk])


def test_the_rules_that_only_opening_knows_are_missed_when_they_are_taken_away(
    world: World, margaret: User, katherine: User, dorothy: User
) -> None:
    offer = announced(world, margaret, katherine, dorothy)
    world.owner.execute(
        "INSERT INTO organizations_tie (holder_id, held_id, kind, since, source)"
        " SELECT %s, organization_id, 'ownership', '2020-01-01', 'x' FROM battles_languagemodel LIMIT 1",
        [world.licensee.organization_id],
    )
    with pytest.raises(StillLocked):
        open_now(actor=BUILDER, offer_id=offer.pk)
    when_the_lock_is_over(world, offer)
    with pytest.raises(psycopg.errors.RestrictViolation, match="held-back"):
        world.owner.execute("SELECT open_offer(%s)", [offer.pk])
    weakened(world.owner, "open_offer(bigint)", ("release_on_the_board(offer.release_id) <> '{}'", "false"))
    world.owner.execute("SELECT open_offer(%s)", [offer.pk])
    assert Offer.objects.get(pk=offer.pk).state == OfferState.OPEN
