"""The witness's judgement: a checkpoint that continues the last one is countersigned, any other is refused."""

import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from showdown_verify.checkpoint import Checkpoint, InvalidCheckpoint, open_checkpoint
from showdown_verify.merkle import InvalidProof, verify_consistency
from showdown_verify.note import Cosigner, InvalidNote, Note, NoteFault
from showdown_witness.evidence import Evidence
from showdown_witness.logs import Logs
from showdown_witness.request import AddCheckpoint, MalformedRequest, parse_request
from showdown_witness.server import Answer, sentence
from showdown_witness.store import Cosigned, Store, Superseded

SIZE_TYPE: Final = "text/x.tlog.size"
_UNSIGNED: Final = frozenset({NoteFault.NO_KNOWN_SIGNATURE, NoteFault.WRONG_SIGNATURE, NoteFault.SIGNATURE_LENGTH})


class Declined(Exception):
    """The checkpoint is not countersigned; ``answer`` is what the protocol says about it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode().strip())
        self.answer = answer


class Witness:
    """Countersigns the checkpoints of the logs that its owner named, one history for each."""

    def __init__(
        self,
        *,
        cosigner: Cosigner,
        store: Store,
        logs: Logs,
        evidence: Evidence,
        clock: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        """``clock`` tells the time in seconds since 1970."""
        self.cosigner = cosigner
        self.store = store
        self.logs = logs
        self._evidence = evidence
        self._clock = clock
        self._say = say

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer a log's request; nothing is answered with 200 before it is on the disk."""
        try:
            return Answer(HTTPStatus.OK, f"{self.consider(parse_request(body)).line}\n".encode())
        except MalformedRequest as malformed:
            return sentence(HTTPStatus.BAD_REQUEST, str(malformed))
        except Declined as declined:
            return declined.answer
        except OSError as error:
            # Nothing was answered, so nothing was countersigned: the log asks again.
            self._say(f"The memory cannot be written ({error.strerror}); nothing is countersigned until it can.")
            return sentence(HTTPStatus.INTERNAL_SERVER_ERROR, "The witness cannot write its memory.")

    def consider(self, asked: AddCheckpoint) -> Cosigned:
        """Countersign the checkpoint, keep it, and return what was kept.

        Raises ``Declined`` when it must not be countersigned and ``OSError`` when it could not be kept.
        """
        checkpoint, note = self._opened(asked.note)
        if asked.old_size > checkpoint.size:
            raise _declined(HTTPStatus.BAD_REQUEST, "The old size is above the checkpoint's.")
        latest = self.store.latest(checkpoint.origin)
        if asked.old_size != (latest.size if latest else 0):
            raise _conflict(latest)
        if latest is not None and latest.size == checkpoint.size:
            self._require_same_root(latest, checkpoint, note)
        _require_consistent(asked, checkpoint, latest)
        new = self._countersigned(checkpoint, note, latest)
        if new == latest:
            return new
        try:
            self.store.put(new, instead_of=latest)
        except Superseded as superseded:
            raise _conflict(superseded.latest) from None
        if latest is None or latest.size != new.size:
            self._say(f"Countersigned {new.origin} at size {new.size:,}.")
        return new

    def _opened(self, note: bytes) -> tuple[Checkpoint, Note]:
        """Return the checkpoint that one of its log's keys signed."""
        origin = note.partition(b"\n")[0].decode(errors="replace")
        log = self.logs.of(origin)
        if log is None:
            raise _declined(HTTPStatus.NOT_FOUND, "This witness does not know that log.")
        try:
            return open_checkpoint(note, log.vkeys, origin)
        except InvalidNote as invalid:
            status = HTTPStatus.FORBIDDEN if invalid.fault in _UNSIGNED else HTTPStatus.BAD_REQUEST
            raise _declined(status, str(invalid)) from invalid
        except InvalidCheckpoint as invalid:
            raise _declined(HTTPStatus.BAD_REQUEST, str(invalid)) from invalid

    def _require_same_root(self, latest: Cosigned, checkpoint: Checkpoint, note: Note) -> None:
        if latest.root == checkpoint.root.hex():
            return
        # Two signatures of the log under two roots of one size: nobody else is needed to prove what it did.
        kept = self._evidence.keep(latest.note, _own_note(note))
        self._say(
            f"{latest.origin} HAS SIGNED TWO HISTORIES: a second root for size {latest.size:,}. "
            f"{f'Both checkpoints are in {kept}.' if kept else 'The proof could not be kept.'} Tell others."
        )
        raise _declined(HTTPStatus.CONFLICT, "This witness has countersigned another root of that size.")

    def accuse(self, latest: Cosigned, note: bytes) -> str:
        """Keep two checkpoints of which the log itself could not show that one goes on from the other; say so."""
        _checkpoint, opened = self._opened(note)
        kept = self._evidence.keep(latest.note, _own_note(opened))
        return (
            "IT DOES NOT GO ON from what was countersigned: its tiles do not lead from one checkpoint to the other. "
            f"{f'Both checkpoints are in {kept}.' if kept else 'They could not be kept.'} Tell others."
        )

    def _countersigned(self, checkpoint: Checkpoint, note: Note, latest: Cosigned | None) -> Cosigned:
        now = int(self._clock())
        if latest is not None:
            # A clock that was set back must not date a larger tree before a smaller one.
            now = max(now, latest.timestamp)
            if latest.size == checkpoint.size and latest.timestamp == now:
                return latest
        return Cosigned(
            origin=checkpoint.origin,
            size=checkpoint.size,
            root=checkpoint.root.hex(),
            note=_own_note(note),
            line=self.cosigner.at(now).signature_line(note.text),
            timestamp=now,
        )

    def read(self, path: str) -> Answer | None:
        """Answer a GET: ``/`` tells who this is and what was countersigned, ``/<hash of origin>`` one checkpoint."""
        latest = self.store.all()
        if path == "/":
            lines = [self.cosigner.vkey, *(f"{one.size} {one.timestamp} {place(one)} {one.origin}" for one in latest)]
            return Answer(HTTPStatus.OK, "".join(f"{line}\n" for line in lines).encode())
        found = next((one for one in latest if path == place(one)), None)
        return None if found is None else Answer(HTTPStatus.OK, cosigned_note(found).encode())


def place(cosigned: Cosigned) -> str:
    """Return the path under which the latest checkpoint of a log is read: the SHA-256 of its origin."""
    return f"/{hashlib.sha256(cosigned.origin.encode()).hexdigest()}"


def cosigned_note(cosigned: Cosigned) -> str:
    """Return the checkpoint with the log's signatures and our cosignature."""
    return f"{cosigned.note}{cosigned.line}\n"


def _own_note(note: Note) -> str:
    """Return the note with the signatures that were verified, and no line that anybody could have added."""
    return f"{note.text}\n" + "".join(f"{signature.line}\n" for signature in note.signatures)


def _require_consistent(asked: AddCheckpoint, checkpoint: Checkpoint, latest: Cosigned | None) -> None:
    if latest is None or latest.size == 0:
        # Everything continues nothing, so there is nothing that a proof could add.
        if asked.proof:
            raise _declined(HTTPStatus.UNPROCESSABLE_ENTITY, "From size 0 the proof is empty.")
        return
    try:
        verify_consistency(
            old_size=latest.size,
            new_size=checkpoint.size,
            old_root=bytes.fromhex(latest.root),
            new_root=checkpoint.root,
            proof=asked.proof,
        )
    except InvalidProof as invalid:
        raise _declined(HTTPStatus.UNPROCESSABLE_ENTITY, str(invalid)) from invalid


def _declined(status: HTTPStatus, text: str) -> Declined:
    return Declined(sentence(status, text))


def _conflict(latest: Cosigned | None) -> Declined:
    size = latest.size if latest else 0
    return Declined(Answer(HTTPStatus.CONFLICT, f"{size}\n".encode(), SIZE_TYPE))
