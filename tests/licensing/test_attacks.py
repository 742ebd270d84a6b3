"""With plain SQL as ``showdown_app``, and then with more than that, no live battle gets into a release."""

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.licensing import attacks
from tests.licensing.races import BROKEN
from tests.licensing.sieges import alike, turn
from tests.licensing.verdicts import NEVER, breaches
from tests.licensing.world import World

pytestmark = pytest.mark.committed
App = psycopg.Connection[Any]
ROOT = Path(__file__).parents[2]

TABLES = (
    *attacks.MIDDLE, "battle_cluster", "prompts_cluster", "prompts_prompt", "battles_battle", "licensing_release",
    "battles_turn", "prompts_resemblance", "clusters_compared",
)  # fmt: skip
# PostgreSQL's word for "you may not".
NOT_YOURS = {"42501"}


class Target:
    """A live battle, an eligible one and a sold one, with their names for the attacks."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.prompt, self.cluster, [self.live] = world.sky(days_ago=1)
        self.aged = world.battle(self.prompt)
        self.old_prompt, self.retired, [self.old] = world.sky()
        _prompt, self.sold_cluster, [self.sold] = world.sky()
        world.retired(self.retired, self.sold_cluster)
        self.short_prompt, self.short = world.remark()
        self.sealed = world.sealed([self.sold])
        self.near_prompt, self.near, _battles = world.sky()
        world.owner.execute(alike(self.near, self.sold_cluster).encode())
        self.tagged = world.value(world.opening(self.near_prompt) + " RETURNING id")
        world.owner.execute(turn(self.tagged, self.cluster).encode())
        self.turn = world.value("SELECT max(id) FROM battles_turn")
        self.draft = world.draft([self.live, self.old, self.sold, self.short])
        self.clusters = [self.cluster, self.retired, self.sold_cluster, self.near]
        certified = world.value("SELECT retired_at FROM retired_cluster WHERE cluster_id = %s", self.retired)
        self.names = {
            name: str(getattr(self, name))
            for name in ("prompt", "cluster", "live", "old_prompt", "retired", "old", "sold_cluster", "sold", "sealed",
                         "draft", "short_prompt", "short", "near", "tagged", "turn", "aged")
        } | {"certified": certified.isoformat()}  # fmt: skip
        self.before = self.contents()

    def contents(self) -> list[Any]:
        """Return every row that the wall is made of, as the owner sees it."""
        statement = "SELECT * FROM {} ORDER BY 1, 2"
        return [self.world.owner.execute(statement.format(table).encode()).fetchall() for table in TABLES]

    def told(self, attack: str, **more: str) -> bytes:
        """Return an attack with the names filled in."""
        for name, value in (self.names | more).items():
            attack = attack.replace("{" + name + "}", value)
        assert "{" not in attack
        return attack.encode()

    def refused(self, connection: App, attack: str, **more: str) -> str:
        """Run an attack that commits, which must fail; return PostgreSQL's code for why it did."""
        statement = self.told(attack, **more)
        with pytest.raises(psycopg.Error) as caught:
            connection.execute(statement)
        assert self.contents() == self.before, statement
        return caught.value.sqlstate or ""


@pytest.fixture
def target(world: World) -> Target:
    """What Mallory is after."""
    return Target(world)


def test_the_application_writes_no_table_of_the_middle(target: Target, app: App) -> None:
    for table in attacks.MIDDLE:
        for attack in attacks.WRITING:
            assert target.refused(app, attack, table=table, column=attacks.COLUMN[table]) in NOT_YOURS, attack


def test_the_application_rebuilds_none_of_them(target: Target, app: App) -> None:
    for table in (*attacks.MIDDLE, "battle_cluster"):
        for attack in attacks.REBUILDING:
            assert target.refused(app, attack, table=table, column=attacks.COLUMN[table]) in NOT_YOURS, attack


def test_the_application_becomes_nobody_else(target: Target, app: App) -> None:
    for attack in attacks.BECOMING:
        # 42704 and 0A000: the server does not even have the parameter or the extension.
        assert target.refused(app, attack) in {*NOT_YOURS, "42704", "0A000", "58P01"}, attack


def test_the_application_calls_and_redefines_no_function_of_the_triggers(target: Target, app: App) -> None:
    for attack in attacks.FUNCTIONS:
        assert target.refused(app, attack) in NOT_YOURS, attack


def test_what_the_application_may_write_cannot_be_turned_against_the_wall(target: Target, app: App) -> None:
    for attack in (*attacks.BATTLES, *attacks.SCREENED):
        assert target.refused(app, attack) in {*NOT_YOURS, "23001", "23514"}, attack


def test_the_application_unties_nothing_from_what_was_sold(target: Target, app: App) -> None:
    assert target.world.value("SELECT tag FROM battles_battle WHERE id = %s", target.tagged) == "near_released"
    for attack in attacks.EDGES:
        assert target.refused(app, attack) in {*NOT_YOURS, "23001", "23514"}, attack


def test_the_application_moves_no_turn(target: Target, app: App) -> None:
    for attack in attacks.TURNS:
        assert target.refused(app, attack) in {*NOT_YOURS, "23001", "23514"}, attack
    # And with the right to every column, as somebody might give it by mistake.
    target.world.owner.execute("GRANT UPDATE ON battles_turn TO showdown_app")
    for attack in attacks.TURNS:
        assert target.refused(app, attack) in {*NOT_YOURS, "23001", "23514"}, attack


def test_an_old_or_a_future_date_on_a_new_turn_is_not_believed(target: Target, app: App) -> None:
    for date in ("2001-01-01", "2101-01-01"):
        app.execute(turn(target.old, target.retired).replace("2001-01-01", date).encode())
        row = target.world.owner.execute(
            "SELECT t.created_at BETWEEN now() - interval '1 minute' AND now() + interval '1 minute',"
            " b.last_event_at BETWEEN now() - interval '1 minute' AND now() + interval '1 minute'"
            " FROM battles_turn t JOIN battles_battle b ON b.id = t.battle_id ORDER BY t.id DESC LIMIT 1"
        ).fetchone()
        assert row == (True, True)
    assert not target.world.value("SELECT count(*) FROM retired_cluster WHERE cluster_id = %s", target.retired)


def test_nobody_with_a_column_too_many_exchanges_words(target: Target, app: App) -> None:
    """The grants keep words; should somebody widen them by mistake, a trigger does."""
    target.world.owner.execute("GRANT UPDATE ON prompts_prompt TO showdown_app")
    for attack in attacks.WORDS:
        assert target.refused(app, attack) == "23001", attack


def test_words_do_not_move_whoever_asks(target: Target) -> None:
    """Not even the owner's session takes back what screening found, or gives a cluster to words that have none."""
    for attack in attacks.SCREENED:
        assert target.refused(target.world.owner, attack) in {"23001", "23514"}, attack


def test_the_application_forges_no_seal(target: Target, app: App) -> None:
    expected = {"23000", "23001", "23514", "22023", "22003", "22008", "P0002", *NOT_YOURS}
    for attack in attacks.SEALING:
        assert target.refused(app, attack) in expected, attack


def test_even_the_owners_forgeries_break_on_the_keys(target: Target) -> None:
    for attack in attacks.FORGERIES:
        assert target.refused(target.world.owner, attack).startswith("23"), attack


def test_replica_mode_does_not_put_the_triggers_to_sleep(target: Target, database_urls: dict[str, str]) -> None:
    """Under it foreign keys sleep; what the wall's own triggers refuse, they refuse still."""
    with psycopg.connect(database_urls["admin"], autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        for attack in (
            "UPDATE release_item SET battle_id = {live}",
            "UPDATE battles_battle SET voted = voted WHERE id = {sold}",
            "INSERT INTO eligible_battle SELECT id, source, last_event_at FROM battles_battle WHERE id = {live}",
            "TRUNCATE eligible_battle_cluster CASCADE",
        ):
            assert target.refused(superuser, attack).startswith("23"), attack


def test_a_live_battle_drops_out_of_every_seal(target: Target, app: App) -> None:
    found = app.execute(target.told("SELECT seal_release({draft}, ARRAY[{live}, {live}, NULL, -1, {sold}]::bigint[])"))
    assert found.fetchone() == (0,)
    assert app.execute(target.told("SELECT seal_release({draft}, NULL)")).fetchone() == (0,)
    assert target.contents()[: len(attacks.MIDDLE)] == target.before[: len(attacks.MIDDLE)]


def test_an_old_date_on_a_new_battle_is_not_believed(target: Target, app: App) -> None:
    statement = (
        target.world.opening(target.old_prompt)
        .replace("opened_at)", "opened_at, last_event_at, tag, voted, state)")
        .replace("'opened', false, ''", "''")
        .replace("state, voted, void_reason", "void_reason")
        .replace("now())", "'2001-01-01', '2001-01-01', 'released', true, 'voted')")
    )
    app.execute(statement.encode())
    row = target.world.owner.execute(
        "SELECT last_event_at > now() - interval '1 minute', tag FROM battles_battle ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert row == (True, None)
    assert not target.world.value("SELECT count(*) FROM retired_cluster WHERE cluster_id = %s", target.retired)


def test_a_hostile_search_path_and_a_lying_clock_change_nothing(
    target: Target, app: App, database_urls: dict[str, str]
) -> None:
    with psycopg.connect(database_urls["admin"], autocommit=True) as superuser:
        # The application may not even make temporary tables; Mallory is given that much.
        superuser.execute(f'GRANT TEMP ON DATABASE "{superuser.info.dbname}" TO showdown_app')
    for table in (*attacks.MIDDLE, "battle_cluster", "prompts_cluster", "battles_battle", "licensing_release"):
        app.execute(f"CREATE TEMP TABLE {table} (LIKE public.{table})".encode())
    app.execute(target.told("INSERT INTO pg_temp.prompts_cluster VALUES ({cluster}, now(), NULL)"))
    app.execute(target.told("INSERT INTO pg_temp.battle_cluster VALUES ({live}, {cluster})"))
    app.execute("INSERT INTO pg_temp.battles_battle SELECT * FROM public.battles_battle")
    app.execute("UPDATE pg_temp.battles_battle SET last_event_at = '2001-01-01'")
    app.execute(
        "CREATE FUNCTION pg_temp.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT now() + '90 days' $$"
    )
    app.execute(
        "CREATE FUNCTION pg_temp.make_interval(hours integer) RETURNS interval"
        " LANGUAGE sql AS $$ SELECT '0'::interval $$"
    )
    app.execute("SET search_path = pg_temp, public, pg_catalog")
    app.execute("SET timezone = '<A>-167<B>167,J1,J365'")
    app.execute("SET intervalstyle = sql_standard")
    app.execute("SET datestyle = 'SQL, DMY'")
    assert target.refused(app, "SELECT public.retire_cluster({cluster}, 60)") == "23514"
    assert app.execute(target.told("SELECT public.seal_release({draft}, ARRAY[{live}]::bigint[])")).fetchone() == (0,)
    app.execute(target.world.opening(target.old_prompt).replace("battles_battle", "public.battles_battle").encode())
    assert not target.world.value("SELECT count(*) FROM retired_cluster WHERE cluster_id = %s", target.retired)


def test_a_merge_makes_nothing_older(target: Target, app: App) -> None:
    app.execute(target.told("SELECT merge_clusters({cluster}, {retired})"))
    with pytest.raises(errors.CheckViolation):
        app.execute(target.told("SELECT retire_cluster({retired}, 60)"))
    assert breaches(target.world, target.clusters) == []


def test_a_prepared_transaction_is_refused(target: Target, app: App) -> None:
    app.execute("BEGIN")
    app.execute(target.told("SELECT seal_release({draft}, ARRAY[{old}]::bigint[])"))
    with pytest.raises(psycopg.Error):
        app.execute("PREPARE TRANSACTION 'later'")
    app.execute("ROLLBACK")
    assert target.contents() == target.before


def test_a_draft_with_items_cannot_be_left_behind(target: Target, app: App) -> None:
    """Sealing is whole: items without a sealed release, and a sealed release without items, end the transaction."""
    with pytest.raises(errors.IntegrityConstraintViolation), app.transaction():
        app.execute(target.told("SELECT seal_release({draft}, ARRAY[{old}]::bigint[])"))
    assert target.contents() == target.before


def test_the_invariant_holds_after_all_of_it(target: Target, app: App) -> None:
    for attack in (
        *attacks.BATTLES, *attacks.SCREENED, *attacks.SEALING, *attacks.FUNCTIONS, *attacks.EDGES, *attacks.TURNS
    ):  # fmt: skip
        with pytest.raises(psycopg.Error):
            app.execute(target.told(attack))
    assert (len(BROKEN), len(NEVER)) == (6, 10)
    assert breaches(target.world, target.clusters) == []


def test_the_documentations_own_questions_find_nothing_and_something(target: Target) -> None:
    checks = (ROOT / "docs" / "wall.md").read_text().partition("## Check it yourself")[2]
    told = re.findall(r"```sql\n(.*?)```", checks, flags=re.DOTALL)[0]
    questions = [question for question in told.split(";") if question.strip()]
    assert len(questions) == 6
    for question in questions:
        assert target.world.owner.execute(question.encode()).fetchall() == []
    target.world.rewritten(
        "battle_cluster", target.told("INSERT INTO battle_cluster VALUES ({live}, {retired})").decode()
    )
    assert target.world.owner.execute(questions[0].encode()).fetchall() != []


def test_looking_away_is_noticed(target: Target) -> None:
    """The invariant is no ornament: with the triggers and keys asleep, a live battle in a release is seen."""
    with target.world.owner.transaction():
        for table in ("eligible_battle", "eligible_battle_cluster", "release_item", "retired_cluster"):
            target.world.owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
        target.world.owner.execute("ALTER TABLE release_item DROP CONSTRAINT release_item_battle_id_fkey")
        target.world.owner.execute(target.told("INSERT INTO release_item VALUES ({live}, {sealed})"))
    assert breaches(target.world, target.clusters) != []
