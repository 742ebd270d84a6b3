"""The nightly retirement: every cluster that is old enough gets its certificate, one transaction each."""

from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.licensing.queries import due_clusters
from apps.licensing.services import StillLive, retire_cluster


def retire_due_clusters(
    *,
    actor: Actor,
    report: Callable[[int], None] | None = None,
    clock: Callable[[], datetime] = timezone.now,
    batch: int = 500,
) -> int:
    """Retire every cluster whose last live event is old enough by the database's clock, and return how many.

    A cluster on which something happens in between stays live: that is an answer and no error.
    """
    retired = 0
    left_alone: set[int] = set()
    while due := [cluster for cluster in due_clusters(limit=batch + len(left_alone)) if cluster not in left_alone]:
        for cluster_id in due:
            try:
                retire_cluster(actor=actor, cluster_id=cluster_id, now=clock())
            except StillLive:
                left_alone.add(cluster_id)
            else:
                retired += 1
        if report is not None:
            report(retired)
    return retired
