"""The worker's sweep over prompts that wait for screening; it runs on the queue ``language``."""

import logging

from celery import shared_task
from django.utils import timezone

from apps.audit.task_base import RecordedTask
from apps.prompts.flows import screen_with_detector
from apps.prompts.gateways import language_detector
from apps.prompts.queries import due_prompt_ids

_logger = logging.getLogger(__name__)


@shared_task(base=RecordedTask, bind=True, name="prompts.screen_due")
def screen_due(self: RecordedTask) -> None:
    """Screen every prompt that waits, the longest waiting first; one that fails does not hold up the others."""
    for prompt_id in due_prompt_ids():
        try:
            screen_with_detector(actor=self.actor, prompt_id=prompt_id, now=timezone.now(), detector=language_detector)
        except Exception:
            # It stays due, so the next sweep tries again; the log of the machine names the id and never the words.
            _logger.exception("Prompt %s could not be screened.", prompt_id)
