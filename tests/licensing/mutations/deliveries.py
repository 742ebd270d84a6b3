"""Rules 10, 11 and 12: what is asked before each download, what follows a withdrawal, and counters that fit."""

from typing import Final

from tests.licensing.mutations.registry import Mutation

_DOWNLOAD: Final = "tests/licensing/test_download.py::"
_WITHDRAWALS: Final = "tests/licensing/test_withdrawals.py::"
_MATCH: Final = "tests/licensing/test_match_reads.py::"


def _nothing(*_told: object, **_more: object) -> None:
    """Ask nothing."""


def _none_owed(*_told: object, **_more: object) -> int:
    """Owe nobody anything."""
    return 0


def _no_mismatches(*_told: object, **_more: object) -> list[object]:
    """Find that everything fits."""
    return []


MUTATIONS: Final = (
    Mutation(
        rule=10,
        name="a claim asks nothing",
        patches=(("apps.licensing.services.deliveries.require_deliverable", _nothing),),
        caught_by=(_DOWNLOAD + "test_the_claim_asks_by_itself_and_a_closed_edition_is_not_even_read",),
    ),
    Mutation(
        rule=10,
        name="a download asks for no checkpoint",
        patches=(("apps.licensing.queries.deliveries.is_covered", lambda *_told, **_more: True),),
        caught_by=(_DOWNLOAD + "test_a_checkpoint_that_is_not_the_logs_own_opens_nothing",),
    ),
    Mutation(
        rule=11,
        name="nobody is owed a notice",
        patches=(("apps.licensing.flows.withdrawing.owe_rows", _none_owed),),
        caught_by=(_WITHDRAWALS + "test_ada_takes_her_consent_back_and_ingrid_deletes_the_rows",),
    ),
    Mutation(
        rule=11,
        name="silence has no consequence",
        patches=(("apps.licensing.flows.withdrawing.press_notice", _nothing),),
        caught_by=(_WITHDRAWALS + "test_silence_is_followed_by_a_reminder_the_officers_and_a_suspension",),
    ),
    Mutation(
        rule=12,
        name="counters may have gaps",
        statements=("ALTER TABLE licensing_delivery DISABLE TRIGGER delivery_on_insert",),
        caught_by=(_DOWNLOAD + "test_the_database_counts_without_gaps_and_knows_the_files",),
    ),
    Mutation(
        rule=12,
        name="reads are compared with nothing",
        patches=(("apps.licensing.flows.matching.mismatches", _no_mismatches),),
        caught_by=(_MATCH + "test_reading_past_the_service_is_found",),
    ),
)
