"""Rule 1: only battles past the wall, with everything that resembles them."""

from typing import Final

from tests.licensing.mutations.registry import Mutation

_WALL: Final = "tests/licensing/test_wall.py::"
_NEAR: Final = "tests/licensing/test_near_released.py::"
_RACES: Final = "tests/licensing/test_interleavings.py::"
_SIEGES: Final = "tests/licensing/test_sieges.py::"
_ATTACKS: Final = "tests/licensing/test_attacks.py::"
_WORDS: Final = "tests/licensing/test_words_stay.py::"

MUTATIONS: Final = (
    Mutation(
        rule=1,
        name="no floor of sixty days",
        statements=("ALTER TABLE retired_cluster DROP CONSTRAINT retired_cluster_sixty_days",),
        caught_by=(_WALL + "test_the_floor_holds_without_the_function",),
    ),
    Mutation(
        rule=1,
        name="a function that takes any age",
        statements=(
            "ALTER TABLE retired_cluster DROP CONSTRAINT retired_cluster_sixty_days",
            "ALTER TABLE eligible_battle_cluster DROP CONSTRAINT eligible_battle_cluster_sixty_days",
        ),
        functions=(
            (
                "retire_cluster(bigint, integer)",
                "IF this_moment < was_live_at",
                "IF false AND this_moment < was_live_at",
            ),
        ),
        caught_by=(_WALL + "test_a_cluster_stays_live_until_its_last_event_is_sixty_days_old",),
    ),
    Mutation(
        rule=1,
        name="no key on the time of the last event",
        statements=(
            "ALTER TABLE eligible_battle DROP CONSTRAINT eligible_battle_is_as_it_was",
            "ALTER TABLE battles_battle DISABLE TRIGGER wall_on_event",
        ),
        caught_by=(_WALL + "test_a_late_vote_is_a_live_event",),
    ),
    Mutation(
        rule=1,
        name="no key to the battle's own clusters",
        statements=(
            "ALTER TABLE eligible_battle_cluster DROP CONSTRAINT eligible_battle_cluster_is_its_own",
            "ALTER TABLE eligible_battle DISABLE TRIGGER wall_whole",
        ),
        caught_by=(_ATTACKS + "test_even_the_owners_forgeries_break_on_the_keys",),
    ),
    Mutation(
        rule=1,
        name="no lock for a live event",
        functions=(
            ("revive_cluster(bigint)", "FOR KEY SHARE", ""),
            ("wall_living_cluster(bigint)", "FOR KEY SHARE", ""),
        ),
        caught_by=(_RACES + "test_the_simplest_race_in_all_of_its_84_orders",),
    ),
    Mutation(
        rule=1,
        name="a battle rests on one of its clusters",
        functions=(
            ("retire_cluster(bigint, integer)", "AND o.cluster_id <> of_cluster", "AND false"),
            (
                "wall_whole()",
                "IF EXISTS (SELECT 1 FROM eligible_battle",
                "IF false AND EXISTS (SELECT 1 FROM eligible_battle",
            ),
        ),
        caught_by=(_WALL + "test_a_battle_rests_on_all_of_its_clusters",),
    ),
    Mutation(
        rule=1,
        name="a vote alone is no event",
        statements=("ALTER TABLE battles_vote DISABLE TRIGGER wall_on_vote",),
        caught_by=(_WALL + "test_a_vote_and_an_answer_alone_are_live_events_too",),
    ),
    Mutation(
        rule=1,
        name="a further turn is no event",
        statements=("ALTER TABLE battles_turn DISABLE TRIGGER wall_on_words",),
        caught_by=(_SIEGES + "test_an_order_or_two_of_every_sale_against_everything",),
    ),
    Mutation(
        rule=1,
        name="imported battles are like others",
        # Two say no: that it was fought elsewhere, and that its words live in no cluster.
        statements=("ALTER TABLE battle_cluster DISABLE TRIGGER wall_for_words",),
        functions=(("wall_on_turn()", "IF is_from IS DISTINCT FROM 'platform'", "IF false"),),
        caught_by=(_WALL + "test_an_imported_battle_has_no_cluster",),
    ),
    Mutation(
        rule=1,
        name="very short words get a cluster",
        statements=("ALTER TABLE battle_cluster DISABLE TRIGGER wall_for_words",),
        caught_by=(_ATTACKS + "test_what_the_application_may_write_cannot_be_turned_against_the_wall",),
    ),
    Mutation(
        rule=1,
        name="a cluster is sold twice",
        functions=(
            (
                "wall_seal(bigint, bigint[], boolean)",
                "DELETE FROM eligible_battle e",
                "DELETE FROM eligible_battle e WHERE false;\n  PERFORM 1 FROM eligible_battle e",
            ),
        ),
        caught_by=(_WALL + "test_a_released_cluster_is_sold_once_and_its_new_battles_are_tagged",),
    ),
    Mutation(
        rule=1,
        name="a sale takes what nobody holds",
        functions=(
            (
                "wall_seal(bigint, bigint[], boolean)",
                "IF EXISTS (SELECT unnest(rests_on) EXCEPT",
                "IF false AND EXISTS (SELECT unnest(rests_on) EXCEPT",
            ),
        ),
        caught_by=(_RACES + "test_what_becomes_eligible_while_a_sale_waits_is_left_for_the_next",),
    ),
    Mutation(
        rule=1,
        name="what resembles something sold retires",
        functions=(
            (
                "wall_on_resemblance()",
                "NEW.outcome := wall_bring_together(NEW.first_id, NEW.second_id, NEW.jaccard)",
                "NEW.outcome := 'nothing'",
            ),
        ),
        caught_by=(
            _NEAR + "test_what_resembles_something_sold_gets_an_edge_instead",
            _NEAR + "test_two_that_are_alike_become_one_and_the_older_remains",
        ),
    ),
    Mutation(
        rule=1,
        name="a certificate beside an edge",
        statements=("ALTER TABLE retired_cluster DISABLE TRIGGER wall_not_both",),
        caught_by=(_NEAR + "test_not_even_the_owner_has_a_certificate_and_an_edge_at_once",),
    ),
    Mutation(
        rule=1,
        name="a sale that was given up leaves the edge behind",
        functions=(("cancel_release(bigint)", "PERFORM wall_settle(clusters);", ""),),
        caught_by=(_NEAR + "test_a_sale_that_is_given_up_turns_the_edge_into_the_merge_that_it_was",),
    ),
)
