"""Everything that writes about prompts."""

from apps.prompts.services.comparing import note_resemblance, renew_signature
from apps.prompts.services.deciding import (
    AlreadyApproved,
    AlreadyRejected,
    AlreadyWithdrawn,
    NotScreened,
    approve_prompt,
    reject_prompt,
    withdraw_prompt,
)
from apps.prompts.services.screening import screen_prompt
from apps.prompts.services.submitting import (
    LONGEST_ANSWER,
    NothingWritten,
    NotOpenForAnswers,
    SubmissionKeyTaken,
    TooLong,
    TooShort,
    UnknownChoice,
    answer_hint,
    submit_prompt,
)
from apps.prompts.services.turns import PlacedWords, place_turn

__all__ = [
    "LONGEST_ANSWER",
    "AlreadyApproved",
    "AlreadyRejected",
    "AlreadyWithdrawn",
    "NotOpenForAnswers",
    "NotScreened",
    "NothingWritten",
    "PlacedWords",
    "SubmissionKeyTaken",
    "TooLong",
    "TooShort",
    "UnknownChoice",
    "answer_hint",
    "approve_prompt",
    "note_resemblance",
    "place_turn",
    "reject_prompt",
    "renew_signature",
    "screen_prompt",
    "submit_prompt",
    "withdraw_prompt",
]
