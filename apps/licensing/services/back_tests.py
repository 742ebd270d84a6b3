"""A back-test that is long work: asked for, taken up and ended; what it finds is kept by the rulebook's own service."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.jobs.models import JobRun, JobState
from apps.jobs.services import begin, cancel_job, finish_job, start_job
from apps.licensing.queries.replay import BACK_TEST_KIND
from apps.policy.models import PolicyProposal
from apps.policy.permissions import may_back_test

_OPEN: Final = (JobState.DUE, JobState.RUNNING)


@transaction.atomic
def request_back_test(*, actor: Actor, proposal: PolicyProposal, now: datetime) -> JobRun:
    """Put down that a back-test is due; asking twice is asking once.

    Raises:
        NotPermitted: when the actor may not.
    """
    if not may_back_test(actor):
        raise NotPermitted(_("Back-tests are run by those who propose or decide changes."))
    PolicyProposal.objects.select_for_update(no_key=True).get(pk=proposal.pk)
    waiting = JobRun.objects.filter(kind=BACK_TEST_KIND, subject=proposal.ref, state__in=_OPEN).first()
    return waiting or start_job(actor=actor, kind=BACK_TEST_KIND, subject=proposal.ref, now=now)


@transaction.atomic
def begin_back_test(*, actor: Actor, job_id: int, now: datetime) -> JobRun:
    """Take a back-test up, or take it up again after a crash."""
    _require_platform(actor)
    return begin(job_id=job_id, now=now)


@transaction.atomic
def end_back_test(*, actor: Actor, job_id: int, now: datetime) -> JobRun:
    """End a back-test whose findings are kept."""
    _require_platform(actor)
    return finish_job(actor=actor, job_id=job_id, now=now)


@transaction.atomic
def stop_back_test(*, actor: Actor, job_id: int, now: datetime) -> JobRun:
    """End a back-test that somebody stopped, or whose proposal was decided meanwhile."""
    _require_platform(actor)
    return cancel_job(actor=actor, job_id=job_id, now=now)


def _require_platform(actor: Actor) -> None:
    if not actor.is_system:
        raise NotPermitted(_("Long work is done by the platform itself."))
