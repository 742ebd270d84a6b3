"""What beat and the workers call: one service or one flow each."""

from celery import shared_task
from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.audit.task_base import RecordedTask
from apps.rankings.flows import recompute_open_run
from apps.rankings.services import RefitAlreadyRunning, request_refit


@shared_task(base=RecordedTask, name="rankings.nightly")
def nightly() -> None:
    """Put down tonight's recomputation; asked twice, or while another is open, it stays one."""
    now = timezone.now()
    try:
        request_refit(actor=Actor.system("rankings.nightly"), now=now, night=now.date())
    except RefitAlreadyRunning:
        # The open run counts the same votes; beat asks again and finds the night either done or still to do.
        return


@shared_task(base=RecordedTask, name="rankings.run_due")
def run_due() -> None:
    """Compute the run that is due, or the one whose worker died; nothing while another process computes."""
    recompute_open_run(actor=Actor.system("rankings.refit"))
