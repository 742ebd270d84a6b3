"""Notices to whoever speaks for a licensee, in the transaction of what they tell about."""

from datetime import datetime

from django.db import transaction

from apps.accounts.services import notify
from apps.audit.domain.actor import Actor
from apps.licensing.models import Licensee


@transaction.atomic
def tell_contact(*, actor: Actor, licensee: Licensee, subject: str, body: str, address: str, now: datetime) -> None:
    """Put a notice into the inbox of whoever speaks for a licensee; when nobody does, nobody is told."""
    if licensee.contact is not None:
        notify(actor=actor, recipient=licensee.contact, subject=subject, body=body, address=address, now=now)
