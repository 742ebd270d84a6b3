"""What beat wakes: the night's tests of voters."""

from celery import shared_task
from django.utils import timezone

from apps.audit.task_base import RecordedTask
from apps.integrity import services


@shared_task(base=RecordedTask, bind=True, name="integrity.nightly")
def nightly(self: RecordedTask) -> None:
    """Test everybody's votes once a night (UTC); woken again, it finds the night done."""
    services.test_voters_tonight(actor=self.actor, now=timezone.now())
