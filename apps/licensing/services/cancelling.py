"""Giving a release up before anybody got it."""

from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.services import record
from apps.licensing.events import LicensingEvent
from apps.licensing.models import Release, ReleaseState
from apps.licensing.permissions import may_license
from apps.licensing.services.saying_no import NotCancellable, asking_the_wall


@transaction.atomic
def cancel_release(*, actor: Actor, release_id: int, now: datetime) -> Release:
    """End a draft, or a sealed release that nobody has received: its clusters must be retired anew.

    Battles that were opened on them meanwhile keep their tag: they stay out of the board of record, so that giving a
    release up changes no rank.

    Raises:
        NotPermitted: when the actor is no licensing officer.
        NotCancellable: when it was refused or cancelled before, or somebody has received it.
    """
    if not may_license(actor):
        raise NotPermitted(_("Only licensing officers cancel releases."))
    was = Release.objects.values_list("state", flat=True).get(pk=release_id)
    if was == ReleaseState.SEALED:
        # The clusters are locked before the release, so the function does all of it.
        with asking_the_wall(f"licensing.release:{release_id}"), connection.cursor() as cursor:
            cursor.execute(
                "SELECT cancel_release(id) FROM licensing_release WHERE id = %s AND state = 'sealed'", [release_id]
            )
    release = Release.objects.select_for_update(no_key=True).get(pk=release_id)
    if was == ReleaseState.DRAFT and release.state == ReleaseState.DRAFT:
        release.state, release.cancelled_at = ReleaseState.CANCELLED, now
        release.save(update_fields=["state", "cancelled_at"])
    elif was != ReleaseState.SEALED or release.state != ReleaseState.CANCELLED:
        raise NotCancellable(
            _("Release %(number)d is %(state)s and cannot be cancelled.")
            % {"number": release.pk, "state": release.get_state_display()},
            subject=release.ref,
        )
    record(
        LicensingEvent.CANCELLED,
        actor=actor,
        subject=release.ref,
        at=now,
        facts={"was": was, "items": release.items if was == ReleaseState.SEALED else 0},
    )
    return release
