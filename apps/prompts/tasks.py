"""The worker's sweep over prompts that wait for screening; it runs on the queue ``language``."""

import logging
from typing import Final

from celery import current_app, shared_task
from django.utils import timezone

from apps.audit.task_base import RecordedTask
from apps.prompts.flows import screen_with_detector
from apps.prompts.gateways import language_detector
from apps.prompts.queries import due_prompt_ids

_logger = logging.getLogger(__name__)
# Whoever submits waits for this at most; without a broker the row waits for beat, as everything that is due does.
_BROKER_SECONDS: Final = 1.0
_FORGOTTEN_AFTER_SECONDS: Final = 30


@shared_task(base=RecordedTask, bind=True, name="prompts.screen_due")
def screen_due(self: RecordedTask) -> None:
    """Screen every prompt that waits, the longest waiting first; one that fails does not hold up the others."""
    for prompt_id in due_prompt_ids():
        try:
            screen_with_detector(actor=self.actor, prompt_id=prompt_id, now=timezone.now(), detector=language_detector)
        except Exception:
            # It stays due, so the next sweep tries again; the log of the machine names the id and never the words.
            _logger.exception("Prompt %s could not be screened.", prompt_id)


def wake_screening() -> None:
    """Let the sweep run now instead of at beat's next look; called after the commit, and nothing depends on it.

    The row is what is due. A broker that is away, or hangs, costs a moment and loses nothing.
    """
    patience = {
        "socket_connect_timeout": _BROKER_SECONDS,
        "socket_timeout": _BROKER_SECONDS,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0,
    }
    options = {**current_app.conf.broker_transport_options, **patience}
    try:
        with current_app.connection_for_write(connect_timeout=_BROKER_SECONDS, transport_options=options) as broker:
            current_app.send_task(screen_due.name, connection=broker, retry=False, expires=_FORGOTTEN_AFTER_SECONDS)
    except Exception:  # noqa: BLE001 - Whatever a broker does to us, the prompt is kept and will be read.
        _logger.warning("The broker does not answer; what waits is screened at the next look.")
