"""A checkpoint is countersigned by its witnesses, within its budget, whatever they do; and what they signed is kept."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.domain.cosigning import SIZE_TYPE
from apps.audit.domain.merkle import consistency_proof
from apps.audit.domain.note import Cosigner, Signer, open_note, sign
from apps.audit.flows import Countersigning, WitnessRounds
from apps.audit.gateways import HttpWitnesses, Question, Reply, Silence
from apps.audit.models import Cosignature, Leaf, PublishedCheckpoint, TreeHead, Witness
from apps.audit.services import add_witness, end_witness
from tests.audit.garden import plant, sequence, sequence_what_was_there
from tests.audit.odd_server import Behaviour, answering, dripping, endless, odd_server, silent
from tests.conftest import NOON
from tests.witness.paper_log import PaperLog
from tests.witness.running import RunningWitness

pytestmark = pytest.mark.committed

OPERATOR = Actor.system("audit.log_witness")
SIGNER = Signer.from_seed("garden.example/log", b"\x01" * 32)
ELM = Cosigner.from_seed("elm.example/w1", b"\x02" * 32)


def signed_head() -> tuple[Checkpoint, bytes]:
    """Plant, sequence and sign; the checkpoint's row is stored, as the sequencer does before it asks."""
    plant(3)
    sequence_what_was_there()
    sequence()
    head = TreeHead.objects.latest("size")
    checkpoint = Checkpoint(SIGNER.name, head.size, bytes(head.root))
    note = sign(checkpoint.text, SIGNER)
    PublishedCheckpoint.objects.using("sequencer").create(
        size=head.size, root=head.root, note=note, signed_at=timezone.now()
    )
    return checkpoint, note


def countersigning(checkpoint: Checkpoint, note: bytes) -> Countersigning:
    def prove(old_size: int) -> Sequence[bytes]:
        hashes = Leaf.objects.order_by("leaf_index").values_list("leaf_hash", flat=True)
        return consistency_proof([bytes(value) for value in hashes], old_size, checkpoint.size)

    return Countersigning(checkpoint=checkpoint, note=note, prove=prove)


def named(vkey: str, address: str) -> Witness:
    return add_witness(actor=OPERATOR, vkey=vkey, address=address, owner_pseudonym="", ties="", now=NOON)


class Scripted:
    """Witnesses that answer from a list, and remember what they were asked."""

    def __init__(self, *answers: Reply | Silence) -> None:
        self.answers = list(answers)
        self.asked: list[int] = []

    def ask_all(self, questions: Mapping[int, Question], *, seconds: float) -> dict[int, Reply | Silence]:
        assert seconds > 0
        self.asked += [int(question.body.split(b"\n")[0].removeprefix(b"old ")) for question in questions.values()]
        return {number: self.answers.pop(0) for number in questions}

    def close(self) -> None:
        assert not self.answers


def stale(size: int) -> Reply:
    return Reply(status=409, content_type=SIZE_TYPE, body=f"{size}\n".encode())


def signature(checkpoint: Checkpoint, at: datetime | None = None) -> Reply:
    line = ELM.at(int((at or timezone.now()).timestamp())).signature_line(checkpoint.text)
    return Reply(status=200, content_type="text/plain", body=f"{line}\n".encode())


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def client() -> Iterator[HttpWitnesses]:
    made = HttpWitnesses()
    yield made
    made.close()


@pytest.fixture
def rounds(said: list[str], client: HttpWitnesses) -> WitnessRounds:
    return WitnessRounds(using="sequencer", say=said.append, clock=timezone.now, client=client)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Callable[..., RunningWitness]]:
    started: list[RunningWitness] = []

    def start(name: str = "witness") -> RunningWitness:
        started.append(RunningWitness(tmp_path / name, SIGNER.vkey))
        return started[-1].start()

    yield start
    for witness in started:
        witness.clean()


def test_without_witnesses_there_is_nothing_to_do(rounds: WitnessRounds) -> None:
    assert rounds.countersign(countersigning(*signed_head())) == []


def test_a_real_witness_countersigns_one_checkpoint_after_another(
    rounds: WitnessRounds, running: Callable[..., RunningWitness], said: list[str]
) -> None:
    elm = running()
    witness = named(elm.vkey, elm.address)
    for _ in range(3):
        checkpoint, note = signed_head()
        (line,) = rounds.countersign(countersigning(checkpoint, note))
        opened = open_note(note + f"{line}\n".encode(), [SIGNER.vkey, elm.vkey])
        assert len(opened.signatures) == 2
        kept = Cosignature.objects.get(checkpoint_id=checkpoint.size)
        assert (kept.line, kept.witness_id) == (line, witness.pk)
        assert abs(kept.cosigned_at - timezone.now()) < timedelta(seconds=10)
    assert said == []


def test_a_sequencer_that_was_killed_anywhere_asks_again(
    rounds: WitnessRounds, client: HttpWitnesses, running: Callable[..., RunningWitness]
) -> None:
    elm = running()
    named(elm.vkey, elm.address)
    first = countersigning(*signed_head())
    # The witness has signed and the sequencer died before it could keep that.
    assert elm.ask(first.question_for(next(iter(rounds._to_be_asked(without={}).values()))).body).status == 200
    assert len(rounds.countersign(first)) == 1
    again = WitnessRounds(using="sequencer", say=pytest.fail, clock=timezone.now, client=Scripted())
    # What is kept is not asked for again.
    assert again.countersign(first) == rounds.countersign(first)
    # A checkpoint that was signed and never kept anywhere lies between.
    signed_head()
    later = WitnessRounds(using="sequencer", say=pytest.fail, clock=timezone.now, client=client)
    assert len(later.countersign(countersigning(*signed_head()))) == 1


def test_the_witness_says_where_it_is_and_is_asked_from_there(rounds: WitnessRounds) -> None:
    named(ELM.vkey, "https://elm.example")
    small, _note = signed_head()
    checkpoint, note = signed_head()
    rounds.client = script = Scripted(stale(small.size), signature(checkpoint))
    assert len(rounds.countersign(countersigning(checkpoint, note))) == 1
    assert script.asked == [0, small.size]
    # What it was told is remembered, also by the next process, from what is kept.
    for one in (rounds, WitnessRounds(using="sequencer", say=pytest.fail, clock=timezone.now, client=Scripted())):
        after, note = signed_head()
        one.client = script = Scripted(signature(after))
        assert len(one.countersign(countersigning(after, note))) == 1
        assert script.asked == [TreeHead.objects.filter(size__lt=after.size).latest("size").size]


BEHAVIOURS: dict[str, Behaviour] = {
    "silent": silent,
    "dripping": dripping,
    "endless": endless,
    "an error": answering("500 Internal Server Error", b"oh"),
    "not found": answering("404 Not Found"),
    "forbidden": answering("403 Forbidden"),
    "unprocessable": answering("422 Unprocessable Entity"),
    "no lines": answering("200 OK", b"<html>welcome</html>\n"),
    "another's line": answering("200 OK", "\N{EM DASH} oak.example AAAAAAAAAAAA\n".encode()),
    "ahead": answering("409 Conflict", b"999999999\n", f"Content-Type: {SIZE_TYPE}"),
    "sizes without end": answering("409 Conflict", b"1\n", f"Content-Type: {SIZE_TYPE}"),
}


@pytest.mark.parametrize("name", sorted(BEHAVIOURS))
def test_a_bad_witness_holds_up_nobody_and_its_signature_is_not_kept(
    rounds: WitnessRounds, running: Callable[..., RunningWitness], said: list[str], name: str
) -> None:
    good = running()
    with odd_server(BEHAVIOURS[name]) as address:
        named(Cosigner.from_seed("oak.example", b"\x05" * 32).vkey, address)
        named(good.vkey, good.address)
        checkpoint, note = signed_head()
        began = time.monotonic()
        (line,) = rounds.countersign(countersigning(checkpoint, note))
        assert time.monotonic() - began < 3.5
        assert line.startswith("\N{EM DASH} elm.example/w1 ")
        assert Cosignature.objects.get().line == line
        (told,) = said
        assert told.startswith("The witness oak.example did not countersign")
        # It rests: the next checkpoint is quick.
        checkpoint, note = signed_head()
        began = time.monotonic()
        assert len(rounds.countersign(countersigning(checkpoint, note))) == 1
        assert time.monotonic() - began < 1.4
    assert len(said) == 1


def test_rests_grow_and_end_with_the_first_signature(rounds: WitnessRounds, said: list[str]) -> None:
    named(ELM.vkey, "https://elm.example")
    wanted = countersigning(*signed_head())
    now = 0.0
    rounds.monotonic = lambda: now
    pauses = []
    for _ in range(10):
        rounds.client = Scripted(Silence("timeout"))
        rounds.countersign(wanted)
        began = now
        rounds.client = Scripted()
        while not rounds._to_be_asked(without={}):
            assert rounds.countersign(wanted) == []
            now += 1.0
        pauses.append(now - began)
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    rounds.client = Scripted(signature(wanted.checkpoint))
    assert len(rounds.countersign(wanted)) == 1
    assert [line.split(" (")[0] for line in said] == [
        "The witness elm.example/w1 did not countersign",
        "The witness elm.example/w1 countersigns again.",
    ]


def test_a_witness_that_knows_another_history_is_heard(
    rounds: WitnessRounds, running: Callable[..., RunningWitness], said: list[str]
) -> None:
    elm = running()
    named(elm.vkey, elm.address)
    checkpoint, note = signed_head()
    other = PaperLog(SIGNER.name, word="another history")
    elm.ask(other.question(0, checkpoint.size))
    assert rounds.countersign(countersigning(checkpoint, note)) == []
    assert "has-seen-another-root" in said[0]
    assert "'When a witness disagrees' in docs/runbook.md" in said[0]
    assert not Cosignature.objects.exists()


def test_a_database_that_was_set_back_is_told_by_its_witness(
    rounds: WitnessRounds, running: Callable[..., RunningWitness], said: list[str]
) -> None:
    elm = running()
    named(elm.vkey, elm.address)
    checkpoint, note = signed_head()
    elm.ask(PaperLog(SIGNER.name).question(0, checkpoint.size + 5))
    assert rounds.countersign(countersigning(checkpoint, note)) == []
    assert f"has-seen-a-larger-tree: {checkpoint.size + 5} leaves" in said[0]


def test_who_was_ended_is_not_asked_and_does_not_count(rounds: WitnessRounds) -> None:
    witness = named(ELM.vkey, "https://elm.example")
    checkpoint, note = signed_head()
    rounds.client = Scripted(signature(checkpoint))
    assert len(rounds.countersign(countersigning(checkpoint, note))) == 1
    end_witness(actor=OPERATOR, witness_id=witness.pk, now=NOON)
    rounds.client = Scripted()
    assert rounds.countersign(countersigning(checkpoint, note)) == []
    assert Cosignature.objects.count() == 1


def test_who_only_pulls_is_not_asked(rounds: WitnessRounds) -> None:
    named(ELM.vkey, "")
    rounds.client = Scripted()
    assert rounds.countersign(countersigning(*signed_head())) == []


def test_many_slow_witnesses_take_no_longer_than_one(rounds: WitnessRounds) -> None:
    with odd_server(silent) as address:
        for number in range(20):
            named(Cosigner.from_seed(f"w{number}.example", bytes([number]) * 32).vkey, f"{address}/{number}")
        wanted = countersigning(*signed_head())
        began = time.monotonic()
        assert rounds.countersign(wanted) == []
        assert time.monotonic() - began < 4
