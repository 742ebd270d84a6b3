"""What prompts write to the log."""

from enum import StrEnum


class PromptEvent(StrEnum):
    """The events of this app; ``docs/log.md`` explains each."""

    SUBMITTED = "prompts.submitted"
    SCREENED = "prompts.screened"
    HINT_ANSWERED = "prompts.hint_answered"
    APPROVED = "prompts.approved"
    REJECTED = "prompts.rejected"
    WITHDRAWN = "prompts.withdrawn"
