"""Likeness between clusters, put down with its entry in the log: they are merged, or kept apart from what was sold."""

from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.services import record
from apps.licensing.events import LicensingEvent
from apps.licensing.permissions import may_merge
from apps.policy.queries import current_version
from apps.prompts.domain.findings import Rules
from apps.prompts.models import Cluster, Outcome
from apps.prompts.queries import is_closed, signing_of
from apps.prompts.services import note_resemblance

_FINISHED: Final = (
    "INSERT INTO clusters_compared (near_jaccard, permutations, bands, shingle, method) VALUES (%s, %s, %s, %s, %s)"
)
# What a share in the log is rounded to.
_DIGITS: Final = 4


@transaction.atomic
def bring_together(
    *, actor: Actor, first: Cluster, second: Cluster, jaccard: float, algorithm: str, now: datetime
) -> Outcome:
    """Let two clusters that are alike be one, or, when one was sold, keep the other off the boards and out of releases.

    Raises:
        NotPermitted: when the actor is not the platform.
    """
    if not may_merge(actor):
        raise NotPermitted(_("Only the platform compares clusters."))
    found = note_resemblance(actor=actor, first=first, second=second, jaccard=jaccard, algorithm=algorithm, now=now)
    if found is None:
        return Outcome.NOTHING
    # The entry is about the one that is merged or kept apart: never about what was sold, else about the younger.
    kept, subject = sorted((found.first, found.second), key=lambda cluster: (not is_closed(cluster.pk), cluster.pk))
    facts = {"jaccard": f"{jaccard:.{_DIGITS}f}", "algorithm": algorithm}
    match Outcome(found.outcome):
        case Outcome.MERGED:
            facts["into"] = kept.ref
            record(LicensingEvent.CLUSTERS_MERGED, actor=actor, subject=subject.ref, at=now, facts=facts)
        case Outcome.NEAR_RELEASED:
            facts["released"] = kept.ref
            record(LicensingEvent.CLUSTER_NEAR_RELEASED, actor=actor, subject=subject.ref, at=now, facts=facts)
        case Outcome.NOTHING:
            pass
    return Outcome(found.outcome)


@transaction.atomic
def finish_comparison(*, actor: Actor, rules: Rules, founders: int, merged: int, near: int, now: datetime) -> None:
    """Put down that all founders were compared by these rules; nothing is sealed under new ones before.

    Raises:
        NotPermitted: when the actor is not the platform.
    """
    if not may_merge(actor):
        raise NotPermitted(_("Only the platform compares clusters."))
    with connection.cursor() as cursor:
        signing = signing_of(rules)
        cursor.execute(
            _FINISHED, [rules.near_jaccard, signing.permutations, signing.bands, signing.shingle, signing.method]
        )
    record(
        LicensingEvent.CLUSTERS_COMPARED,
        actor=actor,
        subject=f"policy.version:{current_version()}",
        at=now,
        clause="P3",
        facts={"founders": founders, "merged": merged, "near_released": near},
    )
