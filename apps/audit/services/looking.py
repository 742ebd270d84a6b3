"""An auditor's look at the log: written and committed before anything is shown."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import JSON
from apps.audit.domain.refusal import NotPermitted
from apps.audit.models import Entry
from apps.audit.permissions import is_auditor
from apps.audit.services.recording import record


class NotAnAuditor(NotPermitted):
    """Entries are read by auditors only."""


def record_look(
    event: StrEnum, *, actor: Actor, subject: str, now: datetime, facts: Mapping[str, JSON] | None = None
) -> Entry:
    """Write that an auditor is about to see ``subject``, and commit it; the page is read only after that.

    A look that fails afterwards stays written. Raises ``NotAnAuditor``, and ``RuntimeError`` inside a transaction.
    """
    if not is_auditor(actor):
        raise NotAnAuditor(_("Only auditors read the entries of the log."), subject=subject)
    with transaction.atomic(durable=True):
        return record(event, actor=actor, subject=subject, at=now, facts=facts)
