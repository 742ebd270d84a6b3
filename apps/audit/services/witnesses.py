"""Witnesses: registered and ended by those to whom they belong, and what they signed, kept as it came."""

import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.cosigning import CosignatureLine
from apps.audit.domain.note import Algorithm, InvalidNote, parse_vkey
from apps.audit.domain.policy_text import RESERVED_NAMES
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.events import AuditEvent
from apps.audit.models import Cosignature, Witness
from apps.audit.permissions import has_lately_proved_identity, may_add_witness, may_end_witness
from apps.audit.services.recording import commit_to, record

MOST_WITNESSES: Final = 32
LONGEST_ADDRESS: Final = 400
LONGEST_TIES: Final = 500
# Two who register the same key at once must not both succeed; no constraint sees that two names share a key.
_LOCK: Final = 0x5D0A_17F1_7735
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,119}")
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class NotYourWitness(NotPermitted):
    """A witness is registered and ended by the auditor whose it is, or by an administrator if it is nobody's."""


class ReauthenticationNeeded(NotPermitted):
    """Who asks has not proved who they are within the last minutes."""


class NotAWitnessKey(Refused):
    """The key is malformed, or not one of a witness."""


class UnfitAddress(Refused):
    """A witness cannot be asked there."""


class UnfitTies(Refused):
    """What is declared is too long."""


class AlreadyAWitness(Refused):
    """A witness in force has this name or this key."""


class TooManyWitnesses(Refused):
    """Everyone who checks a policy must be able to read all of it."""


class AlreadyEnded(Refused):
    """The witness is asked no more."""


@transaction.atomic
def add_witness(*, actor: Actor, vkey: str, address: str, owner_pseudonym: str, ties: str, now: datetime) -> Witness:
    """Register a witness; the log asks it from the next checkpoint on, and the quorum counts it.

    ``vkey`` is its public key (C2SP cosignature/v1), which says its name. ``address`` is where it is asked, without
    ``/add-checkpoint``, or nothing when it only pulls. ``owner_pseudonym`` is the auditor's whose it is, or nothing for
    one of an outside body. ``ties`` says what binds its owner to those who are ranked or who buy; it is public.

    Raises:
        NotYourWitness: when the actor may not, or registers one for somebody else.
        ReauthenticationNeeded: when the actor proved too long ago who they are.
        NotAWitnessKey, UnfitAddress, UnfitTies, AlreadyAWitness, TooManyWitnesses: when what was told does not fit.
    """
    if not may_add_witness(actor, owner_pseudonym):
        raise NotYourWitness(_("Auditors register witnesses of their own, and administrators those of outside bodies."))
    _require_reauthenticated(actor, now)
    name = _name_of(vkey)
    _require_fit(address, ties)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    _require_new(name, vkey)
    witness = Witness.objects.create(
        name=name, vkey=vkey, address=address.rstrip("/"), owner_pseudonym=owner_pseudonym, ties=ties, added_at=now
    )
    record(
        AuditEvent.WITNESS_ADDED,
        actor=actor,
        subject=witness.ref,
        at=now,
        facts={
            "vkey": vkey,
            "is_asked": bool(address),
            "owner": owner_pseudonym or None,
            "ties": commit_to(ties, subject=witness.ref) if ties else None,
        },
    )
    return witness


@transaction.atomic
def end_witness(*, actor: Actor, witness_id: int, now: datetime) -> Witness:
    """Ask a witness no more and leave it out of the quorum; what it signed stays.

    Raises:
        NotYourWitness: when it is somebody else's.
        ReauthenticationNeeded: when the actor proved too long ago who they are.
        AlreadyEnded: when it was ended before, or there is no such witness.
    """
    witness = Witness.objects.select_for_update().filter(pk=witness_id).first()
    if witness is None:
        raise AlreadyEnded(_("There is no such witness."))
    if not may_end_witness(actor, witness):
        raise NotYourWitness(
            _("A witness is ended by the auditor whose it is, or by an administrator if it is nobody's."),
            subject=witness.ref,
        )
    _require_reauthenticated(actor, now)
    if witness.ended_at is not None:
        raise AlreadyEnded(_("This witness was ended before."), subject=witness.ref)
    witness.ended_at = now
    witness.save(update_fields=["ended_at"])
    record(
        AuditEvent.WITNESS_ENDED,
        actor=actor,
        subject=witness.ref,
        at=now,
        facts={"vkey": witness.vkey, "owner": witness.owner_pseudonym or None},
    )
    return witness


@transaction.atomic
def move_witness(*, actor: Actor, witness_id: int, address: str, now: datetime) -> Witness:
    """Ask a witness at another address from now on: it is ended there and registered here, under the same key.

    Raises:
        NotYourWitness, ReauthenticationNeeded, AlreadyEnded, UnfitAddress: as the two services that this is made of.
    """
    ended = end_witness(actor=actor, witness_id=witness_id, now=now)
    return add_witness(
        actor=actor,
        vkey=ended.vkey,
        address=address,
        owner_pseudonym=ended.owner_pseudonym,
        ties=ended.ties,
        now=now,
    )


def keep_cosignature(*, using: str, size: int, witness_id: int, verified: CosignatureLine, now: datetime) -> None:
    """Keep a verified cosignature under the checkpoint of ``size``; the first one of a witness stays.

    The sequencer's own write, through its own connection: it is no act of anybody here, and no entry tells of it.
    """
    Cosignature.objects.using(using).bulk_create(
        [
            Cosignature(
                checkpoint_id=size,
                witness_id=witness_id,
                line=verified.line,
                cosigned_at=datetime.fromtimestamp(verified.timestamp, UTC),
                received_at=now,
            )
        ],
        ignore_conflicts=True,
    )


def _require_reauthenticated(actor: Actor, now: datetime) -> None:
    if not has_lately_proved_identity(actor, now):
        raise ReauthenticationNeeded(_("Sign in again first: this changes whose signatures count."))


def _name_of(vkey: str) -> str:
    try:
        key = parse_vkey(vkey)
    except InvalidNote as invalid:
        raise NotAWitnessKey(_("This is no public key of a witness: %(why)s") % {"why": invalid}) from invalid
    if key.algorithm is not Algorithm.COSIGNATURE_V1:
        raise NotAWitnessKey(_("This key signs for a log. A witness's is printed by `showdown-witness key`."))
    if not _NAME.fullmatch(key.name):
        raise NotAWitnessKey(
            _("A witness is named like an address: letters, digits, dots, slashes and hyphens, 120 at most.")
        )
    if key.name in RESERVED_NAMES:
        raise NotAWitnessKey(_("A witness cannot be called %(name)s; policies use that word.") % {"name": key.name})
    return key.name


def _require_fit(address: str, ties: str) -> None:
    if len(ties) > LONGEST_TIES or not ties.isprintable():
        raise UnfitTies(_("Ties are told in one line of at most %(most)d characters.") % {"most": LONGEST_TIES})
    if not address:
        return
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    # In the demo and in tests a witness runs on the same machine.
    is_local = parts.scheme == "http" and host in _LOCAL and (settings.DEMO or settings.TESTING)
    is_plain = not (parts.username or parts.password or parts.query or parts.fragment) and address.isascii()
    if not host or not (parts.scheme == "https" or is_local) or not is_plain or not address.isprintable():
        raise UnfitAddress(
            _("A witness's address is like https://witness.example.org, without anything behind a ? or #.")
        )
    if " " in address or len(address) > LONGEST_ADDRESS:
        raise UnfitAddress(
            _("A witness's address has no spaces and at most %(most)d characters.") % {"most": LONGEST_ADDRESS}
        )


def _require_new(name: str, vkey: str) -> None:
    in_force = list(Witness.objects.in_force())
    if len(in_force) >= MOST_WITNESSES:
        raise TooManyWitnesses(_("There are %(most)d witnesses; end one first.") % {"most": MOST_WITNESSES})
    for other in in_force:
        if other.name == name or parse_vkey(other.vkey).public_key == parse_vkey(vkey).public_key:
            raise AlreadyAWitness(
                _("A witness of this name or with this key is in force: %(name)s.") % {"name": other.name},
                subject=other.ref,
            )
