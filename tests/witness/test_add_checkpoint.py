"""The protocol to the letter: which status and which body answer what (C2SP tlog-witness, add-checkpoint)."""

import base64
import http.client
import json
from collections.abc import Callable

from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.domain.cosigning import question_body
from apps.audit.domain.note import Cosigner, Signer, open_note, sign
from tests.witness.paper_log import PaperLog
from tests.witness.running import RunningWitness, Told

SIZE = "text/x.tlog.size"


def at(size: int) -> Told:
    return Told(409, SIZE, f"{size}\n".encode())


def assert_countersigned(told: Told, note: bytes, vkey: str) -> None:
    assert told.status == 200, told
    assert told.body.startswith("\N{EM DASH} ".encode())
    assert told.body.endswith(b"\n")
    (signature,) = open_note(note + told.body, [vkey]).signatures
    assert signature.timestamp


def test_a_log_is_countersigned_while_it_grows(witness: RunningWitness, log: PaperLog) -> None:
    old_size = 0
    for size in (1, 2, 3, 8, 8, 255, 256, 257, 1000):
        assert_countersigned(witness.ask(log.question(old_size, size)), log.note(size), witness.vkey)
        old_size = size


def test_a_log_that_does_not_know_where_the_witness_is_asks_from_zero(witness: RunningWitness, log: PaperLog) -> None:
    assert witness.ask(log.question(0, 5)).status == 200
    assert witness.ask(log.question(0, 9)) == at(5)
    assert witness.ask(log.question(4, 9)) == at(5)
    assert witness.ask(log.question(9, 9)) == at(5)
    assert_countersigned(witness.ask(log.question(5, 9)), log.note(9), witness.vkey)
    assert witness.ask(log.question(5, 9)) == at(9)


def test_the_witness_of_nothing_is_at_zero(witness: RunningWitness, log: PaperLog) -> None:
    assert witness.ask(log.question(3, 9)) == at(0)


def test_an_unknown_log_is_not_found(witness: RunningWitness) -> None:
    stranger = PaperLog("stranger.example/log")
    assert witness.ask(stranger.question(0, 3)).status == 404


def test_nobody_speaks_for_a_log_but_its_keys(witness: RunningWitness, log: PaperLog) -> None:
    thief = Signer.from_seed(log.origin, b"\x07" * 32)
    elsewhere = Signer.from_seed("stranger.example/log", b"\x01" * 32)
    cosigner = Cosigner.from_seed(log.origin, b"\x01" * 32).at(1)
    for signer in (thief, elsewhere, cosigner):
        note = log.note(3, signer)
        assert witness.ask(question_body(old_size=0, proof=(), note=note)).status == 403, signer
    changed = log.note(3).replace(b"paper.example/log\n3\n", b"paper.example/log\n4\n")
    assert witness.ask(question_body(old_size=0, proof=(), note=changed)).status == 403
    # A key that is known must not have signed wrongly, also beside one that signed well.
    line = log.note(4).rpartition(b"\n\n")[2]
    assert witness.ask(question_body(old_size=0, proof=(), note=log.note(3) + line)).status == 403
    assert witness.ask(log.question(3, 4)) == at(0)


def test_signatures_of_strangers_are_ignored(witness: RunningWitness, log: PaperLog) -> None:
    others = [Signer.from_seed(f"{name}.example", bytes([number]) * 32) for number, name in enumerate("abcdefghij")]
    note = log.note(3, *others, log.signer, Cosigner.from_seed("oak.example/w", b"\x09" * 32).at(1_700_000_000))
    assert_countersigned(witness.ask(question_body(old_size=0, proof=(), note=note)), note, witness.vkey)
    # What strangers wrote is not kept, or anybody could fill the memory.
    assert "example" not in witness.state.joinpath("cosigned.json").read_text().replace("paper.example", "").replace(
        "elm.example", ""
    )


def test_an_old_size_above_the_new_one_is_a_bad_request(witness: RunningWitness, log: PaperLog) -> None:
    assert witness.ask(log.question(0, 8)).status == 200
    assert witness.ask(question_body(old_size=8, proof=(), note=log.note(5))).status == 400
    assert witness.ask(question_body(old_size=9, proof=(), note=log.note(8))).status == 400


def test_a_log_that_shrinks_is_told_where_the_witness_is(witness: RunningWitness, log: PaperLog) -> None:
    assert witness.ask(log.question(0, 8)).status == 200
    assert witness.ask(log.question(3, 5)) == at(8)
    assert witness.ask(log.question(5, 5)) == at(8)


def test_a_wrong_proof_is_unprocessable(witness: RunningWitness, log: PaperLog) -> None:
    assert witness.ask(question_body(old_size=0, proof=[b"\0" * 32], note=log.note(5))).status == 422
    assert witness.ask(log.question(0, 5)).status == 200
    right = list(log.proof(5, 9))
    wrong = [[], right[:-1], [*right, right[-1]], right[::-1], [b"\0" * 32, *right[1:]], [right[0]] * 63]
    for proof in wrong:
        assert witness.ask(question_body(old_size=5, proof=proof, note=log.note(9))).status == 422, proof
    assert witness.ask(question_body(old_size=5, proof=right, note=log.note(5))).status == 422
    assert witness.ask(log.question(5, 9)).status == 200


def test_a_fork_is_refused_and_two_roots_of_one_size_are_kept_as_proof(witness: RunningWitness, log: PaperLog) -> None:
    fork = PaperLog(word="other", fork_at=4)
    assert witness.ask(log.question(0, 8)).status == 200
    told = witness.ask(fork.question(8, 8))
    assert (told.status, told.content_type) == (409, "text/plain; charset=utf-8")
    assert witness.ask(fork.question(8, 8)).status == 409
    assert witness.ask(fork.question(8, 12)).status == 422
    assert witness.ask(fork.question(3, 12)) == at(8)
    (kept,) = (witness.state / "evidence").iterdir()
    first, second = kept.read_text().split("\n\n\N{EM DASH}")[0], kept.read_text()
    assert open_note(log.note(8), [log.signer.vkey]).text.strip() in first
    assert open_note(fork.note(8), [log.signer.vkey]).text in second
    assert "HAS SIGNED TWO HISTORIES" in witness.told()
    # The history that was countersigned goes on.
    assert witness.ask(log.question(8, 12)).status == 200


def test_an_empty_log_is_countersigned_as_such(witness: RunningWitness, log: PaperLog) -> None:
    empty = log.question(0, 0)
    assert_countersigned(witness.ask(empty), log.note(0), witness.vkey)
    assert_countersigned(witness.ask(log.question(0, 3)), log.note(3), witness.vkey)
    assert witness.ask(empty) == at(3)


def test_extension_lines_are_countersigned_as_they_are(witness: RunningWitness, log: PaperLog) -> None:
    checkpoint = log.checkpoint(3)
    extended = Checkpoint(log.origin, 3, checkpoint.root, ("and a line more",))
    note = sign(extended.text, log.signer)
    assert_countersigned(witness.ask(question_body(old_size=0, proof=(), note=note)), note, witness.vkey)


def test_old_and_new_key_of_a_log_both_count(log: PaperLog, start: Callable[..., RunningWitness]) -> None:
    new = Signer.from_seed(log.origin, b"\x05" * 32)
    witness = start(log.signer.vkey, new.vkey)
    for old_size, size, signers in ((0, 3, [log.signer]), (3, 5, [log.signer, new]), (5, 8, [new])):
        note = log.note(size, *signers)
        question = question_body(old_size=old_size, proof=log.proof(old_size, size), note=note)
        assert_countersigned(witness.ask(question), note, witness.vkey)


def malformed(log: PaperLog) -> dict[str, bytes]:
    note, zero = log.note(5), base64.b64encode(b"\0" * 32)
    return {
        "empty": b"",
        "no old size": b"\n" + note,
        "only the checkpoint": note,
        "another word": b"new 0\n\n" + note,
        "two spaces": b"old  0\n\n" + note,
        "leading zero": b"old 00\n\n" + note,
        "a sign": b"old +0\n\n" + note,
        "negative": b"old -1\n\n" + note,
        "not a number": "old ٣\n\n".encode() + note,
        "too large": b"old 9223372036854775808\n\n" + note,
        "endless number": b"old " + b"9" * 5000 + b"\n\n" + note,
        "CRLF": b"old 0\r\n\r\n" + note,
        "no blank line": b"old 0\n" + note.partition(b"\n\n")[0],
        "64 hashes": b"old 1\n" + b"\n".join([zero] * 64) + b"\n\n" + note,
        "a short hash": b"old 1\n" + base64.b64encode(b"\0" * 31) + b"\n\n" + note,
        "a long hash": b"old 1\n" + base64.b64encode(b"\0" * 33) + b"\n\n" + note,
        "no base64": b"old 1\n" + b"?" * 44 + b"\n\n" + note,
        "stray bits": b"old 1\n" + zero[:-2] + b"B=" + b"\n\n" + note,
        "a space behind": b"old 1\n" + zero + b" \n\n" + note,
        "no final newline": b"old 0\n\n" + note[:-1],
        "no signature": b"old 0\n\n" + note.rpartition(b"\n\n")[0] + b"\n",
        "no checkpoint": b"old 0\n\n",
        "control character": b"old 0\n\n" + note.replace(b"\n5\n", b"\n5\t\n"),
        "20,000 signatures": (b"old 0\n\n" + note + note.rpartition(b"\n\n")[2] * 20_000)[: 128 * 1024],
        "101 signatures": b"old 0\n\n" + note + note.rpartition(b"\n\n")[2] * 100,
        "another size by the log": b"old 0\n\n" + sign(f"{log.origin}\n05\n{zero.decode()}\n", log.signer),
        "no root by the log": b"old 0\n\n" + sign(f"{log.origin}\n5\nAAAA\n", log.signer),
        "no tree by the log": b"old 0\n\n" + sign(f"{log.origin}\n", log.signer),
        "a root of nothing by the log": b"old 0\n\n" + sign(f"{log.origin}\n0\n{zero.decode()}\n", log.signer),
    }


def test_whatever_is_malformed_is_a_bad_request(witness: RunningWitness, log: PaperLog) -> None:
    for what, body in malformed(log).items():
        told = witness.ask(body)
        # Where the first line of the checkpoint cannot be found, there is no log that could be known.
        assert told.status == (404 if what == "no checkpoint" else 400), (what, told)
        assert told.body.endswith(b"\n")
    assert witness.ask(log.question(3, 5)) == at(0)


def test_only_posts_to_one_address_are_checkpoints(witness: RunningWitness, log: PaperLog) -> None:
    body = log.question(0, 3)
    assert witness.send("POST", "/", body).status == 404
    assert witness.send("POST", "/add-checkpoint/", body).status == 404
    assert witness.send("GET", "/add-checkpoint").status == 405
    assert witness.send("PUT", "/add-checkpoint", body).status == 501
    assert witness.ask(body).status == 200


def test_what_was_countersigned_is_there_for_everybody(witness: RunningWitness, log: PaperLog) -> None:
    assert witness.send("GET", "/").body.decode() == f"{witness.vkey}\n"
    witness.ask(log.question(0, 3))
    vkey, line = witness.send("GET", "/").body.decode().splitlines()
    size, timestamp, path, origin = line.split(" ")
    assert (vkey, size, origin) == (witness.vkey, "3", log.origin)
    told = witness.send("GET", path)
    opened = open_note(told.body, [witness.vkey, log.signer.vkey])
    assert [signature.name for signature in opened.signatures] == [log.origin, "elm.example/w1"]
    assert str(opened.signatures[1].timestamp) == timestamp
    assert witness.send("GET", "/" + "0" * 64).status == 404
    assert witness.send("GET", "/../cosigned.json").status == 404


def test_connections_are_kept_for_the_next_checkpoint(witness: RunningWitness, log: PaperLog) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", witness.port, timeout=10)
    connection.connect()
    local = connection.sock.getsockname()
    for old_size, size in ((0, 3), (3, 3), (3, 9)):
        connection.request("POST", "/add-checkpoint", log.question(old_size, size))
        response = connection.getresponse()
        response.read()
        assert response.status == 200
        assert connection.sock.getsockname() == local
    connection.close()


def test_a_clock_that_was_set_back_dates_nothing_back(witness: RunningWitness, log: PaperLog) -> None:
    witness.ask(log.question(0, 3))
    assert witness.end() == 0
    path = witness.state / "cosigned.json"
    memory = json.loads(path.read_text())
    memory["logs"][0]["timestamp"] += 10_000
    path.write_text(json.dumps(memory))
    witness.start()
    told = witness.ask(log.question(3, 5))
    (signature,) = open_note(log.note(5) + told.body, [witness.vkey]).signatures
    assert signature.timestamp == memory["logs"][0]["timestamp"]
