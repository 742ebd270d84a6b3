"""The wall as most people would write it: triggers, and an ``if`` before the sale. In a schema of its own.

Same promise, same words, no keys with times in them and no pair of locks. Each function looks before it acts, and is
right whenever it is alone.
"""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Final

import psycopg

Scripts = Sequence[Sequence[str]]
Scene = Callable[[psycopg.Connection[Any]], tuple[Scripts, list[int]]]

SCHEMA: Final = """
CREATE SCHEMA naive;
CREATE TABLE naive.cluster (id bigint PRIMARY KEY, merged_into bigint);
CREATE TABLE naive.battle (
  id bigint PRIMARY KEY, last_event_at timestamptz NOT NULL, voted boolean NOT NULL, tag text,
  consent boolean NOT NULL DEFAULT true, excluded boolean NOT NULL DEFAULT false);
CREATE TABLE naive.battle_cluster (battle bigint, cluster bigint, PRIMARY KEY (battle, cluster));
CREATE TABLE naive.item (battle bigint PRIMARY KEY, release bigint NOT NULL);
CREATE TABLE naive.edge (cluster bigint, sold bigint, PRIMARY KEY (cluster, sold));

CREATE FUNCTION naive.is_sold(of_cluster bigint) RETURNS boolean LANGUAGE sql AS $$
  SELECT EXISTS (SELECT 1 FROM naive.item i JOIN naive.battle_cluster c ON c.battle = i.battle
    WHERE c.cluster = of_cluster) $$;
-- The `if`.
CREATE FUNCTION naive.seal(of_release bigint, of_cluster bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM naive.battle b JOIN naive.battle_cluster m ON m.battle = b.id
      JOIN naive.battle_cluster c ON c.battle = b.id OR c.cluster = m.cluster
    WHERE m.cluster = of_cluster AND b.last_event_at > now() - interval '1440 hours') THEN
    RAISE EXCEPTION 'live';
  END IF;
  IF EXISTS (SELECT 1 FROM naive.edge WHERE cluster = of_cluster) THEN
    RAISE EXCEPTION 'near something sold';
  END IF;
  IF EXISTS (SELECT 1 FROM naive.battle_cluster m JOIN naive.battle_cluster o ON o.battle = m.battle
    WHERE m.cluster = of_cluster AND naive.is_sold(o.cluster)) THEN
    RAISE EXCEPTION 'sold before';
  END IF;
  INSERT INTO naive.item SELECT b.id, of_release FROM naive.battle b JOIN naive.battle_cluster c ON c.battle = b.id
  WHERE c.cluster = of_cluster AND b.voted ON CONFLICT DO NOTHING;
END $$;
-- The trigger.
CREATE FUNCTION naive.on_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.last_event_at := clock_timestamp();
  IF EXISTS (SELECT 1 FROM naive.battle_cluster WHERE battle = NEW.id AND naive.is_sold(cluster)) THEN
    NEW.tag := 'released';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER on_event BEFORE UPDATE ON naive.battle FOR EACH ROW
  WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION naive.on_event();
CREATE FUNCTION naive.on_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE naive.battle SET last_event_at = clock_timestamp(),
    tag = CASE WHEN naive.is_sold(NEW.cluster) THEN 'released' ELSE tag END WHERE id = NEW.battle;
  RETURN NEW;
END $$;
CREATE FUNCTION naive.merge(merged bigint, kept bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF naive.is_sold(merged) OR naive.is_sold(kept) THEN
    INSERT INTO naive.edge VALUES (CASE WHEN naive.is_sold(merged) THEN kept ELSE merged END,
      CASE WHEN naive.is_sold(merged) THEN merged ELSE kept END);
    RETURN;
  END IF;
  UPDATE naive.cluster SET merged_into = kept WHERE id = merged;
  INSERT INTO naive.battle_cluster SELECT battle, kept FROM naive.battle_cluster WHERE cluster = merged;
END $$;
GRANT USAGE ON SCHEMA naive TO showdown_app;
GRANT ALL ON ALL TABLES IN SCHEMA naive TO showdown_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA naive TO showdown_app;
"""
# The same promise, read from the tables.
BROKEN: Final = {
    "a live battle, or a twin of one, in a release": """
      SELECT i.battle FROM naive.item i JOIN naive.battle_cluster c ON c.battle = i.battle
      JOIN naive.battle_cluster o ON o.cluster = c.cluster JOIN naive.battle b ON b.id = o.battle
      WHERE c.cluster = ANY(%(clusters)s) AND b.tag IS NULL AND b.last_event_at > now() - interval '1440 hours'
    """,
    "a cluster in two releases": """
      SELECT c.cluster FROM naive.item i JOIN naive.battle_cluster c ON c.battle = i.battle
      WHERE c.cluster = ANY(%(clusters)s) GROUP BY c.cluster HAVING count(DISTINCT i.release) > 1
    """,
}
_ids = count(1)


def fails(owner: psycopg.Connection[Any], clusters: Sequence[int]) -> list[Any]:
    """Return what of the promise does not hold around some clusters."""
    found = []
    for name, query in BROKEN.items():
        rows = owner.execute(query.encode(), {"clusters": list(clusters)}).fetchall()
        found += [(name, row[0]) for row in rows]
    return found


def _past(owner: psycopg.Connection[Any], *, days_ago: int = 100, is_voted: bool = True) -> tuple[int, int]:
    """Write a cluster with a battle of the past; return both."""
    cluster = next(_ids)
    owner.execute("INSERT INTO naive.cluster VALUES (%s)", [cluster])
    return cluster, _battle(owner, cluster, days_ago=days_ago, is_voted=is_voted)


def _battle(owner: psycopg.Connection[Any], cluster: int, *, days_ago: int = 100, is_voted: bool = True) -> int:
    battle = next(_ids)
    owner.execute(
        "INSERT INTO naive.battle VALUES (%s, now() - make_interval(hours => 24 * %s), %s)",
        [battle, days_ago, is_voted],
    )
    owner.execute("INSERT INTO naive.battle_cluster VALUES (%s, %s)", [battle, cluster])
    return battle


def _sale(cluster: int, release: int = 1) -> list[str]:
    return ["BEGIN", f"SELECT naive.seal({release}, {cluster})", "COMMIT"]


def _words(battle: int, cluster: int) -> str:
    """Write words into a cluster, as a script that knows the rule would: the row, then the event."""
    return (
        f"INSERT INTO naive.battle_cluster VALUES ({battle}, {cluster});"
        f" UPDATE naive.battle SET voted = voted WHERE id = {battle}"
    )


def opens(owner: psycopg.Connection[Any]) -> tuple[Scripts, list[int]]:
    """A battle opens while its cluster is sold."""
    cluster, _old = _past(owner)
    new = next(_ids)
    opening = f"INSERT INTO naive.battle VALUES ({new}, now(), false); {_words(new, cluster)}"
    return [_sale(cluster), ["BEGIN", opening, "COMMIT"]], [cluster]


def votes_late(owner: psycopg.Connection[Any]) -> tuple[Scripts, list[int]]:
    """An old battle gets its vote while its cluster is sold."""
    cluster, _old = _past(owner)
    late = _battle(owner, cluster, is_voted=False)
    return [_sale(cluster), ["BEGIN", f"UPDATE naive.battle SET voted = true WHERE id = {late}", "COMMIT"]], [cluster]


def writes_a_turn(owner: psycopg.Connection[Any]) -> tuple[Scripts, list[int]]:
    """A live battle gets a turn like what is sold."""
    cluster, _old = _past(owner)
    elsewhere, live = _past(owner, days_ago=0)
    return [_sale(cluster), ["BEGIN", _words(live, cluster), "COMMIT"]], [cluster, elsewhere]


def merges(owner: psycopg.Connection[Any]) -> tuple[Scripts, list[int]]:
    """A live cluster is merged into what is sold."""
    cluster, _old = _past(owner)
    live, _battle_of_today = _past(owner, days_ago=0)
    return [_sale(cluster), ["BEGIN", f"SELECT naive.merge({live}, {cluster})", "COMMIT"]], [cluster, live]


def sells_twice(owner: psycopg.Connection[Any]) -> tuple[Scripts, list[int]]:
    """Two officers sell what shares a battle's cluster, each a battle of their own."""
    cluster, _old = _past(owner)
    owner.execute("DELETE FROM naive.battle_cluster WHERE cluster = %s", [cluster])
    shared, _one = _past(owner)
    owner.execute(
        "INSERT INTO naive.battle_cluster SELECT battle, %s FROM naive.battle_cluster WHERE cluster = %s",
        [cluster, shared],
    )
    second = _battle(owner, cluster)
    other = next(_ids)
    owner.execute("INSERT INTO naive.cluster VALUES (%s)", [other])
    owner.execute("INSERT INTO naive.battle_cluster VALUES (%s, %s)", [second, other])
    return [_sale(shared, 1), _sale(other, 2)], [cluster, shared, other]


SCENES: Final[tuple[Scene, ...]] = (opens, votes_late, writes_a_turn, merges, sells_twice)
