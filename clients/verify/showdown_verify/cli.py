"""The command showdown-verify: one question, one answer, one exit status."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from showdown_verify.bundles import open_bundle
from showdown_verify.fetching import Address
from showdown_verify.logs import Depth, Question, check_log
from showdown_verify.policy import MAX_POLICY_BYTES, InvalidPolicy, Policy, parse_policy
from showdown_verify.proofs import MAX_PROOF_BYTES, check_proof, looks_like_a_proof
from showdown_verify.sources import MAX_KEYS_BYTES, Deadline, Source
from showdown_verify.state import State
from showdown_verify.tiles import MAX_ENTRY_BYTES
from showdown_verify.trust import Trust, read_key_lines, require_keys
from showdown_verify.verdict import CouldNotCheck, Report, Status, Stopped, shown

VERSION: Final = "0.1.0"
FORMAT: Final = "showdown-verify/1"
WORDS: Final = {Status.HOLDS: "holds", Status.BROKEN: "BROKEN", Status.UNCHECKED: "could not check"}
_BEGINNING: Final = 64
_MOST_SECONDS: Final = 10_000_000.0
_LISTED_EVERY: Final = 40 * 256


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 holds, 1 broken, 2 could not check."""
    asked = _parser().parse_args(arguments)
    report = Report(asked.source)
    try:
        _check(asked, report)
        stopped = None
    except Stopped as error:
        stopped = error
    except KeyboardInterrupt:
        stopped = CouldNotCheck("time", "interrupted", "Interrupted.")
    except Exception as error:  # noqa: BLE001 - Whatever a stranger's file can do to us, the answer is a status.
        stopped = CouldNotCheck("program", "unexpected", f"A fault of this program: {type(error).__name__}: {error}")
    try:
        _say(report, stopped, as_json=asked.json)
    except BrokenPipeError:
        sys.stderr.close()
    return int(stopped.status if stopped else Status.HOLDS)


def _check(asked: argparse.Namespace, report: Report) -> None:
    trust = Trust(
        require_keys((*asked.vkey, *(read_key_lines(_file(asked.keys, MAX_KEYS_BYTES)) if asked.keys else ()))),
        _policy(asked.policy) if asked.policy else None,
        asked.origin,
    )
    deadline = Deadline(asked.seconds)
    state = State(asked.state) if asked.state else None
    is_address = "://" in asked.source
    if not is_address:
        path = Path(asked.source)
        if _begins_like_a_proof(path):
            entry = _file(asked.entry, MAX_ENTRY_BYTES) if asked.entry else None
            check_proof(_file(path, MAX_PROOF_BYTES), trust, report, entry=entry, state=state)
            return
    if asked.entry:
        raise CouldNotCheck("arguments", "no-proof", "--entry belongs to a proof file.")
    source: Source = (
        Address(asked.source, headers=asked.header, patience=asked.patience, deadline=deadline)
        if is_address
        else open_bundle(Path(asked.source))
    )
    question = Question(
        depth=Depth(asked.depth) if asked.depth else Depth.TILES if is_address else Depth.ENTRIES,
        deadline=deadline,
        state=state,
        first_use=asked.first_use,
        progress=_progress if sys.stderr.isatty() and not asked.json else None,
    )
    try:
        check_log(source, trust, question, report)
    finally:
        source.close()


def _begins_like_a_proof(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return looks_like_a_proof(file.read(_BEGINNING))
    except OSError:
        return False


def _file(path: Path, limit: int) -> bytes:
    """Return a file that the reader names, read no further than its kind allows."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise CouldNotCheck(
            "arguments", "unreadable", f"{shown(str(path))} cannot be read: {error.strerror}."
        ) from None
    if len(data) > limit:
        raise CouldNotCheck("arguments", "too-large", f"{shown(str(path))} has more than {limit:,} bytes.")
    return data


def _policy(path: Path) -> Policy:
    try:
        return parse_policy(_file(path, MAX_POLICY_BYTES))
    except InvalidPolicy as error:
        raise CouldNotCheck("arguments", "malformed-policy", shown(str(error), 400)) from None


def _say(report: Report, stopped: Stopped | None, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(_document(report, stopped), indent=2) + "\n")
        sys.stdout.flush()
        return
    status = stopped.status if stopped else Status.HOLDS
    lines = [shown(report.source, 300)]
    if report.size is not None:
        lines.append(f"  {shown(report.origin)}: {report.size:,} entries, root {report.root}")
    lines += [f"  ok    {held.check}: {held.detail}" for held in report.held]
    if stopped is not None:
        where = f" at {stopped.where}" if stopped.where else ""
        lines.append(f"  {'NO' if status is Status.BROKEN else '??'}    {stopped.check}{where}: {stopped.message}")
    lines += [f"  -     {held.check}: {held.detail}" for held in report.left_out]
    if report.evidence:
        lines.append("  What was signed, for others to see:")
        lines += [f"    | {shown(line)}" for note in report.evidence for line in (*note.splitlines(), "")]
    verdict = WORDS[status] + (f" [{stopped.reason}]" if stopped else "")
    # A terminal that knows no em dash must not keep the verdict from its reader.
    text = "\n".join([*lines, verdict]) + "\n"
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()


def _document(report: Report, stopped: Stopped | None) -> dict[str, object]:
    status = stopped.status if stopped else Status.HOLDS
    return {
        "format": FORMAT,
        "source": report.source,
        "verdict": status.name.lower().replace("unchecked", "could-not-check"),
        "status": int(status),
        "origin": report.origin,
        "size": report.size,
        "root": report.root,
        "held": [{"check": held.check, "detail": held.detail} for held in report.held],
        "left_out": [{"check": held.check, "why": held.detail} for held in report.left_out],
        "stopped": None
        if stopped is None
        else {
            "check": stopped.check,
            "reason": stopped.reason,
            "where": stopped.where,
            "message": stopped.message,
        },
        "evidence": report.evidence,
    }


def _progress(done: int, size: int) -> None:
    if done % _LISTED_EVERY == 0 or done == size:
        sys.stderr.write(f"\r{done:,} of {size:,} entries" + ("\n" if done == size else ""))
        sys.stderr.flush()


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="showdown-verify",
        description="Checks a transparency log, an exported bundle of one, or the proof of an entry or of growth.",
        epilog="Exit status: 0 it holds, 1 it is broken (and where), 2 it could not be checked (and why).",
    )
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a log's address (https://arena.example/log), a bundle (folder or .zip), or a proof (.json, .tlog-proof)",
    )
    parser.add_argument("--vkey", action="append", default=[], help="a public key that you trust; may be repeated")
    parser.add_argument("--keys", type=Path, metavar="FILE", help="public keys that you trust, one a line")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="which witnesses must sign (C2SP tlog-policy)")
    parser.add_argument("--origin", help="the name of the log that it must be")
    parser.add_argument(
        "--state",
        type=Path,
        metavar="FILE",
        help="remember what was seen; refuse a log that does not begin with it",
    )
    parser.add_argument(
        "--first-use", action="store_true", help="without a key: take the log's own word for it, and remember it"
    )
    parser.add_argument("--entry", type=Path, metavar="FILE", help="the entry's bytes, when a proof does not have them")
    parser.add_argument(
        "--depth",
        choices=[depth.value for depth in Depth],
        help="edge: only what proves growth; tiles: all hashes since the last visit (the default for an address); "
        "entries: all of it (the default for a bundle)",
    )
    parser.add_argument(
        "--header", action="append", default=[], metavar="'NAME: VALUE'", help="sent to the address with every question"
    )
    parser.add_argument("--patience", type=_seconds, default=20.0, metavar="SECONDS", help="for one answer (20)")
    parser.add_argument("--seconds", type=_seconds, default=3600.0, metavar="SECONDS", help="for all of it (3600)")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("--version", action="version", version=f"%(prog)s {VERSION}")
    return parser
