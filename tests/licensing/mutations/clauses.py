"""Rules 2, 3 and 9, as far as the database goes by them when it seals."""

from typing import Final

from tests.licensing.mutations.registry import Mutation

_JUDGE: Final = "judge_release(bigint)"
_SEAL: Final = "tests/licensing/test_judging.py::"

MUTATIONS: Final = (
    Mutation(
        rule=2,
        name="nobody asks for consent",
        functions=(
            (_JUDGE, "OR by_author.given_at IS NULL OR by_voter.given_at IS NULL", ""),
            (_JUDGE, "OR by_author.given_at > b.opened_at", "OR false"),
            (_JUDGE, "OR by_voter.given_at > b.opened_at", "OR false"),
        ),
        caught_by=(_SEAL + "test_the_database_seals_nothing_without_consent",),
    ),
    Mutation(
        rule=2,
        name="unknown terms count as yes",
        functions=((_JUDGE, "IS NOT TRUE", "IS FALSE"),),
        caught_by=(_SEAL + "test_the_database_seals_nothing_whose_terms_are_unknown",),
    ),
    Mutation(
        rule=3,
        name="excluded votes are sold",
        functions=((_JUDGE, "OR v.excluded_under <> ''", ""),),
        caught_by=(_SEAL + "test_the_database_seals_no_excluded_vote",),
    ),
    Mutation(
        rule=3,
        name="withdrawn prompts are sold",
        functions=((_JUDGE, "OR p.state IS DISTINCT FROM 'approved'", ""),),
        caught_by=(_SEAL + "test_the_database_seals_no_withdrawn_prompt",),
    ),
    Mutation(
        rule=3,
        name="unscreened turns are sold",
        functions=((_JUDGE, "AND t.screened_at IS NULL", "AND false"),),
        caught_by=(_SEAL + "test_the_database_seals_no_turn_that_a_person_would_have_to_read",),
    ),
    Mutation(
        rule=3,
        name="sealing asks no clause",
        functions=(("wall_seal(bigint, bigint[], boolean)", "WHERE j.clause IS NULL", "WHERE true"),),
        caught_by=(
            _SEAL + "test_the_database_seals_nothing_without_consent",
            "tests/licensing/test_sieges.py::test_an_order_or_two_of_every_sale_against_everything",
        ),
    ),
    Mutation(
        rule=9,
        name="only the pinned policy counts",
        functions=(
            (
                "wall_min_age_hours(bigint)",
                "SELECT number FROM policy_policyversion WHERE effective_at <= clock_timestamp()",
                "SELECT number FROM policy_policyversion WHERE false",
            ),
        ),
        caught_by=(_SEAL + "test_the_database_seals_by_the_stricter_of_the_pinned_and_the_current_policy",),
    ),
    Mutation(
        rule=9,
        name="only the current policy counts",
        functions=(
            (
                "wall_min_age_hours(bigint)",
                "(SELECT policy_version FROM licensing_release WHERE id = of_release)",
                "NULL",
            ),
        ),
        caught_by=(_SEAL + "test_the_database_seals_by_the_stricter_of_the_pinned_and_the_current_policy",),
    ),
    Mutation(
        rule=9,
        name="new rules of likeness need no comparison",
        functions=(("wall_require_compared()", "IF EXISTS (", "IF false AND EXISTS ("),),
        caught_by=(_SEAL + "test_new_rules_of_likeness_are_applied_before_anything_more_is_sold",),
    ),
)
