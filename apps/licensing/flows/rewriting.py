"""Rewriting editions: rows that were taken back leave, and the approvals stand, because they bind a superset.

What is due is read from the tables, so nothing has to be remembered: an edition is behind as long as its manifest does
not name everything that was taken back. A process that dies leaves a folder that the next look throws away or takes as
it is.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import pyarrow as pa
from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.licensing.flows.writing import RowsMissing, write_edition
from apps.licensing.gateways import EditionStore
from apps.licensing.models import Edition
from apps.licensing.queries import due_rewrites, holding_the_build_lock
from apps.licensing.queries.people import a_release_was_withdrawn
from apps.licensing.services import (
    NothingToBuild,
    begin_rewriting,
    confirm_revision,
    hold_back_small_combinations,
)

Report = Callable[[str, int, int], None]
Clock = Callable[[], datetime]

# How long combinations are counted at every look after a release was withdrawn, which takes effect for others unseen.
_AFTER_A_WITHDRAWAL: Final = timedelta(days=2)


def rewrite_editions(
    *,
    actor: Actor,
    offer_id: int | None = None,
    report: Report | None = None,
    clock: Clock = timezone.now,
    store: EditionStore | None = None,
) -> int:
    """Write the next revision of every edition that is behind, of one offer or of all; return how many were written.

    Whoever stands among fewer than k since others left is left out first, wherever copies tell of them. Copies of other
    releases that change by this are written by the next look at all offers.
    """
    where = store or EditionStore()
    written = 0
    failed: set[int] = set()
    if a_release_was_withdrawn(since=clock() - _AFTER_A_WITHDRAWAL):
        hold_back_small_combinations(actor=actor, now=clock())
    while due := [pk for pk in due_rewrites(offer_id=offer_id) if pk not in failed]:
        hold_back_small_combinations(actor=actor, now=clock())
        for edition_id in due:
            if _rewrite(edition_id, actor=actor, report=report, clock=clock, store=where) is None:
                failed.add(edition_id)
            else:
                written += 1
    return written


def _rewrite(
    edition_id: int, *, actor: Actor, report: Report | None, clock: Clock, store: EditionStore
) -> Edition | None:
    """Write one edition's next revision and take the files of the last off the disk; None when it has to wait."""
    before = Edition.objects.get(pk=edition_id)

    def tell(phase: str, done: int) -> None:
        if report is not None:
            report(phase, done, before.rows)

    with holding_the_build_lock(before.release_id) as is_ours:
        if not is_ours:
            return None
        try:
            build = begin_rewriting(actor=actor, edition_id=edition_id)
        except NothingToBuild:
            return None
        try:
            written = write_edition(build, store, tell=tell)
            edition = confirm_revision(
                actor=actor,
                build=build,
                edition_id=edition_id,
                manifest=written.manifest,
                manifest_sha256=written.sha256,
                now=clock(),
            )
        except NothingToBuild:
            store.remove(build.folder)
            return None
        except (OSError, RowsMissing, pa.ArrowException):
            # The next look tries again; until then the edition is behind, and nothing of it is handed out.
            return None
        finally:
            store.discard(build.folder)
    store.remove(before.path)
    return edition
