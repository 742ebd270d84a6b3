"""What beat wakes: closing battles that nobody finishes."""

from celery import shared_task
from django.utils import timezone

from apps.audit.task_base import RecordedTask
from apps.battles.queries import overdue_battles
from apps.battles.services import expire_battle


@shared_task(base=RecordedTask, bind=True, name="battles.expire_due")
def expire_due(self: RecordedTask) -> None:
    """Close every battle whose time is over, each in a transaction of its own."""
    now = timezone.now()
    for battle_id in overdue_battles(now=now):
        expire_battle(actor=self.actor, battle_id=battle_id, now=now)
