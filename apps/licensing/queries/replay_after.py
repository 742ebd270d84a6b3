"""What the log and the database keep of a release's copies, and of what was taken back from them afterwards."""

from collections import Counter
from functools import cache

from django.db.models import Count, Max

from apps.audit.queries import first_signed_over
from apps.licensing.domain.replay_after import RecordedAfter, RecordedNotice
from apps.licensing.models import (
    Delivery,
    Edition,
    EditionRevision,
    Notice,
    PseudonymKey,
    ReadIncident,
    Release,
)
from apps.licensing.queries.withdrawals import owed_rows
from apps.policy.models import PolicyVersion


def recorded_after(release: Release) -> RecordedAfter:
    """Return what was kept of everything that happened after a release was sealed."""
    editions = list(Edition.objects.filter(release=release))
    deliveries = list(Delivery.objects.filter(edition__release=release).order_by("pk"))
    licensees = {edition.licensee_id for edition in editions}
    notices = Notice.objects.filter(told__battle__eligibility__release_item__release=release).distinct()
    return RecordedAfter(
        editions=len(editions),
        shared_keys=_shared_keys(editions),
        was_in_force=_was_in_force(release),
        deliveries=len(deliveries),
        unsigned=_unsigned(deliveries),
        notices=tuple(
            RecordedNotice(allowed=notice.due_at - notice.issued_at, is_urgent=notice.is_urgent) for notice in notices
        ),
        untold=sum(row.licensee_id in licensees for row in owed_rows(release_id=release.pk)) if deliveries else 0,
        gaps=_gaps({delivery.licensee_id for delivery in deliveries}),
        incidents=ReadIncident.objects.filter(edition__release=release).count(),
    )


def _shared_keys(editions: list[Edition]) -> int:
    keys = {row.licensee_id: bytes(row.key) for row in PseudonymKey.objects.all()}
    times = Counter(keys.values())
    return sum(edition.licensee_id not in keys or times[keys[edition.licensee_id]] > 1 for edition in editions)


def _was_in_force(release: Release) -> bool | None:
    """Whether the version that a release is pinned to was in force when it was drafted; None for one that is gone."""
    pinned = PolicyVersion.objects.filter(number=release.policy_version).first()
    return None if pinned is None else pinned.effective_at <= release.drafted_at


def _unsigned(deliveries: list[Delivery]) -> int | None:
    """Return how many deliveries began before a checkpoint covered their manifest; None when one was not kept."""

    @cache
    def manifest_of(edition_id: int, revision: int) -> str | None:
        kept = EditionRevision.objects.filter(edition=edition_id, number=revision)
        return kept.values_list("manifest_sha256", flat=True).first()

    unsigned = 0
    for delivery in deliveries:
        digest = manifest_of(delivery.edition_id, delivery.revision)
        if digest is None:
            return None
        signed_at = first_signed_over(f"licensing.edition:{delivery.edition_id}", digest)
        unsigned += signed_at is None or signed_at > delivery.started_at
    return unsigned


def _gaps(licensees: set[int]) -> int:
    """Return how many numbers are missing between the deliveries of some licensees, from 1 on."""
    counted = (
        Delivery.objects.filter(licensee__in=licensees)
        .values("licensee")
        .annotate(last=Max("counter"), rows=Count("pk"))
    )
    return sum(each["last"] - each["rows"] for each in counted)
