"""The command showdown-rank: rank any file of battles, without a database and without Django."""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NoReturn, Self

from apps.battles.domain.formats import FORMATS, UnreadableFile
from apps.battles.domain.formats.rows import Source
from apps.rankings.domain.board import BoardResult, as_json
from apps.rankings.domain.fit import fit_board, fit_segments
from apps.rankings.domain.intake import Gathered, UnfitForRanking, Wanted
from apps.rankings.domain.method import Anchor, FitMethod, Intervals, Ties
from apps.rankings.domain.reading import gather_file
from apps.rankings.domain.table import ASCII, UNICODE, Strokes, board_text

RANKED: Final = 0
NOTHING_RANKED: Final = 1
UNUSABLE: Final = 2

_PATIENCE: Final = 0.7
_SHOW_EVERY: Final = 0.2
_MINUTE: Final = 60
_CHOICES: Final = (Intervals.AUTO, Intervals.HC0, Intervals.CR1, Intervals.CV3)


class _Unusable(Exception):
    """What was asked for cannot be done; the message is the one line that says why."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Unusable(f"{message} (see showdown-rank --help)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns 0 with a ranking, 1 where nothing could be ranked, 2 where the input is unusable."""
    # A stream that was closed before the start is None; what goes there is lost, as its owner wished.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    try:
        return _run(_parser().parse_args(arguments))
    except (_Unusable, UnreadableFile) as unusable:
        _say(f"showdown-rank: {unusable}")
        return UNUSABLE
    except MemoryError:
        _say("showdown-rank: There is not enough memory for so many votes; with fewer style columns it takes less.")
        return UNUSABLE
    except BrokenPipeError:
        # Whoever read the table has seen enough.
        _drop_standard_output()
        return RANKED
    except KeyboardInterrupt:
        _say("showdown-rank: stopped.")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="showdown-rank",
        description="Rank language models from a file of battles (CSV, JSON, JSONL or Parquet).",
        epilog="Exit status: 0 with a ranking, 1 where nothing can be ranked, 2 where the file cannot be used.",
    )
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--format", metavar="NAME", choices=sorted(FORMATS), help=", ".join(sorted(FORMATS)))
    parser.add_argument("--style", metavar="COL,...", default="", help="control for these numbers of both sides")
    parser.add_argument("--cluster", metavar="COL", type=_column, help="who voted (the voter, unless given)")
    parser.add_argument("--segment", metavar="COL", type=_column, help="one more board for each value of this column")
    parser.add_argument("--anchor", metavar="NAME=1000", help="fix one model's rating (else the mean is 1000)")
    parser.add_argument("--ties", choices=[ties.value for ties in Ties], default=Ties.HALF.value)
    parser.add_argument("--intervals", choices=[kind.value for kind in _CHOICES], default=Intervals.AUTO.value)
    parser.add_argument("--cap", metavar="SHARE", help="largest share of the weight of one contributor, such as 0.02")
    parser.add_argument("--bootstrap", metavar="N", type=int, default=1000, help="draws for the rank spread; 0: Holm")
    parser.add_argument("--seed", metavar="N", type=int, default=1, help="seed of these draws")
    parser.add_argument("--json", metavar="OUT", help="write the result as JSON too; - for standard output instead")
    return parser


def _run(options: argparse.Namespace) -> int:
    method = _method(options)
    progress = _Progress()
    # A day of grace, since a file may carry the local time of any zone.
    latest = datetime.now(UTC) + timedelta(days=1)
    wanted = Wanted(style=method.style, cluster=options.cluster, segment=options.segment)
    with progress:
        gathered = _gathered(options, wanted, latest, progress)
        if method.anchor is not None and method.anchor.model not in gathered.votes.models:
            raise _Unusable(f"{options.file}: the anchor {method.anchor.model} is not in it.")
        if gathered.bad:
            were = "row was" if gathered.bad == 1 else "rows were"
            progress.clear()
            _say(f"showdown-rank: {gathered.bad:,} {were} not used; {gathered.first_bad}.")
        progress.enter(f"Ranking {gathered.votes.total:,} votes")
        board = _with_bad_rows(fit_board(gathered.votes, method), gathered)
        segments = {}
        if gathered.segments:
            progress.enter(f"Ranking {len(gathered.segments):,} segments")
            segments = fit_segments(gathered.votes, gathered.segment_codes, gathered.segments, method)
    if options.json is not None:
        _write_json(options.json, board, segments)
    if options.json != "-":
        _write_tables(board, segments, options)
    return RANKED if board else NOTHING_RANKED


def _gathered(options: argparse.Namespace, wanted: Wanted, latest: datetime, progress: "_Progress") -> Gathered:
    progress.enter("Reading")
    try:
        gathered = gather_file(options.file, wanted, format_name=options.format, latest=latest, watch=progress.show)
    except UnfitForRanking as unfit:
        raise _Unusable(f"{options.file}: {unfit}.") from unfit
    if gathered.bad and not len(gathered.votes):
        raise _Unusable(f"{options.file}: none of its {gathered.bad} rows can be used; {gathered.first_bad}.")
    return gathered


def _method(options: argparse.Namespace) -> FitMethod:
    style = tuple(name.strip() for name in options.style.split(",") if name.strip())
    try:
        return FitMethod(
            ties=Ties(options.ties),
            intervals=Intervals(options.intervals),
            anchor=_anchor(options.anchor),
            style=style,
            cap=_share(options.cap),
            draws=options.bootstrap,
            seed=options.seed,
        )
    except ValueError as wrong:
        raise _Unusable(f"{wrong}") from wrong


def _column(given: str) -> str:
    if not given.strip():
        raise argparse.ArgumentTypeError("it takes the name of a column")
    return given


def _anchor(given: str | None) -> Anchor | None:
    if given is None:
        return None
    model, equals, rating = given.rpartition("=")
    if not equals:
        return Anchor(given)
    try:
        points = float(rating)
    except ValueError as wrong:
        raise _Unusable(f"--anchor takes NAME=1000, and {rating!r} is not a number.") from wrong
    return Anchor(model, points)


def _share(given: str | None) -> float | None:
    if given is None:
        return None
    try:
        return float(given.removesuffix("%")) / (100 if given.endswith("%") else 1)
    except ValueError as wrong:
        raise _Unusable(f"--cap takes a share such as 0.02 or 2%, and not {given!r}.") from wrong


class _Progress:
    """One line on a terminal that somebody watches and waits at: the phase, done of total, and the time left."""

    def __init__(self) -> None:
        self._watched = sys.stderr.isatty()
        self._start = self._began = self._written = time.monotonic()
        self._phase = ""
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.clear()

    def enter(self, phase: str) -> None:
        """Begin a phase, and name it if the command has taken a while already."""
        self._phase, self._began = phase, time.monotonic()
        if self._began - self._start > _PATIENCE:
            self._write(f"{phase} ...")

    def show(self, source: Source) -> None:
        """Say how far a file has been read, unless that was said just now."""
        now = time.monotonic()
        if now - self._start < _PATIENCE or now - self._written < _SHOW_EVERY or not source.size:
            return
        share = min(1.0, max(source.done, 1) / source.size)
        left = (now - self._began) * (1 - share) / share
        self._write(f"{self._phase}: {source.done:,} of {source.size:,} ({share:.0%}), about {_duration(left)} left")

    def clear(self) -> None:
        """Wipe the line, for whatever is written next."""
        if self._width:
            self._write("")
            self._width = 0

    def _write(self, line: str) -> None:
        if not self._watched:
            return
        line = line[: shutil.get_terminal_size((80, 24)).columns - 1]
        sys.stderr.write("\r" + line.ljust(self._width) + ("" if line else "\r"))
        sys.stderr.flush()
        self._width, self._written = len(line), time.monotonic()


def _duration(seconds: float) -> str:
    return f"{seconds / _MINUTE:.0f} min" if seconds > 2 * _MINUTE else f"{seconds:.0f} s"


def _with_bad_rows(board: BoardResult, gathered: Gathered) -> BoardResult:
    left_out = dict(board.left_out)
    if gathered.bad:
        left_out["bad-row"] = gathered.bad
    return replace(board, left_out=left_out, notes=board.notes + gathered.notes)


def _write_json(out: str, board: BoardResult, segments: dict[str, BoardResult]) -> None:
    found = as_json(board)
    if segments:
        found["segments"] = {name: as_json(segment) for name, segment in segments.items()}
    # Escaped, a name gets through a terminal of any encoding; in a file it is to be read.
    text = json.dumps(found, ensure_ascii=out == "-", indent=2, allow_nan=False) + "\n"
    if out == "-":
        _print(text)
        return
    try:
        Path(out).write_text(text, encoding="utf-8")
    except OSError as failure:
        raise _Unusable(f"{out} cannot be written: {failure.strerror}.") from failure


def _write_tables(board: BoardResult, segments: dict[str, BoardResult], options: argparse.Namespace) -> None:
    width = shutil.get_terminal_size((80, 24)).columns
    strokes = _strokes()
    whole = f"{options.file.name}: {_counted(board)}"
    texts = [board_text(board, title=whole, width=width, strokes=strokes)]
    for name, segment in segments.items():
        title = f"{options.segment} = {name}: {_counted(segment)}"
        texts.append(board_text(segment, title=title, width=width, strokes=strokes))
    encoding = sys.stdout.encoding or "ascii"
    _print("\n".join(texts).encode(encoding, "replace").decode(encoding))


def _print(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as failure:
        _drop_standard_output()
        raise _Unusable(f"The ranking cannot be written to standard output: {failure.strerror}.") from failure


def _drop_standard_output() -> None:
    # What is still in the buffer goes nowhere, or Python would complain again when it closes the stream.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _counted(board: BoardResult) -> str:
    people = f" of {board.contributors:,} contributors" if board.contributors else ""
    return f"{len(board.models):,} models, {board.votes:,} votes{people}"


def _strokes() -> Strokes:
    try:
        "".join((UNICODE.left, UNICODE.line, UNICODE.middle, UNICODE.cut)).encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
