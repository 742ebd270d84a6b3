"""What beat wakes: the entries of what was read."""

from celery import shared_task
from django.utils import timezone

from apps.audit.task_base import RecordedTask
from apps.policy.services import close_readings


@shared_task(base=RecordedTask, bind=True, name="policy.close_readings")
def close_readings_due(self: RecordedTask) -> None:
    """Write one entry for everything that one person read for one purpose within an hour that is over."""
    close_readings(actor=self.actor, now=timezone.now())
