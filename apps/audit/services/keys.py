"""The log's public keys: announced before they sign, retired when they sign no more; the private ones are elsewhere."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.note import Algorithm, InvalidNote, Verifier, parse_vkey
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.events import AuditEvent
from apps.audit.models import LogKey
from apps.audit.permissions import may_tend_the_log
from apps.audit.services.recording import record

# What a fact of an entry may have.
LONGEST_KEY: Final = 200


class NotTheOperator(NotPermitted):
    """Keys are announced and retired from the command line of the platform's own machines."""


class UnfitKey(Refused):
    """It is no public key with which a log signs."""


class UnknownKey(Refused):
    """No key with this id was ever announced."""


class AlreadyRetired(Refused):
    """The key was retired before and does not come back."""


@transaction.atomic
def announce_key(*, actor: Actor, vkey: str, now: datetime) -> LogKey:
    """Tell everybody that this key signs the log's checkpoints from now on; again, for the same key, does nothing.

    ``vkey`` is a verifier key in the form of C2SP signed-note. Raises ``NotTheOperator``, ``UnfitKey``, and
    ``AlreadyRetired`` for a key that was used up.
    """
    _require_operator(actor)
    verifier = _fit(vkey)
    key, is_new = LogKey.objects.get_or_create(
        vkey=verifier.vkey, defaults={"key_id": verifier.key_id.hex(), "announced_at": now}
    )
    if key.retired_at is not None:
        raise AlreadyRetired(_("This key was retired; a retired key is never used again."), subject=key.ref)
    if is_new:
        record(AuditEvent.KEY_ANNOUNCED, actor=actor, subject=key.ref, at=now, facts={"vkey": key.vkey})
    return key


@transaction.atomic
def retire_key(*, actor: Actor, key_id: str, now: datetime) -> LogKey:
    """Tell everybody that a key signs no more; what it signed stays signed.

    Raises ``NotTheOperator``, ``UnknownKey`` and ``AlreadyRetired``.
    """
    _require_operator(actor)
    key = LogKey.objects.select_for_update().filter(pk=key_id).first()
    if key is None:
        raise UnknownKey(_("No key %(key)s was ever announced.") % {"key": key_id})
    if key.retired_at is not None:
        raise AlreadyRetired(_("This key was retired before."), subject=key.ref)
    key.retired_at = now
    key.save(update_fields=["retired_at"])
    record(AuditEvent.KEY_RETIRED, actor=actor, subject=key.ref, at=now)
    return key


def _require_operator(actor: Actor) -> None:
    if not may_tend_the_log(actor):
        raise NotTheOperator(_("The log's keys are announced and retired by whoever runs the platform."))


def _fit(vkey: str) -> Verifier:
    try:
        verifier = parse_vkey(vkey)
    except InvalidNote as error:
        raise UnfitKey(_("This is no public key: %(reason)s") % {"reason": error}) from None
    if verifier.algorithm is not Algorithm.ED25519 or len(vkey) > LONGEST_KEY:
        raise UnfitKey(
            _("A log signs with a plain Ed25519 key whose text has at most %(most)d characters.")
            % {"most": LONGEST_KEY}
        )
    return verifier
