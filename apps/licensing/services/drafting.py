"""Drafting a release: what somebody wishes for, put down before anybody looks at what may leave."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.licensing.domain.filters import FilterFault, ReleaseFilters
from apps.licensing.events import LicensingEvent
from apps.licensing.models import Licensee, Release
from apps.licensing.permissions import may_license
from apps.licensing.queries import battles_matching
from apps.licensing.services.attempts import close_done
from apps.policy.queries import current_version

LONGEST_TITLE: Final = 120
_PUT_DOWN: Final = "INSERT INTO licensing_releasecandidate (release_id, battle_id) SELECT %s, chosen.id FROM ("


class MalformedFilters(Refused):
    """The filters or the title cannot be read."""


class NothingMatches(Refused):
    """No battle was ever fought that the filters ask for."""


class LicenseeSuspended(Refused):
    """The licensee gets nothing for the time being."""


@transaction.atomic
def draft_release(
    *,
    actor: Actor,
    licensee: Licensee,
    title: str,
    filters: ReleaseFilters | Mapping[str, Any],
    now: datetime,
    attempt_id: int | None = None,
) -> Release:
    """Put down which voted battles are wanted, live ones included: what may leave is decided at sealing.

    ``attempt_id`` is the attempt that the flow put down before, which is closed as done.

    Raises:
        NotPermitted: when the actor is no licensing officer.
        MalformedFilters: when the filters or the title cannot be read.
        NothingMatches: when they ask for nothing that exists.
        LicenseeSuspended: when the licensee is.
    """
    if not may_license(actor) or actor.account_id is None:
        raise NotPermitted(_("Only licensing officers draft releases."))
    wanted = _read(filters)
    title = " ".join(title.split())
    if not 0 < len(title) <= LONGEST_TITLE or not title.isprintable():
        raise MalformedFilters(_("A release needs a title of at most 120 characters."))
    licensee = Licensee.objects.select_for_update(no_key=True).get(pk=licensee.pk)
    if licensee.suspended_at is not None:
        raise LicenseeSuspended(_("This licensee is suspended."), subject=licensee.ref)
    release = Release.objects.create(
        licensee=licensee,
        title=title,
        filters=wanted.to_json(),
        drafted_by_id=actor.account_id,
        drafted_at=now,
        policy_version=current_version(at=now),
    )
    release.asked = _put_down(release, wanted)
    if not release.asked:
        raise NothingMatches(_("No voted battle matches these filters."), subject=licensee.ref)
    release.save(update_fields=["asked"])
    record(
        LicensingEvent.DRAFTED,
        actor=actor,
        subject=release.ref,
        at=now,
        facts={"licensee": licensee.ref, "asked": release.asked, "policy_version": release.policy_version},
    )
    if attempt_id is not None:
        close_done(attempt_id, release=release, now=now)
    return release


def _read(filters: ReleaseFilters | Mapping[str, Any]) -> ReleaseFilters:
    if isinstance(filters, ReleaseFilters):
        return filters
    try:
        return ReleaseFilters.from_json(filters)
    except FilterFault as fault:
        raise MalformedFilters(f"{fault.field}: {fault}") from fault


def _put_down(release: Release, wanted: ReleaseFilters) -> int:
    """Write the candidates in one statement, however many they are, and return their number."""
    chosen, parameters = battles_matching(wanted).order_by("pk").values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_PUT_DOWN + chosen + ") AS chosen (id)", [release.pk, *parameters])
        return int(cursor.rowcount)
