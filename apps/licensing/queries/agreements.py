"""Agreements: the current text, what is in force for whom, and whether the owners are still those of that day."""

from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Max, Q

from apps.licensing.models import Agreement, AgreementText, FinalRecipient, LicenseeKey
from apps.organizations.queries import ControlChange, changes_of_control


def clock_now() -> datetime:
    """Return the time by the database's clock, which no machine of the application can turn."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (moment,) = cursor.fetchone()
    return moment  # type: ignore[no-any-return]


def current_text() -> AgreementText | None:
    """Return the newest text, which is what licensees are asked to accept; None before the first."""
    return AgreementText.objects.order_by("-version").first()


def agreement_in_force(licensee_id: int, *, at: datetime) -> Agreement | None:
    """Return the agreement that was accepted and not ended at a moment, expired or not; None when there is none."""
    found = Agreement.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=at), licensee_id=licensee_id, accepted_at__lte=at
    )
    return found.select_related("text", "licensee__organization").order_by("-accepted_at", "-pk").first()


def control_changes_of(agreement: Agreement, *, at: datetime) -> tuple[ControlChange, ...]:
    """Return what changed among the owners since the agreement was accepted, or since an officer last looked."""
    told: dict[str, Any] = agreement.control_reviews.filter(reviewed_at__lte=at).aggregate(last=Max("reviewed_at"))
    since = max(agreement.accepted_at, told["last"] or agreement.accepted_at)
    return changes_of_control(agreement.licensee.organization_id, since=since, at=at)


def recipient_ids(licensee_id: int, *, at: datetime) -> frozenset[int]:
    """Return the organizations that were a licensee's final recipients at a moment."""
    found = FinalRecipient.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=at), licensee_id=licensee_id, declared_at__lte=at
    )
    return frozenset(found.values_list("organization_id", flat=True))


def key_of_prefix(prefix: str) -> LicenseeKey | None:
    """Return a key by its public name, with its licensee and whoever made it; None when there is none."""
    return LicenseeKey.objects.select_related("licensee__organization", "made_by").filter(prefix=prefix).first()
