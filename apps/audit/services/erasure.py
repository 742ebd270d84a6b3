"""Forgetting a text: its commitment stays in the log, every proof still holds, and nobody can open it any more."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.audit.events import AuditEvent
from apps.audit.models import Entry, Salt
from apps.audit.services.recording import record


class AlreadyForgotten(Refused):
    """There is no salt for this commitment any more, or there never was one."""


@transaction.atomic
def forget_text(*, actor: Actor, commitment: str, now: datetime) -> Entry:
    """Delete the salt of a commitment, so that it opens for nobody, and return the entry that says so.

    The service that erases the text itself calls this in the same transaction and asks whether the actor may.
    Backups keep the salt for as long as they are kept. Raises ``AlreadyForgotten``.
    """
    subject = Salt.objects.filter(pk=commitment).values_list("subject", flat=True).first()
    # Two may get here; only the one who deletes the row has forgotten it. (Locking it first would need the right to
    # change salts, which nobody has.)
    deleted, _rows = Salt.objects.filter(pk=commitment).delete()
    if subject is None or not deleted:
        raise AlreadyForgotten(_("This text is already forgotten."))
    return record(AuditEvent.TEXT_FORGOTTEN, actor=actor, subject=subject, at=now, facts={"commitment": commitment})
