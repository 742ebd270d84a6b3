"""A bundle holds as it was made, and whatever is done to it is found where it was done."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.domain.merkle import EMPTY_ROOT
from apps.audit.domain.note import Signer, sign
from apps.audit.domain.tiles import decode_bundle, encode_bundle
from tests.verify.asking import ask, fault, holds
from tests.verify.paper import (
    LOG,
    NOON,
    ORIGIN,
    OTHER,
    WITNESSES,
    Paper,
    copied,
    edition,
    entry,
    manifest,
    policy,
    votes,
    zipped,
)

FIRST = "tile/entries/000"
Doing = Callable[[Path], None]


def test_a_bundle_holds_as_folder_and_as_archive(pristine: Path, tmp_path: Path) -> None:
    for source in (pristine, zipped(pristine, tmp_path / "log.zip")):
        held = holds(source)
        assert held.keys() == {"signature", "tree", "entries", "counters", "manifests"}
        assert held["entries"].startswith("704 entries")
        assert held["counters"].startswith("4 numbers of 2 counters")
        assert held["manifests"].startswith("4 are")


@pytest.mark.parametrize("depth", ["edge", "tiles", "entries"])
def test_a_bundle_holds_at_every_depth(pristine: Path, depth: str) -> None:
    assert "tree" in holds(pristine, "--depth", depth)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513])
def test_a_log_of_any_size_holds(size: int, tmp_path: Path) -> None:
    folder = votes(size).write(tmp_path / "log")
    for depth in ("edge", "tiles", "entries"):
        holds(folder, "--depth", depth)


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537])
def test_a_log_with_a_third_row_of_tiles_holds(size: int, tmp_path: Path) -> None:
    folder = votes(size).write(tmp_path / "log")
    for depth in ("edge", "entries"):
        holds(folder, "--depth", depth)


def test_an_empty_log_holds(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_bytes(sign(Checkpoint(ORIGIN, 0, EMPTY_ROOT).text, LOG))
    for depth in ("edge", "tiles", "entries"):
        holds(tmp_path, "--depth", depth)


def changed_entry(folder: Path) -> None:
    entries = decode_bundle((folder / FIRST).read_bytes())
    (folder / FIRST).write_bytes(encode_bundle([*entries[:9], entry(12345), *entries[10:]]))


def removed_entry(folder: Path) -> None:
    entries = decode_bundle((folder / FIRST).read_bytes())
    (folder / FIRST).write_bytes(encode_bundle([*entries[:9], *entries[10:]]))


def inserted_entry(folder: Path) -> None:
    entries = decode_bundle((folder / FIRST).read_bytes())
    (folder / FIRST).write_bytes(b"".join(encode_bundle([body]) for body in (*entries[:9], entry(9), *entries[9:])))


def reordered_entries(folder: Path) -> None:
    entries = decode_bundle((folder / FIRST).read_bytes())
    entries[9], entries[10] = entries[10], entries[9]
    (folder / FIRST).write_bytes(encode_bundle(entries))


def changed(path: str, at: int = 5) -> Doing:
    def change(folder: Path) -> None:
        data = bytearray((folder / path).read_bytes())
        data[at] ^= 1
        (folder / path).write_bytes(data)

    return change


def cut(path: str) -> Doing:
    def shorten(folder: Path) -> None:
        (folder / path).write_bytes((folder / path).read_bytes()[:-1])

    return shorten


def longer(path: str) -> Doing:
    def lengthen(folder: Path) -> None:
        (folder / path).write_bytes((folder / path).read_bytes() + b"\x00")

    return lengthen


def gone(path: str) -> Doing:
    return lambda folder: (folder / path).unlink()


def put(path: str, data: bytes) -> Doing:
    def place(folder: Path) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)

    return place


MALLORY = Signer.from_seed("mallory.example", b"\x09" * 32)
HEAD = Checkpoint(ORIGIN, 704, b"\x05" * 32)


@pytest.mark.parametrize(
    ("do", "reason", "where"),
    [
        (changed_entry, "entry-changed", f"leaf 9 ({FIRST})"),
        (removed_entry, "truncated", FIRST),
        (inserted_entry, "trailing-bytes", FIRST),
        (reordered_entries, "entry-changed", f"leaf 9 ({FIRST})"),
        (changed("tile/0/001"), "entry-changed", "leaf 256 (tile/entries/001)"),
        (changed("tile/1/000.p/2", 40), "tile-mismatch", "tile/1/000.p/2"),
        (cut("tile/0/001"), "tile-length", "tile/0/001"),
        (longer("tile/0/001"), "too-large", "tile/0/001"),
        (cut("tile/entries/002.p/192"), "truncated", "tile/entries/002.p/192"),
        (longer("tile/entries/002.p/192"), "trailing-bytes", "tile/entries/002.p/192"),
        (put("tile/0/000", b""), "tile-length", "tile/0/000"),
        (put(FIRST, b""), "truncated", FIRST),
        (gone("tile/0/001"), "missing", "tile/0/001"),
        (gone("tile/1/000.p/2"), "missing", "tile/1/000.p/2"),
        (gone("tile/entries/001"), "missing", "tile/entries/001"),
        (gone("tile/entries/002.p/192"), "missing", "tile/entries/002.p/192"),
        (put("checkpoint", sign(HEAD.text, LOG)), "root-mismatch", "leaves 0 to 703"),
        (put("checkpoint", sign(HEAD.text, MALLORY)), "no-known-signature", "checkpoint"),
        (put("checkpoint", sign(HEAD.text, OTHER)), "no-known-signature", "checkpoint"),
        (put("checkpoint", b""), "no-final-newline", "checkpoint"),
        (put("checkpoint", b"x" * 2_000_000), "too-large", "checkpoint"),
        (changed("checkpoint", 20), "wrong-signature", "checkpoint"),
    ],
)
def test_what_was_done_to_a_bundle_is_found_where_it_was_done(
    do: Doing, reason: str, where: str, pristine: Path, tmp_path: Path
) -> None:
    folder = copied(pristine, tmp_path / "log")
    do(folder)
    for source in (folder, zipped(folder, tmp_path / "log.zip")):
        assert fault(source) == (1, reason, where)


def test_a_bundle_without_a_checkpoint_or_without_a_log_could_not_be_checked(pristine: Path, tmp_path: Path) -> None:
    folder = copied(pristine, tmp_path / "log")
    (folder / "checkpoint").unlink()
    assert fault(folder) == (2, "no-checkpoint", "checkpoint")
    assert fault(tmp_path / "nowhere") == (2, "no-source", "")
    assert fault(tmp_path / "no\x00where") == (2, "no-source", "")


def test_entry_tile_and_upper_tile_changed_alike_still_give_another_root(paper: Paper, tmp_path: Path) -> None:
    forged = Paper([*paper.entries[:5], entry(4242), *paper.entries[6:]], paper.manifests)
    folder = forged.write(tmp_path / "log")
    (folder / "checkpoint").write_bytes(paper.note())
    assert fault(folder)[:2] == (1, "root-mismatch")
    assert fault(folder, "--depth", "edge")[:2] == (1, "root-mismatch")


def test_an_older_root_replayed_under_a_later_size_is_refused(paper: Paper, pristine: Path, tmp_path: Path) -> None:
    folder = copied(pristine, tmp_path / "log")
    replayed = Checkpoint(ORIGIN, len(paper.entries), paper.checkpoint(600).root)
    (folder / "checkpoint").write_bytes(sign(replayed.text, LOG))
    assert fault(folder)[:2] == (1, "root-mismatch")
    assert fault(folder, "--depth", "edge")[:2] == (1, "root-mismatch")


def written(tmp_path: Path, entries: list[bytes], *manifests: bytes) -> Path:
    return Paper(entries, list(manifests)).write(tmp_path / "log")


@pytest.mark.parametrize(
    ("counters", "reason", "where"),
    [
        ([1, 3], "counter-gap", "leaf 1"),
        ([2], "counter-gap", "leaf 0"),
        ([1, 2, 2], "counter-repeated", "leaf 2"),
        ([1, 3, 3, 2], "counter-repeated", "leaf 2"),
        ([0], "malformed-counter", "leaf 0"),
        ([1, True], "malformed-counter", "leaf 1"),
        ([1, "2"], "malformed-counter", "leaf 1"),
    ],
)
def test_a_gap_in_the_counters_is_found(counters: list[int], reason: str, where: str, tmp_path: Path) -> None:
    entries = [edition(5, counter) for counter in counters]
    assert fault(written(tmp_path, entries, manifest(5))) == (1, reason, where)


def test_numbers_that_come_a_little_out_of_turn_are_no_gap(tmp_path: Path) -> None:
    entries = [edition(5, counter) for counter in (2, 1, 3, 5, 4)]
    assert holds(written(tmp_path, entries, manifest(5)))["counters"].startswith("5 numbers of 1 counters")


def test_where_nothing_is_numbered_nothing_is_said_to_have_no_gap(tmp_path: Path) -> None:
    _status, answer = ask(votes(3).write(tmp_path / "log"))
    assert "counters" not in {each["check"] for each in answer["held"]}
    assert "counters" in {each["check"] for each in answer["left_out"]}


def test_manifests_are_those_that_the_log_names(pristine: Path, paper: Paper, tmp_path: Path) -> None:
    first, second = (sorted((pristine / "manifests").iterdir())[at].name for at in (0, 1))
    swapped = copied(pristine, tmp_path / "swapped")
    (swapped / "manifests" / first).write_bytes((pristine / "manifests" / second).read_bytes())
    assert fault(swapped) == (1, "manifest-changed", f"manifests/{first}")
    lost = copied(pristine, tmp_path / "lost")
    (lost / "manifests" / first).unlink()
    assert fault(lost) == (1, "manifest-missing", f"manifests/{first}")
    for name in ("ff" * 32 + ".json", "note.txt"):
        more = copied(pristine, tmp_path / name)
        (more / "manifests" / name).write_bytes(b"{}")
        assert fault(more) == (1, "manifest-unnamed", f"manifests/{name}")


def test_a_manifest_says_what_its_entry_says(tmp_path: Path) -> None:
    told = manifest(7)
    for number, facts in enumerate(({"rows": 8}, {"files": 3})):
        body = entry(1, "licensing.edition_built", {"manifest_digest": digest(told), **facts})
        assert fault(written(tmp_path / str(number), [body], told))[:2] == (1, "manifest-disagrees")
    body = entry(1, "licensing.edition_built", {"manifest_digest": "x"})
    assert fault(written(tmp_path / "malformed", [body])) == (1, "malformed-digest", "leaf 0")
    body = entry(1, "licensing.edition_built", {"manifest_digest": digest(b"[")})
    assert fault(written(tmp_path / "unreadable", [body], b"["))[:2] == (1, "manifest-unreadable")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not-json"),
        (b"\xff", "not-utf-8"),
        (b"hello", "not-json"),
        (b"{}", "not-an-entry"),
        (b"[" * 50_000, "not-json"),
        (b'{"a":' * 10_000, "not-json"),
        (b"9" * 10_000, "not-json"),
        (b"NaN", "not-json"),
        (b'{"v":1,"v":1}', "not-json"),
        (entry(1) + b"\n", "not-canonical"),
        (b" " + entry(1), "not-canonical"),
        (entry(1).replace(b'},"at"', b'}, "at"'), "not-canonical"),
        (entry(1).replace(b"battles.vote_cast", b"battles.vote_c\\u0061st"), "not-canonical"),
        (entry(1, facts={"a": 1, "b": 2}).replace(b'"a":1,"b":2', b'"b":2,"a":1'), "not-canonical"),
        (entry(1, facts={"a": 1, "b": 2}).replace(b'"b":2', b'"a":2'), "not-canonical"),
        (entry(1).replace(b',"v":1}', b"}"), "not-an-entry"),
        (entry(1).replace(b',"v":1}', b',"v":1,"w":2}'), "not-an-entry"),
        (entry(1).replace(b'"clause":null', b'"clause":7'), "not-an-entry"),
        (entry(1).replace(b"battles.battle:1", b"nothing"), "not-an-entry"),
    ],
    ids=lambda value: repr(value[:40]),
)
def test_what_is_no_entry_is_found(body: bytes, reason: str, tmp_path: Path) -> None:
    folder = Paper([entry(0), body, entry(2)]).write(tmp_path / "log")
    assert fault(folder) == (1, reason, "leaf 1")
    # Whoever reads only hashes cannot know.
    holds(folder, "--depth", "tiles")


def test_an_entry_of_a_later_format_could_not_be_checked(tmp_path: Path) -> None:
    folder = Paper([entry(0).replace(b',"v":1}', b',"v":2}')]).write(tmp_path / "log")
    assert fault(folder) == (2, "unknown-version", "leaf 0")


def test_a_quorum_is_needed_when_a_policy_says_so(pristine: Path, tmp_path: Path) -> None:
    two_of_three, all_three = tmp_path / "two", tmp_path / "three"
    two_of_three.write_bytes(policy("g", "group g 2 w0 w1 w2"))
    all_three.write_bytes(policy("g", "group g all w0 w1 w2"))
    held = holds(pristine, "--policy", two_of_three, vkey="")
    assert held["quorum"].startswith("2 of w0, w1, w2; cosigned by w0.example")
    assert "2025-11-26 12:00:01 UTC" in held["quorum"]
    assert fault(pristine, "--policy", all_three) == (1, "quorum-missed", "checkpoint")


def test_a_bundle_may_keep_witnesses_lines_beside_its_checkpoint(paper: Paper, pristine: Path, tmp_path: Path) -> None:
    all_three = tmp_path / "three"
    all_three.write_bytes(policy("g", "group g all w0 w1 w2"))
    folder = copied(pristine, tmp_path / "log")
    text = paper.checkpoint().text
    lines = [witness.at(NOON).signature_line(text) for witness in WITNESSES]
    put("cosignatures/704", "".join(f"{line}\n" for line in lines).encode())(folder)
    put("cosignatures/600", b"of another size\n")(folder)
    assert "quorum" in holds(folder, "--policy", all_three)
    put("cosignatures/704", WITNESSES[2].at(NOON).signature_line(paper.checkpoint(600).text).encode())(folder)
    assert fault(folder, "--policy", all_three) == (1, "wrong-signature", "checkpoint")
    put("cosignatures/704", b"rubbish\n")(folder)
    assert fault(folder, "--policy", all_three) == (1, "malformed-signature-line", "cosignatures/704")


def test_keys_come_from_the_reader(pristine: Path, tmp_path: Path) -> None:
    assert fault(pristine, vkey="")[:2] == (2, "no-key")
    assert fault(pristine, vkey=WITNESSES[0].vkey)[:2] == (2, "no-key")
    assert fault(pristine, vkey=LOG.vkey[:-1])[:2] == (2, "not-canonical-base64")
    assert fault(pristine, vkey=OTHER.vkey)[:2] == (1, "no-known-signature")
    keys = tmp_path / "keys"
    keys.write_text(f"# the log\n\n{LOG.vkey}\n")
    assert "signature" in holds(pristine, "--keys", keys, vkey="")
    assert "keys" in holds(pristine, "--first-use", vkey="")
    assert fault(pristine, "--keys", tmp_path / "none", vkey="")[:2] == (2, "unreadable")
    assert fault(pristine, "--policy", tmp_path / "none", vkey="")[:2] == (2, "unreadable")
    keys.write_bytes(b"\xff")
    assert fault(pristine, "--keys", keys, vkey="")[:2] == (2, "not-utf-8")


def test_the_log_must_be_the_one_that_is_meant(pristine: Path) -> None:
    holds(pristine, "--origin", ORIGIN)
    assert fault(pristine, "--origin", "other.example/log")[:2] == (1, "other-origin")


def test_what_was_not_checked_is_said(pristine: Path) -> None:
    _status, answer = ask(pristine, "--depth", "tiles")
    assert {each["check"] for each in answer["left_out"]} == {"quorum", "consistency", "entries"}


def test_time_is_bounded(pristine: Path) -> None:
    assert fault(pristine, "--seconds", "0.000001") == (2, "too-slow", "")
