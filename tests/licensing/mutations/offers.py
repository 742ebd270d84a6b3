"""Rules 4, 5 and 6, and of 9 and 11 what opening asks for: four people, ties, the time-lock, rows that must leave."""

from typing import Final

from tests.licensing.mutations.registry import Mutation

_APPROVE: Final = "approve_offer(bigint, bigint, text)"
_OPEN: Final = "open_offer(bigint)"
_APPROVING: Final = "tests/licensing/test_approve_offers.py::"
_OPENING: Final = "tests/licensing/test_open_offers.py::"
_OBJECTING: Final = "tests/licensing/test_objections.py::"
_ASKED: Final = "tests/licensing/test_asked_by_the_database.py::"
_ATTACKED: Final = "tests/licensing/test_offer_attacks.py::"
_BESIEGED: Final = "tests/licensing/test_offers_besieged.py::"


def _nothing(*_told: object, **_more: object) -> None:
    """Ask nobody anything."""


MUTATIONS: Final = (
    Mutation(
        rule=4,
        name="one person approves twice",
        functions=(
            (
                _APPROVE,
                "ELSIF EXISTS (SELECT 1 FROM licensing_approval",
                "ELSIF false AND EXISTS (SELECT 1 FROM licensing_approval",
            ),
        ),
        caught_by=(_APPROVING + "test_the_same_person_does_not_approve_twice_whatever_their_roles",),
    ),
    Mutation(
        rule=4,
        name="whoever asked or built approves",
        functions=(
            (_APPROVE, "ELSIF by_whom IN (offer.requester_id", "ELSIF false AND by_whom IN (offer.requester_id"),
        ),
        caught_by=(_APPROVING + "test_whoever_asked_or_built_does_not_approve",),
    ),
    Mutation(
        rule=4,
        name="approvals without proving who one is",
        patches=(
            ("apps.licensing.services.approving.require_reauthenticated", _nothing),
            ("apps.licensing.services.attempts.require_reauthenticated", _nothing),
        ),
        caught_by=(_APPROVING + "test_only_approvers_who_have_lately_proved_who_they_are",),
    ),
    Mutation(
        rule=4,
        name="approvals bind nothing",
        functions=((_APPROVE, "offer_digest(of_offer) IS DISTINCT FROM offer.digest", "false"),),
        caught_by=(_APPROVING + "test_a_changed_manifest_is_not_what_was_read",),
    ),
    Mutation(
        rule=4,
        name="two approvals are enough, whatever the rulebook says",
        functions=((_APPROVE, "IF this_place < needed THEN", "IF this_place < 2 THEN"),),
        caught_by=(_ASKED + "test_as_many_approve_as_the_rulebook_asks_for",),
    ),
    Mutation(
        rule=5,
        name="agreements are asked by services alone",
        functions=((_OPEN, "IF one.standing IS NOT NULL THEN", "IF false THEN"),),
        caught_by=(_ASKED + "test_nothing_opens_for_whoever_may_not_receive",),
    ),
    Mutation(
        rule=6,
        name="an edition is exchanged for anything",
        statements=("ALTER TABLE licensing_edition DISABLE TRIGGER edition_on_write",),
        caught_by=(_ATTACKED + "test_nobody_exchanges_an_edition",),
    ),
    Mutation(
        rule=5,
        name="ties do not matter",
        functions=(("offer_ties_of(bigint, bigint)", "  RETURN (", "  RETURN '{}'::bigint[];\n  RETURN ("),),
        caught_by=(
            _APPROVING + "test_an_approver_employed_by_the_licensee_is_refused",
            _OPENING + "test_an_approver_whom_the_licensee_hires_meanwhile",
        ),
    ),
    Mutation(
        rule=5,
        name="ties reach one step",
        functions=(
            (
                "wall_tied(bigint[], text[])",
                "FROM reached JOIN organizations_tie t",
                "FROM (SELECT unnest(organizations) AS id) AS reached JOIN organizations_tie t",
            ),
            ("wall_tied(bigint[], text[])", "WITH RECURSIVE reached (id) AS", "WITH reached (id) AS"),
        ),
        caught_by=(_APPROVING + "test_ownership_ties_at_any_distance_and_in_circles",),
    ),
    Mutation(
        rule=5,
        name="those on the board do not wait",
        functions=((_OPEN, "IF release_on_the_board(offer.release_id) <> '{}' THEN", "IF false THEN"),),
        caught_by=(_OPENING + "test_a_licensee_on_the_board_waits_for_half_a_year",),
    ),
    Mutation(
        rule=6,
        name="it opens before the lock is over",
        functions=((_OPEN, "IF this_moment < opens THEN", "IF false THEN"),),
        caught_by=(_OPENING + "test_it_opens_when_the_lock_is_over_and_not_before",),
    ),
    Mutation(
        rule=6,
        name="a lock of an hour",
        statements=("ALTER TABLE licensing_offer DROP CONSTRAINT licensing_lock_has_a_floor",),
        functions=(
            (
                _APPROVE,
                "offer_greater(of_offer, 'W6', 'hours', 72)",
                "offer_greater(of_offer, 'W6', 'hours', 1)",
            ),
        ),
        caught_by=(_APPROVING + "test_no_version_goes_below_three_days",),
    ),
    Mutation(
        rule=6,
        name="an objection stops nothing",
        functions=(("wall_on_objection()", "IF offer.state = 'announced' THEN", "IF false THEN"),),
        caught_by=(_OBJECTING + "test_an_objection_stops_the_clock_and_nothing_opens",),
    ),
    Mutation(
        rule=6,
        name="rows that were taken back go out",
        functions=((_OPEN, "ELSIF offer_rows_to_leave(of_offer) > 0 THEN", "ELSIF false THEN"),),
        caught_by=(_OPENING + "test_rows_taken_back_leave_before_it_opens",),
    ),
    Mutation(
        rule=6,
        name="rows without a tombstone go out",
        statements=("ALTER TABLE licensing_offer DISABLE TRIGGER wall_on_opening",),
        caught_by=(_BESIEGED + "test_an_offer_does_not_open_over_a_consent_that_has_gone",),
    ),
    Mutation(
        rule=9,
        name="opening asks the pinned policy alone",
        functions=(
            (
                "wall_greater(text, text, integer, integer)",
                "(SELECT max(number) FROM policy_policyversion WHERE effective_at <= clock_timestamp())",
                "NULL",
            ),
        ),
        caught_by=(
            _OPENING + "test_a_policy_tightened_in_between_wins",
            _OPENING + "test_a_longer_notice_in_between_wins",
        ),
    ),
)
