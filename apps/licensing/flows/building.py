"""Building editions: read the rows a piece at a time, sort them apart, write them, let them appear at once, confirm.

Killed at any stage, the next look finds what is due and begins again: what lies apart is thrown away, and an edition
that has appeared but was not confirmed is compared with its manifest and built anew unless it is whole.
"""

from collections.abc import Callable
from datetime import datetime

import pyarrow as pa
from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.jobs.services import JobCancelled, advance_job
from apps.licensing.flows.writing import RowsMissing, Written, told, write_edition
from apps.licensing.gateways import EditionStore
from apps.licensing.models import Edition
from apps.licensing.queries import due_editions, finished_offers, holding_the_build_lock, holding_the_licensee
from apps.licensing.queries.editions import DueEdition
from apps.licensing.services import (
    NothingToBuild,
    NothingToFit,
    begin_building,
    confirm_edition,
    end_building_failed,
    end_building_stopped,
    fit_release,
    offer_is_built,
)

Report = Callable[[str, int, int], None]
Clock = Callable[[], datetime]


def build_due_editions(
    *, actor: Actor, report: Report | None = None, clock: Clock = timezone.now, store: EditionStore | None = None
) -> int:
    """Build every edition that is due and that no other process builds; return how many were built.

    An offer all of whose editions are there goes on to its approvals.
    """
    built = 0
    stopped: set[int] = set()
    for due in due_editions():
        if due.release_id in stopped:
            continue
        edition = build_edition(actor=actor, due=due, report=report, clock=clock, store=store)
        built += edition is not None
        if edition is None:
            stopped.add(due.release_id)
    for offer_id in finished_offers():
        offer_is_built(actor=actor, offer_id=offer_id, now=clock())
    return built


def build_edition(
    *,
    actor: Actor,
    due: DueEdition,
    report: Report | None = None,
    clock: Clock = timezone.now,
    store: EditionStore | None = None,
) -> Edition | None:
    """Build one licensee's edition; None when there is nothing to do, or when it was stopped or failed.

    ``report`` is told the phase, and how many rows of how many are done.
    """
    where = store or EditionStore()
    with holding_the_build_lock(due.release_id) as is_ours, holding_the_licensee(due.licensee_id) as is_next:
        if not (is_ours and is_next):
            return None
        try:
            fit_release(actor=actor, release_id=due.release_id, now=clock())
            build = begin_building(actor=actor, due=due, now=clock())
        except (NothingToBuild, NothingToFit):
            return None

        def tell(phase: str, done: int) -> None:
            if build.job_id is not None:
                advance_job(job_id=build.job_id, phase=phase, done=done, total=build.items, now=clock())
            if report is not None:
                report(phase, done, build.items)

        try:
            written: Written = write_edition(build, where, tell=tell)
            edition = confirm_edition(
                actor=actor, build=build, manifest=written.manifest, manifest_sha256=written.sha256, now=clock()
            )
        except (JobCancelled, NothingToBuild):
            where.remove(build.folder)
            end_building_stopped(actor=actor, release_id=due.release_id, now=clock())
        except (OSError, RowsMissing, pa.ArrowException) as error:
            where.remove(build.folder)
            end_building_failed(actor=actor, release_id=due.release_id, error=told(error), now=clock())
        else:
            return edition
        finally:
            where.discard(build.folder)
    return None
