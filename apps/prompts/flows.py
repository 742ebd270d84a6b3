"""Screening with a detector: read the words, ask the detector outside any transaction, then screen."""

from collections.abc import Callable
from datetime import datetime

from apps.audit.domain.actor import Actor
from apps.policy.queries import clause
from apps.prompts.domain.language import ABSTAINED, Detection
from apps.prompts.domain.normalisation import prose_of
from apps.prompts.gateways import LanguageDetector
from apps.prompts.models import Prompt
from apps.prompts.queries import text_awaiting_screening
from apps.prompts.services import screen_prompt


def screen_with_detector(
    *, actor: Actor, prompt_id: int, now: datetime, detector: Callable[[], LanguageDetector]
) -> Prompt:
    """Screen one prompt; the detector is only made when there is a text to read.

    It abstains on prose shorter than clause P7 says, and on a prompt in a language that it does not know. The words
    of a submitted prompt never change, so reading them before the row is locked loses nothing.
    """
    return screen_prompt(actor=actor, prompt_id=prompt_id, now=now, detection=_detected(prompt_id, detector))


def _detected(prompt_id: int, detector: Callable[[], LanguageDetector]) -> Detection:
    waiting = text_awaiting_screening(prompt_id)
    if waiting is None:
        return ABSTAINED
    prose = prose_of(waiting.text)
    if len(prose) < int(clause("P7").parameters["min_characters"]):
        return ABSTAINED
    reader = detector()
    return reader.detect(prose) if waiting.language in reader.languages else ABSTAINED
