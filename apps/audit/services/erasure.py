"""Forgetting a text: its commitment stays in the log, every proof still holds, and nobody can open it any more."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.audit.events import AuditEvent
from apps.audit.models import Entry, Salt
from apps.audit.permissions import may_tend_the_log
from apps.audit.queries import salts_that_came_back
from apps.audit.services.keys import NotTheOperator
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


@transaction.atomic
def forget_texts_about(*, actor: Actor, subjects: Collection[str], reason: str, now: datetime) -> int:
    """Delete the salts of every commitment about some subjects, and return how many there were; one entry says so.

    ``reason`` is the subject of that entry: the person whose texts these were. Its service asks whether the actor may.
    """
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_salt WHERE subject = ANY (%s)", [list(subjects)])
        forgotten = int(cursor.rowcount)
    record(AuditEvent.TEXTS_FORGOTTEN, actor=actor, subject=reason, at=now, facts={"texts": forgotten})
    return forgotten


@transaction.atomic
def forget_again(*, actor: Actor, now: datetime) -> int:
    """Delete the salts that a restored backup brought back although the log says that they were forgotten.

    The log itself is the list of what was forgotten: it is published outside the database, and ``log_recover`` puts
    entries back that the backup lacks. Returns how many salts there were; that it was done is an entry, also for none.

    Raises:
        NotTheOperator: when it is not the platform's own command.
    """
    if not may_tend_the_log(actor):
        raise NotTheOperator(_("A backup is restored by whoever runs the platform."))
    found = salts_that_came_back()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_salt WHERE commitment = ANY (%s)", [found])
    record(
        AuditEvent.BACKUP_RESTORED,
        actor=actor,
        subject="audit.log:entries",
        at=now,
        facts={"forgotten_again": len(found)},
    )
    return len(found)
