"""What battles write to the log."""

from enum import StrEnum


class BattleEvent(StrEnum):
    """Battles from opening to vote, votes left out and taken back, and the models; ``docs/log.md`` explains each."""

    OPENED = "battles.opened"
    ASKED = "battles.asked"
    ANSWERED = "battles.answered"
    TURN_ADDED = "battles.turn_added"
    VOIDED = "battles.voided"
    VOTE_CAST = "battles.vote_cast"
    SKIPPED = "battles.skipped"
    EXPIRED = "battles.expired"
    VOTES_EXCLUDED = "battles.votes_excluded"
    VOTES_RESTORED = "battles.votes_restored"
    MODEL_REGISTERED = "battles.model_registered"
    MODEL_IMPORTED = "battles.model_imported"
    ENDPOINT_CHANGED = "battles.endpoint_changed"
    IMPORT_BEGUN = "battles.import_begun"
    IMPORTED = "battles.imported"
    IMPORT_FINISHED = "battles.import_finished"
