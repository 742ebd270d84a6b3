"""Every sale against everything that may happen meanwhile: the scenes are made of two lists, each against each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.licensing.races import Scene, Scripts, retire, seal, together
from tests.licensing.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a scene is played on.

    ``old`` are voted battles of the past in ``cluster`` on ``prompt``, and ``late`` is one that still waits for its
    vote; ``live`` is a battle of today in ``elsewhere``, and ``aside`` is another old cluster. ``release`` is a draft
    of the old battles, ``dataset`` a file that is being read in.
    """

    world: World
    prompt: int
    cluster: int
    old: list[int]
    late: int
    live: int
    live_prompt: int
    elsewhere: int
    aside: int
    release: int
    dataset: int
    founded: list[int] = field(default_factory=list)

    @property
    def clusters(self) -> list[int]:
        """All clusters that the verdict is about."""
        return [self.cluster, self.elsewhere, self.aside, *self.founded]


def stage(world: World) -> Stage:
    """Write a new past for one order, under the rulebook as it first was."""
    amend_age(world, 60)
    consents_as_they_were(world)
    prompt, cluster, old = world.sky()
    late = world.battle(prompt, is_voted=False)
    live_prompt, elsewhere, [live] = world.sky(days_ago=0)
    _prompt, aside, _battles = world.sky()
    dataset = world.value(
        "INSERT INTO battles_importeddataset (name, format, licence, source_sha256, rows, imported_at, is_complete)"
        " VALUES (gen_random_uuid()::text, 'generic', '', repeat('0', 64), 1, now(), false) RETURNING id"
    )
    return Stage(
        world=world,
        prompt=prompt,
        cluster=cluster,
        old=old,
        late=late,
        live=live,
        live_prompt=live_prompt,
        elsewhere=elsewhere,
        aside=aside,
        release=world.draft(old),
        dataset=dataset,
    )


def consents_as_they_were(world: World) -> None:
    """Let the consents that the last order took back be there again, which nobody else can."""
    if world.value("SELECT count(*) FROM contributors_consent WHERE withdrawn_at IS NOT NULL"):
        world.rewritten("contributors_consent", "UPDATE contributors_consent SET withdrawn_at = NULL")


_AMENDED: Final = (
    "WITH edition AS (INSERT INTO policy_policyversion (number, effective_at, summary)"
    " SELECT max(number) + 1, clock_timestamp(), 'For a test' FROM policy_policyversion RETURNING id)"
    " INSERT INTO policy_clause (version_id, number, title, text, parameters)"
    " SELECT edition.id, c.number, c.title, c.text, CASE c.number WHEN 'W1' THEN"
    " jsonb_build_object('min_age_days', {days}) ELSE c.parameters END FROM policy_clause c CROSS JOIN edition"
    " WHERE c.version_id = (SELECT id FROM policy_policyversion ORDER BY number DESC LIMIT 1)"
)


_DECREE: Final = (
    "CREATE OR REPLACE FUNCTION decree_age(in_days integer) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$"
    f" {_AMENDED.format(days='in_days')} $$; GRANT EXECUTE ON FUNCTION decree_age(integer) TO showdown_app"
)


def amend_age(world: World, days: int) -> None:
    """Put W1's days into force, unless they are."""
    now_in_force = world.value(
        "SELECT parameters ->> 'min_age_days' FROM policy_clause WHERE number = 'W1' ORDER BY version_id DESC LIMIT 1"
    )
    if int(now_in_force) != days:
        world.owner.execute(_AMENDED.format(days=days).encode())


# --- What the officers do ---


def retire_then_seal(at: Stage) -> list[str]:
    """Two transactions: the nightly task, then Margaret."""
    return together(*retire(at.cluster)) + together(seal(at.release, at.old))


def retire_and_seal(at: Stage) -> list[str]:
    """Both in one transaction."""
    return together(*retire(at.cluster), seal(at.release, at.old))


def seal_what_was_retired(at: Stage) -> list[str]:
    """The certificate is there, and the sale is one step."""
    at.world.retired(at.cluster)
    return [seal(at.release, at.old)]


SALES: Final[tuple[Callable[[Stage], list[str]], ...]] = (retire_then_seal, retire_and_seal, seal_what_was_retired)


# --- What may happen meanwhile ---


def turn(battle: int, cluster: int | None, text: str = "And why is it red in the evening?") -> str:
    """Return the statement with which the application adds a further turn."""
    return (
        "INSERT INTO battles_turn (battle_id, number, text, text_sha256, language, cluster_id, screened_at, created_at)"
        f" SELECT {battle}, 1 + coalesce(max(number), 1), '{text}', md5(random()::text) || md5(random()::text), 'en',"
        f" {cluster or 'NULL'}, now(), '2001-01-01' FROM battles_turn WHERE battle_id = {battle}"
    )


def alike(first: int, second: int) -> str:
    """Return the statement with which screening puts down that two clusters are alike."""
    return (
        "INSERT INTO prompts_resemblance (first_id, second_id, jaccard, algorithm, outcome, found_at)"
        f" VALUES ({first}, {second}, 0.8, 'by hand', 'nothing', now())"
    )


def opens(at: Stage) -> list[str]:
    """A battle opens on the prompt."""
    return together(at.world.opening(at.prompt))


def votes_on_an_old_battle(at: Stage) -> list[str]:
    """A vote on a battle that was opened long ago."""
    return together(*at.world.voting(at.late))


def votes_on_a_battle_of_today(at: Stage) -> list[str]:
    """A vote on a battle of today on the same prompt, which has never been past the wall."""
    fresh = at.world.battle(at.prompt, days_ago=0, is_voted=False)
    return together(*at.world.voting(fresh))


def writes_a_turn_like_what_is_sold(at: Stage) -> list[str]:
    """A battle of today gets a turn in the old cluster."""
    return together(turn(at.live, at.cluster))


def writes_a_turn_on_what_is_sold(at: Stage) -> list[str]:
    """The very battle gets a turn in a live cluster."""
    return together(turn(at.old[0], at.elsewhere))


def writes_a_short_turn_on_what_is_sold(at: Stage) -> list[str]:
    """The very battle gets words too short for a cluster."""
    return together(turn(at.old[0], None, "go on"))


def merges_the_live_one_in(at: Stage) -> list[str]:
    """The live cluster becomes one with the old, which remains."""
    return together(f"SELECT merge_clusters({at.elsewhere}, {at.cluster})")


def merges_into_the_live_one(at: Stage) -> list[str]:
    """The old cluster becomes one with the live, which remains."""
    return together(f"SELECT merge_clusters({at.cluster}, {at.elsewhere})")


def merges_the_old_and_an_older(at: Stage) -> list[str]:
    """Both are old."""
    return together(f"SELECT merge_clusters({at.aside}, {at.cluster})")


def finds_the_live_one_alike(at: Stage) -> list[str]:
    """Screening finds a text near both: a merge before the sale, an edge after it."""
    return together(alike(at.elsewhere, at.cluster))


def finds_a_text_alike_and_opens(at: Stage) -> list[str]:
    """A new text resembles what is sold, founds a cluster, and a battle opens on it at once."""
    prompt, cluster = at.world.prompt("Why, please, is the sky blue?")
    at.founded.append(cluster)
    return together(alike(cluster, at.cluster), at.world.opening(prompt))


def votes_on_what_is_found_alike(at: Stage) -> list[str]:
    """The live battle is voted on while its cluster is found to be alike."""
    waiting = at.world.battle(at.live_prompt, days_ago=0, is_voted=False)
    return together(alike(at.cluster, at.elsewhere)) + together(*at.world.voting(waiting))


def imports(at: Stage) -> list[str]:
    """A file of votes is read in."""
    row = at.world.opening(0).replace("source, prompt_id", "source, dataset_id")
    return together(row.replace("'platform', 0", f"'imported', {at.dataset}"))


def withdraws_consent(at: Stage) -> list[str]:
    """The author takes the licensing consent back."""
    return [
        "UPDATE contributors_consent SET withdrawn_at = clock_timestamp() WHERE kind = 'licensing'"
        f" AND contributor_id = {at.world.authors_id} AND withdrawn_at IS NULL"
    ]


def excludes_the_vote(at: Stage) -> list[str]:
    """A decision leaves the vote out."""
    return [
        f"UPDATE battles_vote SET excluded_under = 'I1', excluded_at = clock_timestamp() WHERE battle_id = {at.old[0]}"
    ]


def tightens_the_policy(at: Stage) -> list[str]:
    """W1 asks for 120 days from now on.

    Two people adopt a version through functions of the book's own, which other tests try; here it is one statement.
    """
    at.world.owner.execute(_DECREE.encode())
    return ["SELECT decree_age(120)"]


MEANWHILE: Final[tuple[Callable[[Stage], list[str]], ...]] = (
    opens,
    votes_on_an_old_battle,
    votes_on_a_battle_of_today,
    writes_a_turn_like_what_is_sold,
    writes_a_turn_on_what_is_sold,
    writes_a_short_turn_on_what_is_sold,
    merges_the_live_one_in,
    merges_into_the_live_one,
    merges_the_old_and_an_older,
    finds_the_live_one_alike,
    finds_a_text_alike_and_opens,
    votes_on_what_is_found_alike,
    imports,
    withdraws_consent,
    excludes_the_vote,
    tightens_the_policy,
)


def scene(sale: Callable[[Stage], list[str]], *acts: Callable[[Stage], list[str]]) -> Scene:
    """Return the scene of one sale and what happens meanwhile."""

    def set_up(world: World) -> tuple[Scripts, list[int]]:
        at = stage(world)
        scripts = [sale(at), *(act(at) for act in acts)]
        return scripts, at.clusters

    return set_up
