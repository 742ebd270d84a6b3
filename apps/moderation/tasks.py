"""What beat wakes: the sweep that turns what waits into cases."""

from celery import shared_task
from django.utils import timezone

from apps.audit.task_base import RecordedTask
from apps.moderation.flows import sweep


@shared_task(base=RecordedTask, bind=True, name="moderation.sweep")
def sweep_waiting(self: RecordedTask) -> None:
    """Open cases for flagged prompts and findings, and write down what the rule decided."""
    sweep(actor=self.actor, now=timezone.now())
