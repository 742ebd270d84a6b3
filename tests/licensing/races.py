"""The races against the wall, and the invariant that each must leave behind, in SQL of its own."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import psycopg

from tests.licensing.world import World

Scripts = Sequence[Sequence[str]]
Scene = Callable[[World], tuple[Scripts, list[int]]]

# What must never be, whatever was tried. None of these reads a function of the wall.
BROKEN: Final = {
    "a live event behind a certificate": """
      SELECT b.id FROM retired_cluster r JOIN battle_cluster c ON c.cluster_id = r.cluster_id
      JOIN battles_battle b ON b.id = c.battle_id
      WHERE r.cluster_id = ANY(%(clusters)s) AND b.last_event_at > r.last_live_at AND b.tag IS DISTINCT FROM 'released'
    """,
    "a live battle, or a twin of one, in a release": """
      SELECT i.battle_id FROM release_item i JOIN battle_cluster c ON c.battle_id = i.battle_id
      JOIN battle_cluster o ON o.cluster_id = c.cluster_id JOIN battles_battle b ON b.id = o.battle_id
      WHERE c.cluster_id = ANY(%(clusters)s) AND b.tag IS NULL AND b.last_event_at > now() - interval '1440 hours'
    """,
    "an item that rests on a cluster without a certificate": """
      SELECT i.battle_id FROM release_item i JOIN battle_cluster c ON c.battle_id = i.battle_id
      LEFT JOIN retired_cluster r ON r.cluster_id = c.cluster_id
      WHERE i.battle_id IN (SELECT battle_id FROM battle_cluster WHERE cluster_id = ANY(%(clusters)s))
        AND r.cluster_id IS NULL
    """,
    "a cluster in two releases": """
      SELECT c.cluster_id FROM release_item i JOIN battle_cluster c ON c.battle_id = i.battle_id
      WHERE c.cluster_id = ANY(%(clusters)s) GROUP BY c.cluster_id HAVING count(DISTINCT i.release_id) > 1
    """,
    "a battle tagged for a release that is none": """
      SELECT b.id FROM battles_battle b JOIN battle_cluster c ON c.battle_id = b.id
      WHERE c.cluster_id = ANY(%(clusters)s) AND b.tag = 'released' AND NOT EXISTS (
        SELECT 1 FROM battle_cluster m JOIN battle_cluster o ON o.cluster_id = m.cluster_id
        JOIN release_item i ON i.battle_id = o.battle_id WHERE m.battle_id = b.id)
    """,
    "an event before the sale that is tagged as one after it": """
      SELECT b.id FROM battles_battle b JOIN battle_cluster m ON m.battle_id = b.id
      JOIN battle_cluster o ON o.cluster_id = m.cluster_id JOIN release_item i ON i.battle_id = o.battle_id
      JOIN licensing_release r ON r.id = i.release_id
      WHERE m.cluster_id = ANY(%(clusters)s) AND b.tag = 'released' AND b.last_event_at < r.sealed_at
    """,
}
# After a cancellation the tags of the meantime stay, and nothing rests on them.
TAGS: Final = "a battle tagged for a release that is none"
TAGGED_BEFORE: Final = "an event before the sale that is tagged as one after it"


def broken(world: World, clusters: Sequence[int], *, ignoring: Sequence[str] = ()) -> list[Any]:
    """Return what of the invariant does not hold around some clusters."""
    found = []
    for name, query in BROKEN.items():
        if name not in ignoring:
            rows = world.owner.execute(query.encode(), {"clusters": list(clusters)}).fetchall()
            found += [(name, row[0]) for row in rows]
    return found


def weakened(owner: psycopg.Connection[Any], function: str, *changes: tuple[str, str]) -> None:
    """Replace words in a function of the wall, to see that somebody notices."""
    found = owner.execute("SELECT pg_get_functiondef(%s::regprocedure)", [function]).fetchone()
    assert found is not None
    text = str(found[0])
    for old, new in changes:
        assert old in text, (function, old)
        text = text.replace(old, new)
    owner.execute(text.encode())


def retire(*clusters: int) -> list[str]:
    """Steps that retire clusters."""
    return [f"SELECT retire_cluster({cluster}, 60)" for cluster in clusters]


def seal(release: int, battles: Sequence[int]) -> str:
    """The step that seals a draft with some battles."""
    return (
        f"SELECT seal_release({release}, ARRAY{list(battles)}::bigint[]);"
        " UPDATE licensing_release SET state = 'sealed', sealed_at = now(), items_root = repeat('0', 64)"
        f" WHERE id = {release}"
    )


def together(*steps: str) -> list[str]:
    """Steps of one transaction."""
    return ["BEGIN", *steps, "COMMIT"]


def open_against_retire_then_seal(world: World) -> tuple[Scripts, list[int]]:
    """The simplest race, in two transactions against one."""
    prompt, cluster, battles = world.sky()
    release = world.draft(battles)
    sale = together(*retire(cluster)) + together(seal(release, battles))
    return [sale, together(world.opening(prompt))], [cluster]


def open_against_retire_and_seal(world: World) -> tuple[Scripts, list[int]]:
    """The same with retirement and sale in one transaction."""
    prompt, cluster, battles = world.sky()
    release = world.draft(battles)
    return [together(*retire(cluster), seal(release, battles)), together(world.opening(prompt))], [cluster]


def open_against_a_sale_that_does_not_look_again(world: World) -> tuple[Scripts, list[int]]:
    """The sale's transaction took its picture of the database before the battle opened."""
    prompt, cluster, battles = world.sky()
    release = world.draft(battles)
    sale = ["BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM battles_battle"]
    sale += [*retire(cluster), seal(release, battles), "COMMIT"]
    return [sale, together(world.opening(prompt))], [cluster]


def late_vote_against_retire_then_seal(world: World) -> tuple[Scripts, list[int]]:
    """A vote on a battle that was opened long ago."""
    prompt, cluster, battles = world.sky()
    late = world.battle(prompt, is_voted=False)
    release = world.draft(battles)
    sale = together(*retire(cluster)) + together(seal(release, battles))
    return [sale, together(*world.voting(late))], [cluster]


def late_vote_against_retire_and_seal(world: World) -> tuple[Scripts, list[int]]:
    """The same with retirement and sale in one transaction."""
    prompt, cluster, battles = world.sky()
    late = world.battle(prompt, is_voted=False)
    release = world.draft(battles)
    return [together(*retire(cluster), seal(release, battles)), together(*world.voting(late))], [cluster]


def further_words_against_retire_then_seal(world: World) -> tuple[Scripts, list[int]]:
    """A battle of today gets a turn that resembles what is about to be sold."""
    _prompt, cluster, battles = world.sky()
    _other, elsewhere, [live] = world.sky(days_ago=0)
    release = world.draft(battles)
    sale = together(*retire(cluster)) + together(seal(release, battles))
    turn = together(f"INSERT INTO battle_cluster VALUES ({live}, {cluster})")
    return [sale, turn], [cluster, elsewhere]


def further_words_on_what_is_sold(world: World) -> tuple[Scripts, list[int]]:
    """The very battle that is about to be sold gets a turn in a live cluster."""
    _prompt, cluster, battles = world.sky()
    _other, elsewhere, _live = world.sky(days_ago=0)
    release = world.draft(battles)
    sale = together(*retire(cluster)) + together(seal(release, battles))
    return [sale, together(f"INSERT INTO battle_cluster VALUES ({battles[0]}, {elsewhere})")], [cluster, elsewhere]


def _merge(world: World, *, live_into_old: bool, in_one: bool) -> tuple[Scripts, list[int]]:
    _prompt, cluster, battles = world.sky()
    _other, live, _battles = world.sky(days_ago=0)
    release = world.draft(battles)
    merged, kept = (live, cluster) if live_into_old else (cluster, live)
    steps = retire(cluster)
    sale = together(*steps, seal(release, battles)) if in_one else together(*steps) + together(seal(release, battles))
    return [sale, together(f"SELECT merge_clusters({merged}, {kept})")], [cluster, live]


def live_merged_in_against_retire_then_seal(world: World) -> tuple[Scripts, list[int]]:
    """A live cluster is merged into the one that is sold."""
    return _merge(world, live_into_old=True, in_one=False)


def live_merged_in_against_retire_and_seal(world: World) -> tuple[Scripts, list[int]]:
    """The same in one transaction."""
    return _merge(world, live_into_old=True, in_one=True)


def merged_into_live_against_retire_then_seal(world: World) -> tuple[Scripts, list[int]]:
    """The cluster that is sold is merged into a live one."""
    return _merge(world, live_into_old=False, in_one=False)


def merged_into_live_against_retire_and_seal(world: World) -> tuple[Scripts, list[int]]:
    """The same in one transaction."""
    return _merge(world, live_into_old=False, in_one=True)


def open_beside_a_neighbour_that_retires(world: World) -> tuple[Scripts, list[int]]:
    """A battle of two clusters: one is retired, its neighbour retires now, and a battle opens on the first."""
    prompt, first, battles = world.sky()
    _other, second, _battles = world.sky()
    both = world.battle(prompt, also_in=[second])
    world.retired(first)
    release = world.draft(battles)
    sale = together(*retire(second)) + together(seal(release, [*battles, both]))
    return [sale, together(world.opening(prompt))], [first, second]


def two_sales_of_one_cluster(world: World) -> tuple[Scripts, list[int]]:
    """Two officers seal different battles of one cluster."""
    _prompt, cluster, battles = world.sky(battles=2)
    world.retired(cluster)
    drafts = [(world.draft([battle]), battle) for battle in battles]
    return [together(seal(release, [battle])) for release, battle in drafts], [cluster]


def two_sales_of_neighbours(world: World) -> tuple[Scripts, list[int]]:
    """Two releases that share a cluster through one battle each."""
    first_prompt, first, _battles = world.sky()
    _prompt, second, [other] = world.sky()
    both = world.battle(first_prompt, also_in=[second])
    world.retired(first, second)
    drafts = [(world.draft([battle]), battle) for battle in (both, other)]
    return [together(seal(release, [battle])) for release, battle in drafts], [first, second]


def open_against_cancel_and_reseal(world: World) -> tuple[Scripts, list[int]]:
    """A sale is cancelled, its cluster retires anew and is sold again, while a battle opens."""
    prompt, cluster, battles = world.sky()
    world.retired(cluster)
    first, second = world.sealed(battles), world.draft(battles)
    sale = together(f"SELECT cancel_release({first})") + together(*retire(cluster), seal(second, battles))
    return [sale, together(world.opening(prompt))], [cluster]


def vote_during_a_merge_and_a_sale(world: World) -> tuple[Scripts, list[int]]:
    """Three hands: one merges, one votes, one retires and sells the cluster that remains."""
    prompt, merged, _battles = world.sky()
    late = world.battle(prompt, is_voted=False)
    _other, kept, battles = world.sky()
    release = world.draft(battles)
    merge = ["BEGIN; " + f"SELECT merge_clusters({merged}, {kept})", "COMMIT"]
    vote = ["BEGIN; " + world.voting(late)[0], "COMMIT"]
    sale = [*retire(kept), "BEGIN; " + seal(release, battles) + "; COMMIT"]
    return [merge, vote, sale], [merged, kept]


SALES_AGAINST_LIVE_EVENTS: Final[tuple[Scene, ...]] = (
    open_against_retire_then_seal,
    open_against_retire_and_seal,
    late_vote_against_retire_then_seal,
    late_vote_against_retire_and_seal,
    further_words_against_retire_then_seal,
    further_words_on_what_is_sold,
    live_merged_in_against_retire_then_seal,
    live_merged_in_against_retire_and_seal,
    merged_into_live_against_retire_then_seal,
    merged_into_live_against_retire_and_seal,
    open_beside_a_neighbour_that_retires,
    two_sales_of_one_cluster,
    two_sales_of_neighbours,
    open_against_cancel_and_reseal,
)
