"""The life of the log's keys: made, announced, signing, and destroyed, each step again after a crash.

The private half lies in a folder that only the sequencer's machine has, the announcement in the database as an entry;
so the machine that knows one need not know the other.
"""

from datetime import datetime

from apps.audit.domain.actor import Actor
from apps.audit.domain.checkpoint import Checkpoint, InvalidCheckpoint, open_checkpoint
from apps.audit.domain.note import InvalidNote, Signer
from apps.audit.gateways import KeyFolder, SignerMemory
from apps.audit.queries import announced_keys, may_announce_keys, newest_kept_head
from apps.audit.services import announce_key, retire_key


class KeyTrouble(RuntimeError):
    """The key is left as it was; the message says why and what to do."""


class KeyExists(KeyTrouble):
    """The log has a key already."""


class LastKey(KeyTrouble):
    """Without this key nothing could be signed."""


class NotAnnounced(KeyTrouble):
    """The rest is to be done where the application's address is known."""


class NotOurCheckpoint(KeyTrouble):
    """It is none that this log signed, or older than what it remembers."""


def begin_signing(*, actor: Actor, keys: KeyFolder, memory: SignerMemory, another: bool, now: datetime) -> Signer:
    """Make a key, announce it and let it sign: the log's first, or ``another`` beside those that sign already.

    Where it broke off before, it goes on with the same key. Raises ``KeyExists``, ``NotAnnounced`` when this process
    may not announce, ``MemoryLost`` when the log signed before and nobody knows what, and ``NoKey``.
    """
    if another:
        keys.signers()
    elif keys.has_keys():
        raise KeyExists(
            f"There is a key in {keys.folder}. `manage.py log_key rotate` makes another one that signs beside it."
        )
    keys.make()
    if not memory.exists and not announced_keys() and newest_kept_head() is None:
        memory.begin()
    memory.last()
    signer = keys.prepared()
    if signer.vkey not in {key.vkey for key in announced_keys()}:
        if not may_announce_keys():
            raise NotAnnounced(
                f"The key is made and waits in {keys.folder}. Announce it where DATABASE_URL is set, and then give "
                f"this command again:\n  manage.py log_key announce {signer.vkey}"
            )
        announce_key(actor=actor, vkey=signer.vkey, now=now)
    keys.activate(signer.key_id.hex())
    return signer


def stop_signing(*, actor: Actor, keys: KeyFolder, key_id: str, is_lost: bool, now: datetime) -> bool:
    """Destroy a private key and tell everybody that it signs no more; return whether it was in the folder.

    The only key is retired when it ``is_lost``. Raises ``LastKey``, ``NotAnnounced`` when this process may not announce
    it, and what ``retire_key`` raises.
    """
    others = [key for key in announced_keys() if key.retired_at is None and key.key_id != key_id]
    if not others and not is_lost:
        raise LastKey(
            f"{key_id} is the only key that signs. Make another one first: manage.py log_key rotate. When it is lost "
            "or was stolen, say so: --lost."
        )
    was_there = keys.destroy(key_id)
    if not may_announce_keys():
        raise NotAnnounced(
            f"{'The key is destroyed' if was_there else 'The key is not in this folder'}. Say so where DATABASE_URL is "
            f"set:\n  manage.py log_key retire {key_id}"
        )
    retire_key(actor=actor, key_id=key_id, now=now)
    return was_there


def remember_checkpoint(*, keys: KeyFolder, memory: SignerMemory, note: bytes) -> Checkpoint:
    """Begin the signer's memory anew from the newest checkpoint that anybody has; return it.

    Raises ``NotOurCheckpoint`` for one that no key of this log signed, and one that is older than what is remembered or
    contradicts it, and ``KeysInUse`` while a sequencer is at work.
    """
    vkeys = [key.vkey for key in announced_keys()]
    keys.make()
    with keys.held():
        try:
            checkpoint, _note = open_checkpoint(note, vkeys, keys.origin)
        except (InvalidNote, InvalidCheckpoint) as error:
            raise NotOurCheckpoint(f"No announced key of {keys.origin} signed this checkpoint: {error}") from None
        if memory.exists:
            last = memory.last()
            if checkpoint.size < last.size or (checkpoint.size == last.size and checkpoint.root != last.root):
                raise NotOurCheckpoint(
                    f"The signer remembers {last.size:,} leaves, and this checkpoint of {checkpoint.size:,} is older "
                    "or another tree's. A memory never goes back."
                )
        memory.remember(checkpoint)
    return checkpoint
