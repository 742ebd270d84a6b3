"""Following a log by its address: what it published is fetched, checked against the last, and countersigned."""

from http import HTTPStatus
from typing import Final

from showdown_verify.note import MAX_NOTE_BYTES
from showdown_witness.fetching import LogAddress, Unreadable
from showdown_witness.logs import Log
from showdown_witness.request import AddCheckpoint, MalformedRequest, parse_size
from showdown_witness.tile_proof import UnfitTile, proof_from_tiles
from showdown_witness.witness import Declined, Witness

_SIZE_LINE: Final = 1


def follow(witness: Witness, log: Log, *, seconds: float) -> str | None:
    """Countersign what the log shows now, if it goes on from the last; return None, or what is wrong in a sentence.

    The whole look takes ``seconds`` at most.
    """
    latest = witness.store.latest(log.origin)
    old_size = latest.size if latest else 0
    address = None
    try:
        address = LogAddress(log.address, seconds=seconds)
        note = address.read("checkpoint", most=MAX_NOTE_BYTES)
        size = _size_of(note)
        if size < old_size:
            return f"It shows {size:,} leaves and has shown {old_size:,}: it was set back, or an old page is shown."
        proof = proof_from_tiles(address, old_size, size)
        witness.consider(AddCheckpoint(old_size=old_size, proof=proof, note=note))
    except Declined as declined:
        if latest is not None and declined.answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            # Nobody but the log itself gave this proof, from its own address.
            return witness.accuse(latest, note)
        return str(declined)
    except (Unreadable, MalformedRequest, UnfitTile) as fault:
        return str(fault)
    except OSError as error:
        return f"The memory cannot be written ({error.strerror})."
    finally:
        if address is not None:
            address.close()
    return None


def _size_of(note: bytes) -> int:
    """Return the size that the checkpoint claims; whether the log has signed it is checked later."""
    lines = note.split(b"\n", _SIZE_LINE + 1)
    if len(lines) <= _SIZE_LINE:
        raise MalformedRequest("What lies at its address is no checkpoint.")
    return parse_size(lines[_SIZE_LINE], "checkpoint's size")
