"""Everything that writes to battles, votes and models."""

from apps.battles.services.answering import (
    AnswersAlreadyAsked,
    HalfABattle,
    claim_answers,
    confirm_answers,
    void_battle,
)
from apps.battles.services.battle_rows import BattleIsOver, NoSuchBattle
from apps.battles.services.closing import expire_battle, skip_battle
from apps.battles.services.excluding import exclude_votes, restore_votes
from apps.battles.services.opening import (
    ConsentMissing,
    DailyNumberReached,
    NothingToCompare,
    OpeningKeyTaken,
    PromptNotOpen,
    open_battle,
)
from apps.battles.services.registering import ModelNameTaken, NotAnEndpoint, change_endpoint, register_model
from apps.battles.services.turning import add_turn
from apps.battles.services.voting import AlreadyVoted, AnswersMissing, cast_vote

__all__ = [
    "AlreadyVoted",
    "AnswersAlreadyAsked",
    "AnswersMissing",
    "BattleIsOver",
    "ConsentMissing",
    "DailyNumberReached",
    "HalfABattle",
    "ModelNameTaken",
    "NoSuchBattle",
    "NotAnEndpoint",
    "NothingToCompare",
    "OpeningKeyTaken",
    "PromptNotOpen",
    "add_turn",
    "cast_vote",
    "change_endpoint",
    "claim_answers",
    "confirm_answers",
    "exclude_votes",
    "expire_battle",
    "open_battle",
    "register_model",
    "restore_votes",
    "skip_battle",
    "void_battle",
]
