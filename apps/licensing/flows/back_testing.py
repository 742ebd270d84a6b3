"""Back-testing a proposal: every past release judged again, then all of it kept at once.

Few releases are judged while the reader waits; many are a job that the sweeper takes up, and which begins again where
it was killed: what was judged is pure, so judging it twice says the same.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.jobs.services import JobCancelled, JobIsOver, advance_job
from apps.licensing.domain.replay import holds
from apps.licensing.models import Release
from apps.licensing.queries.replay import (
    due_back_tests,
    past_releases,
    recorded,
    rules_of,
    rules_under,
    verdicts_on,
)
from apps.licensing.services.back_tests import begin_back_test, end_back_test, request_back_test, stop_back_test
from apps.policy.models import PolicyProposal
from apps.policy.queries import proposal_page
from apps.policy.services import ProposalIsOver, Tested, keep_back_test

Clock = Callable[[], datetime]
AT_ONCE: Final = 200_000


def back_test(*, actor: Actor, proposal: PolicyProposal, clock: Clock = timezone.now) -> bool:
    """Judge every past release under a proposal, now if they are few, or as a job; return whether it is done.

    Raises:
        NotPermitted, ProposalIsOver: as the services say.
    """
    releases = past_releases()
    items = sum(Release.objects.filter(pk__in=releases).values_list("items", flat=True))
    if items > AT_ONCE:
        request_back_test(actor=actor, proposal=proposal, now=clock())
        return False
    keep_back_test(actor=actor, proposal=proposal, tested=_judged(proposal, releases), now=clock())
    return True


def run_due_back_tests(*, actor: Actor, clock: Clock = timezone.now) -> int:
    """Run every back-test that is due, and return how many were kept."""
    done = 0
    for job_id, proposal_id in due_back_tests():
        page = proposal_page(proposal_id)
        if page is None:
            continue
        try:
            begin_back_test(actor=actor, job_id=job_id, now=clock())
        except JobIsOver:
            # Another process came first.
            continue
        releases = past_releases()

        def tell(count: int, job_id: int = job_id, total: int = len(releases)) -> None:
            advance_job(job_id=job_id, phase="judging releases", done=count, total=total, now=clock())

        try:
            tested = _judged(page.proposal, releases, tell)
            keep_back_test(actor=actor, proposal=page.proposal, tested=tested, now=clock())
        except (JobCancelled, ProposalIsOver):
            stop_back_test(actor=actor, job_id=job_id, now=clock())
        else:
            end_back_test(actor=actor, job_id=job_id, now=clock())
            done += 1
    return done


def _judged(proposal: PolicyProposal, releases: list[int], tell: Callable[[int], None] | None = None) -> list[Tested]:
    before, after = rules_of(proposal.based_on.number), rules_under(proposal)
    tested = []
    for count, release_id in enumerate(releases):
        if tell is not None:
            tell(count)
        release = Release.objects.select_related("licensee__organization").get(pk=release_id)
        known = recorded(release)
        verdicts = verdicts_on(release, after, known=known)
        tested.append(
            Tested(
                subject=release.ref,
                held=holds(verdicts_on(release, before, known=known)),
                holds=holds(verdicts),
                verdicts=[verdict.to_json() for verdict in verdicts],
            )
        )
    return tested
