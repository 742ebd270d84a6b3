"""The journal of reads: lines that hold together, and what does not fit the deliveries."""

from dataclasses import replace

from apps.licensing.domain.journal import Claimed, Fault, ReadLine, digest_of, mismatches, read_line

CLAIMED = {
    number: Claimed(
        answer=number, file="a.parquet", start=0, until=9, sha256="f" * 64, has_entry=number != 3, has_sent=number != 5
    )
    for number in (1, 2, 3, 4, 5)
}


def line(answer: int, **more: object) -> ReadLine:
    told = ReadLine(
        at="2026-11-26T12:00:00.000000Z",
        folder="release-1",
        file="a.parquet",
        start=0,
        until=9,
        sha256="f" * 64,
        answer=answer,
    )
    return replace(told, **more)  # type: ignore[arg-type]


def chained(*lines: ReadLine) -> list[bytes]:
    found: list[bytes] = []
    for each in lines:
        found.append((replace(each, prev=digest_of(found[-1])) if found else each).to_bytes())
    return found


def faults(lines: list[bytes], expected: tuple[int, ...] = ()) -> list[Fault]:
    return [each.fault for each in mismatches(lines, CLAIMED, expected)]


def test_a_line_reads_back_as_itself_and_nothing_else_is_one() -> None:
    assert read_line(line(1).to_bytes()) == line(1)
    for other in (b"", b"{}", b"[1]", b'{"at":1}', b"\xff", line(1).to_bytes()[:-1]):
        assert read_line(other) is None


def test_reads_that_were_claimed_fit() -> None:
    assert faults(chained(line(1), line(2)), (1, 2)) == []
    # An answer that was given up before its first byte needs no line.
    assert faults([], (5,)) == []


def test_each_way_in_which_they_do_not_fit_is_named() -> None:
    assert faults(chained(line(9))) == [Fault.NO_DELIVERY]
    assert faults(chained(line(1), line(1))) == [Fault.NO_DELIVERY]
    for other in ({"file": "b"}, {"start": 1}, {"until": 10}, {"sha256": "0" * 64}):
        assert faults(chained(line(1, **other))) == [Fault.NO_DELIVERY]
    assert faults(chained(line(3))) == [Fault.NO_ENTRY]
    assert faults(chained(line(1)), (1, 2)) == [Fault.NOT_JOURNALED]
    first, _second, third = chained(line(1), line(2), line(4))
    assert faults([first, third], (1, 2, 4)) == [Fault.JOURNAL_CHANGED, Fault.NOT_JOURNALED]
    assert faults([b"nonsense"]) == [Fault.JOURNAL_CHANGED]


def test_the_same_thing_found_again_has_the_same_key() -> None:
    lines = chained(line(9), line(1))
    assert [each.key for each in mismatches(lines, CLAIMED, (2,))] == [
        each.key for each in mismatches(lines, CLAIMED, (2,))
    ]
