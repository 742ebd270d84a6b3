"""What beat and the workers call: one flow."""

from celery import shared_task

from apps.audit.domain.actor import Actor
from apps.audit.task_base import RecordedTask
from apps.web.flows import tend_exports as tend


@shared_task(base=RecordedTask, name="web.tend_exports")
def tend_exports() -> None:
    """Write exports that are due, and remove those whose time is over."""
    tend(actor=Actor.system("web.tend_exports"))
