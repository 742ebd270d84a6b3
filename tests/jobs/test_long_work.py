"""Long work: it tells how far it is, it can be stopped, and it ends once."""

from datetime import timedelta

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.queries import trail_of
from apps.jobs.events import JobEvent
from apps.jobs.models import JobRun, JobState
from apps.jobs.queries import progress_of
from apps.jobs.services import (
    JobCancelled,
    JobIsOver,
    advance_job,
    begin,
    cancel_job,
    fail_job,
    finish_job,
    request_cancel,
    start_job,
)
from tests.conftest import NOON

SYSTEM = Actor.system("tests.work")


@pytest.fixture
def work(radia: User) -> JobRun:
    job = start_job(actor=radia.as_actor(), kind="tests.work", now=NOON)
    return begin(job_id=job.pk, now=NOON)


def test_work_tells_how_far_it_is_and_guesses_the_rest(work: JobRun) -> None:
    advance_job(job_id=work.pk, phase="counting", done=25, total=100, now=NOON + timedelta(seconds=10))
    work.refresh_from_db()
    progress = progress_of(work, now=NOON + timedelta(seconds=10))
    assert (progress.percent, progress.remaining) == (25, timedelta(seconds=30))


def test_a_new_phase_may_be_shorter_than_the_last_one(work: JobRun) -> None:
    advance_job(job_id=work.pk, phase="long", done=90, total=100, now=NOON)
    advance_job(job_id=work.pk, phase="short", done=1, total=3, now=NOON)
    work.refresh_from_db()
    assert (work.phase, work.done, work.total) == ("short", 1, 3)


def test_work_that_somebody_stopped_notices_at_its_next_step(work: JobRun, radia: User) -> None:
    request_cancel(actor=radia.as_actor(), job_id=work.pk, now=NOON)
    request_cancel(actor=radia.as_actor(), job_id=work.pk, now=NOON)
    with pytest.raises(JobCancelled):
        advance_job(job_id=work.pk, phase="counting", done=1, total=2, now=NOON)
    cancel_job(actor=SYSTEM, job_id=work.pk, now=NOON)
    assert trail_of(work.ref) == [JobEvent.STARTED, JobEvent.CANCEL_REQUESTED, JobEvent.CANCELLED]


def test_mallory_cannot_stop_anothers_work(work: JobRun, mallory: User) -> None:
    with pytest.raises(NotPermitted):
        request_cancel(actor=mallory.as_actor(), job_id=work.pk, now=NOON)
    with pytest.raises(NotPermitted):
        request_cancel(actor=mallory.as_actor(), job_id=10**15, now=NOON)


def test_work_ends_once(work: JobRun, radia: User) -> None:
    finish_job(actor=SYSTEM, job_id=work.pk, now=NOON)
    fail_job(actor=SYSTEM, job_id=work.pk, error="too late", now=NOON)
    work.refresh_from_db()
    assert (work.state, work.error) == (JobState.DONE, "")
    with pytest.raises(JobIsOver):
        request_cancel(actor=radia.as_actor(), job_id=work.pk, now=NOON)
    with pytest.raises(JobIsOver):
        begin(job_id=work.pk, now=NOON)


def test_radia_watches_and_stops_it_on_a_page(work: JobRun, radia: User, mallory: User, client: Client) -> None:
    address = f"/jobs/{work.pk}/"
    client.force_login(mallory)
    assert client.get(address).status_code == 404
    assert client.post(f"{address}cancel/").status_code == 403
    client.force_login(radia)
    assert client.get(address).status_code == 200
    assert "tests.work" in client.get("/jobs/").content.decode()
    assert client.get(address, headers={"HX-Request": "true"}).content.decode().count("<html") == 0
    assert client.post(f"{address}cancel/", follow=True).status_code == 200
    work.refresh_from_db()
    assert work.cancel_requested_at is not None
