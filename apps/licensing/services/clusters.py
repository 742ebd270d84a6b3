"""Retiring and merging clusters through the database's own functions, each with its entry in the log."""

from datetime import datetime

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import time_text
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.licensing.events import LicensingEvent
from apps.licensing.models import EligibleBattleCluster, RetiredCluster
from apps.licensing.permissions import may_merge, may_retire
from apps.licensing.queries import min_age_days
from apps.prompts.models import Cluster


class StillLive(Refused):
    """Something happened on the cluster too recently, or nothing ever did."""


class CannotMerge(Refused):
    """One of the two was released, is merged already, or is not there."""


@transaction.atomic
def retire_cluster(*, actor: Actor, cluster_id: int, now: datetime) -> RetiredCluster:
    """Certify that a cluster is past the wall; asked again, the certificate stays as it is.

    ``now`` dates the log's entry alone: whether the cluster is old enough, and since when it is retired, the database
    decides by its own clock.

    Raises:
        NotPermitted: when the actor may not.
        StillLive: when its last live event is too young, or it never had one.
    """
    if not may_retire(actor):
        raise NotPermitted(_("Clusters are retired by the platform and by licensing officers."))
    subject = Cluster(pk=cluster_id).ref
    earlier = RetiredCluster.objects.filter(pk=cluster_id).first()
    if earlier is not None:
        return earlier
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT retire_cluster(%s, %s)", [cluster_id, min_age_days()])
    except DatabaseError as said_no:
        if not _is_a_no(said_no):
            raise
        raise StillLive(
            _("Cluster %(cluster)d is still live, or nothing was ever fought on it.") % {"cluster": cluster_id},
            clause="W1",
            subject=subject,
        ) from said_no
    certificate = RetiredCluster.objects.get(pk=cluster_id)
    record(
        LicensingEvent.CLUSTER_RETIRED,
        actor=actor,
        subject=subject,
        at=now,
        clause="W1",
        facts={
            "last_live_at": time_text(certificate.last_live_at),
            "retired_at": time_text(certificate.retired_at),
            "eligible_battles": EligibleBattleCluster.objects.filter(cluster_id=cluster_id).count(),
        },
    )
    return certificate


@transaction.atomic
def merge_clusters(*, actor: Actor, merged: Cluster, kept: Cluster, now: datetime) -> Cluster:
    """Let two clusters be live and retired together from now on, and return the one that remains.

    Raises:
        NotPermitted: when the actor is not the platform.
        CannotMerge: when one was released or is merged already.
    """
    if not may_merge(actor):
        raise NotPermitted(_("Only the platform merges clusters."))
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT merge_clusters(%s, %s)", [merged.pk, kept.pk])
    except DatabaseError as said_no:
        if not _is_a_no(said_no):
            raise
        raise CannotMerge(_("These two clusters cannot be merged."), clause="W1", subject=merged.ref) from said_no
    record(LicensingEvent.CLUSTERS_MERGED, actor=actor, subject=merged.ref, at=now, facts={"into": kept.ref})
    kept.refresh_from_db()
    return kept


def _is_a_no(error: DatabaseError) -> bool:
    """Whether a function of the wall refused, as opposed to a database that is away or a deadlock."""
    state = getattr(error.__cause__, "sqlstate", None)
    return isinstance(error, IntegrityError) or state in {"P0002", "22023"}
