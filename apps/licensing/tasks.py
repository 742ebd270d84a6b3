"""What beat and the workers call: one flow each."""

from celery import shared_task

from apps.audit.domain.actor import Actor
from apps.audit.task_base import RecordedTask
from apps.licensing.flows import recluster_if_due, retire_due_clusters, run_due_back_tests, sweep
from apps.licensing.flows.matching import match_due_days
from apps.licensing.flows.withdrawing import tend_withdrawals


@shared_task(base=RecordedTask, name="licensing.retire_due")
def retire_due() -> None:
    """Retire every cluster that is past the wall."""
    retire_due_clusters(actor=Actor.system("licensing.retire_due"))


@shared_task(base=RecordedTask, name="licensing.sweep")
def sweep_up() -> None:
    """Close orphaned attempts, build editions that are due, remove folders that belong to nothing."""
    sweep(actor=Actor.system("licensing.sweep"))


@shared_task(base=RecordedTask, name="licensing.back_test_due")
def back_test_due() -> None:
    """Judge past releases under proposals whose back-test is due."""
    run_due_back_tests(actor=Actor.system("licensing.back_test_due"))


@shared_task(base=RecordedTask, name="licensing.tend_withdrawals")
def tend() -> None:
    """Take back what is not fit any more, tell whoever received it, press for answers, close what broke off."""
    tend_withdrawals(actor=Actor.system("licensing.tend_withdrawals"))


@shared_task(base=RecordedTask, name="licensing.match_reads")
def match_reads() -> None:
    """Compare the reads of each day that is over with the deliveries."""
    match_due_days(actor=Actor.system("licensing.match_reads"))


@shared_task(base=RecordedTask, name="licensing.recluster_due")
def recluster_due() -> None:
    """Compare all clusters' founders anew when the rules or the method of likeness have changed."""
    recluster_if_due(actor=Actor.system("licensing.recluster_due"))
