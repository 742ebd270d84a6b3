"""Getting a checkpoint countersigned: every witness is asked at once, and none can hold the log up."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.domain.cosigning import Stale, Unwitnessed, WitnessFault, question_body, read_answer
from apps.audit.gateways import HttpWitnesses, Question, Reply, Silence, WitnessClient
from apps.audit.models import Cosignature, Witness
from apps.audit.services.witnesses import keep_cosignature

BUDGET_SECONDS: Final = 1.5
FIRST_REST_SECONDS: Final = 2.0
LONGEST_REST_SECONDS: Final = 300.0
# Once from the size that we remember, and once from the size that the witness says it is at.
ROUNDS: Final = 2


@dataclass(frozen=True, slots=True)
class _Pending:
    """A witness to be asked, and the size of the checkpoint that it countersigned last, as far as we know."""

    witness: Witness
    size: int


@dataclass(slots=True)
class _Rest:
    until: float = 0.0
    pause: float = FIRST_REST_SECONDS
    fault: WitnessFault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Countersigning:
    """A signed checkpoint whose row is stored, and what its witnesses need to know.

    ``prove`` returns the consistency proof (hashes of 32 bytes) from an old size above 0 to the checkpoint's.
    """

    checkpoint: Checkpoint
    note: bytes
    prove: Callable[[int], Sequence[bytes]]

    def question_for(self, pending: _Pending) -> Question:
        """Return what to ask a witness."""
        proof = self.prove(pending.size) if 0 < pending.size < self.checkpoint.size else ()
        body = question_body(old_size=pending.size, proof=proof, note=self.note)
        return Question(address=pending.witness.address, body=body)


@dataclass(slots=True, kw_only=True)
class WitnessRounds:
    """Asks the witnesses about one checkpoint after another, and lets those rest who do not answer.

    Lives as long as the sequencer's process. What it remembers only saves questions: whom not to ask for a while, and
    at which size each witness is.
    """

    using: str
    say: Callable[[str], None]
    clock: Callable[[], datetime]
    client: WitnessClient = field(default_factory=HttpWitnesses)
    budget_seconds: float = BUDGET_SECONDS
    monotonic: Callable[[], float] = time.monotonic
    _rests: dict[int, _Rest] = field(default_factory=dict, init=False)
    _sizes: dict[int, int] = field(default_factory=dict, init=False)

    def countersign(self, wanted: Countersigning) -> list[str]:
        """Return the verified cosignature lines under a checkpoint, and keep those that are new.

        Takes hardly longer than the budget, whatever the witnesses do. Asked again after a crash, it returns what was
        kept and asks only the others.
        """
        kept = Cosignature.objects.using(self.using).filter(
            checkpoint_id=wanted.checkpoint.size, witness__ended_at=None
        )
        lines = dict(kept.values_list("witness_id", "line"))
        until = self.monotonic() + self.budget_seconds
        pending = self._to_be_asked(without=lines)
        for turn in range(ROUNDS):
            left = until - self.monotonic()
            if not pending or left <= 0:
                break
            questions = {number: wanted.question_for(one) for number, one in pending.items()}
            answers = self.client.ask_all(questions, seconds=left)
            is_last = turn == ROUNDS - 1
            again: dict[int, _Pending] = {}
            for number, one in pending.items():
                try:
                    read = self._read(wanted, one, answers[number], is_last=is_last)
                except Unwitnessed as unwitnessed:
                    self._let_rest(one.witness, unwitnessed)
                    continue
                if isinstance(read, Stale):
                    again[number] = _Pending(one.witness, read.size)
                else:
                    lines[number] = read
                    self._is_awake(one.witness)
            pending = again
        return [lines[number] for number in sorted(lines)]

    def _to_be_asked(self, *, without: Mapping[int, str]) -> dict[int, _Pending]:
        now = self.monotonic()
        return {
            witness.pk: _Pending(witness, self._last_size(witness))
            for witness in Witness.objects.using(self.using).asked()
            if witness.pk not in without and (witness.pk not in self._rests or self._rests[witness.pk].until <= now)
        }

    def _last_size(self, witness: Witness) -> int:
        if witness.pk not in self._sizes:
            newest = Cosignature.objects.using(self.using).filter(witness=witness).order_by("-checkpoint_id")
            self._sizes[witness.pk] = newest.values_list("checkpoint_id", flat=True).first() or 0
        return self._sizes[witness.pk]

    def _read(
        self, wanted: Countersigning, pending: _Pending, answer: Reply | Silence, *, is_last: bool
    ) -> str | Stale:
        """Return the line that a witness signed, once it is kept, or the size that it wants a proof from."""
        if isinstance(answer, Silence):
            raise Unwitnessed(WitnessFault.SILENT, answer.reason)
        now = self.clock()
        read = read_answer(
            status=answer.status,
            content_type=answer.content_type,
            body=answer.body,
            asked_from=pending.size,
            checkpoint=wanted.checkpoint,
            note=wanted.note,
            vkey=pending.witness.vkey,
            now=int(now.timestamp()),
        )
        if isinstance(read, Stale):
            if is_last:
                raise Unwitnessed(WitnessFault.RESTLESS, f"first {pending.size}, then {read.size}")
            return read
        keep_cosignature(
            using=self.using, size=wanted.checkpoint.size, witness_id=pending.witness.pk, verified=read, now=now
        )
        self._sizes[pending.witness.pk] = wanted.checkpoint.size
        return read.line

    def _let_rest(self, witness: Witness, why: Unwitnessed) -> None:
        rest = self._rests.setdefault(witness.pk, _Rest())
        rest.until = self.monotonic() + rest.pause
        rest.pause = min(2 * rest.pause, LONGEST_REST_SECONDS)
        if rest.fault is not why.fault:
            rest.fault = why.fault
            self.say(f"The witness {witness.name} did not countersign ({why}).{_WHAT_TO_DO.get(why.fault, '')}")

    def _is_awake(self, witness: Witness) -> None:
        rest = self._rests.pop(witness.pk, None)
        if rest is not None:
            self.say(f"The witness {witness.name} countersigns again.")


_ACCUSED: Final = (
    " It says that this log is not the one that it knows. Stop, keep database and keys as they are, and compare both"
    " checkpoints: see 'When a witness disagrees' in docs/runbook.md."
)
_WHAT_TO_DO: Final = {
    WitnessFault.AHEAD: _ACCUSED,
    WitnessFault.FORK: _ACCUSED,
    WitnessFault.PROOF_REFUSED: _ACCUSED,
    WitnessFault.UNKNOWN_LOG: " Its owner has to name this log's key to it.",
    WitnessFault.UNKNOWN_KEY: " Its owner has to name this log's new key to it.",
    WitnessFault.CLOCK: " One of the two clocks is wrong by more than an hour.",
}
