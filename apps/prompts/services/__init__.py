"""Everything that writes about prompts."""

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

__all__ = [
    "LONGEST_ANSWER",
    "AlreadyApproved",
    "AlreadyRejected",
    "AlreadyWithdrawn",
    "NotOpenForAnswers",
    "NotScreened",
    "NothingWritten",
    "SubmissionKeyTaken",
    "TooLong",
    "TooShort",
    "UnknownChoice",
    "answer_hint",
    "approve_prompt",
    "reject_prompt",
    "screen_prompt",
    "submit_prompt",
    "withdraw_prompt",
]
