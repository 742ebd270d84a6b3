"""What beat and the workers call: one flow each."""

from celery import shared_task

from apps.audit.domain.actor import Actor
from apps.audit.task_base import RecordedTask
from apps.licensing.flows import recluster_if_due, retire_due_clusters, sweep


@shared_task(base=RecordedTask, name="licensing.retire_due")
def retire_due() -> None:
    """Retire every cluster that is past the wall."""
    retire_due_clusters(actor=Actor.system("licensing.retire_due"))


@shared_task(base=RecordedTask, name="licensing.sweep")
def sweep_up() -> None:
    """Close orphaned attempts, build editions that are due, remove folders that belong to nothing."""
    sweep(actor=Actor.system("licensing.sweep"))


@shared_task(base=RecordedTask, name="licensing.recluster_due")
def recluster_due() -> None:
    """Compare all clusters' founders anew when the rules of likeness have changed."""
    recluster_if_due(actor=Actor.system("licensing.recluster_due"))
