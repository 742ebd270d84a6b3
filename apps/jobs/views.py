"""Pages on which people watch and stop long pieces of work."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.middleware import acting
from apps.jobs.models import JobRun
from apps.jobs.permissions import may_cancel, may_watch
from apps.jobs.queries import newest_jobs, progress_of, tally_of
from apps.jobs.services import request_cancel


@require_safe
@login_required
def jobs(request: HttpRequest) -> HttpResponse:
    """List the newest work: all of it for staff, one's own for everybody else."""
    actor, now = acting(request), timezone.now()
    found = newest_jobs(owner=None if may_watch(actor) else actor.pseudonym)
    work = [progress_of(job, now=now) for job in found]
    return render(request, "jobs/jobs.html", {"jobs": work, "tally": tally_of(work)})


@require_safe
@login_required
def job(request: HttpRequest, job_id: int) -> HttpResponse:
    """Show one piece of work; htmx asks for its progress alone."""
    actor = acting(request)
    found = JobRun.objects.filter(pk=job_id).first()
    if found is None or not may_watch(actor, found):
        raise Http404
    template = "jobs/_progress.html" if request.headers.get("HX-Request") else "jobs/job.html"
    context = {"progress": progress_of(found, now=timezone.now()), "may_cancel": may_cancel(actor, found)}
    return render(request, template, context)


@require_POST
@login_required
def cancel(request: HttpRequest, job_id: int) -> HttpResponse:
    """Ask a piece of work to stop."""
    request_cancel(actor=acting(request), job_id=job_id, now=timezone.now())
    return redirect("jobs:job", job_id)
