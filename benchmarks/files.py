"""How long showdown-rank takes over a file and in how much memory, beside pandas that only reads the same file."""

import os
import re
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from apps.rankings import cli
from apps.rankings.domain.intake import Wanted
from apps.rankings.domain.kernels import chosen_kernels
from apps.rankings.domain.reading import gather_file
from benchmarks.tables import Section, Table, seconds

STYLE: Final = ("tokens", "headers", "lists", "bold")
MODELS: Final = 50
VOTES_EACH: Final = 50
#: Rows of the file that are drawn and written at once.
PIECE: Final = 250_000
SUFFIXES: Final = (".parquet", ".csv")


def run(quick: bool) -> Table:
    """Write files, then read each in a fresh process, for its memory."""
    rows: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in (200_000,) if quick else (1_000_000, 10_000_000):
            paths = [Path(folder) / f"votes{suffix}" for suffix in SUFFIXES]
            _write(paths, number)
            for path in paths:
                rows += _compared(path, number)
                path.unlink()
    return Table(
        heads=("file", "with", "time", "of pandas' time", "memory", "bytes a vote", "of pandas' memory"),
        rows=tuple(rows),
        notes=(
            f"Votes of {MODELS} models, each contributor {VOTES_EACH}, with a timestamp, and {len(STYLE)} numbers of "
            "both sides. Each line is a process of its own; imports and compilation are over when its clock starts; "
            "its memory is the most that it held, less what it held at that moment. pandas reads all columns with its "
            "quickest reader and does nothing else.",
        ),
    )


def _compared(path: Path, number: int) -> list[tuple[str, ...]]:
    size = f"{number:,} votes, {path.suffix[1:]} of {path.stat().st_size / 2**20:,.0f} MiB"
    found = {name: _measured(name, path) for name in ACTIONS}
    peer_time, peer_memory = found["pandas, reading"]
    return [
        (
            size if place == 0 else "",
            name,
            seconds(duration),
            f"{duration / peer_time:.2f}",
            f"{memory / 2**20:,.0f} MiB",
            f"{memory / number:,.0f}",
            f"{memory / peer_memory:.2f}",
        )
        for place, (name, (duration, memory)) in enumerate(found.items())
    ]


def _measured(name: str, path: Path) -> tuple[float, int]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(_alone, name, path).result()


def _write(paths: list[Path], number: int) -> None:
    rng = np.random.default_rng(number)
    strength = rng.normal(size=MODELS) * 0.6
    schema = _drawn(rng, 1, strength, 0, number).schema
    with pq.ParquetWriter(paths[0], schema) as parquet, pv.CSVWriter(paths[1], schema) as text:
        for done in range(0, number, PIECE):
            piece = _drawn(rng, min(PIECE, number - done), strength, done, number)
            parquet.write_table(piece)
            text.write_table(piece)


def _drawn(rng: np.random.Generator, number: int, strength: NDArray[Any], done: int, whole: int) -> pa.Table:
    a = rng.integers(0, MODELS, number)
    b = (a + rng.integers(1, MODELS, number)) % MODELS
    won = rng.random(number) < 1 / (1 + np.exp(strength[b] - strength[a]))
    outcome = np.where(rng.random(number) < 0.25, rng.integers(2, 4, number), np.where(won, 0, 1))
    names = [f"model {place:03}" for place in range(MODELS)]
    columns = {
        "model_a": _named(a, names),
        "model_b": _named(b, names),
        "winner": _named(outcome, ["model_a", "model_b", "tie", "both_bad"]),
        "voter": pa.array([f"voter-{place:08}" for place in rng.integers(0, whole // VOTES_EACH, number)]),
        "timestamp": pa.array((1_700_000_000 + done + np.arange(number)) * 1_000_000, pa.timestamp("us", "UTC")),
    }
    for name in STYLE:
        most = 1000 if name == "tokens" else 30
        columns |= {f"{name}_{side}": pa.array(rng.integers(0, most, number)) for side in "ab"}
    return pa.table(columns)


def _named(codes: NDArray[Any], names: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(names)).cast(pa.string())


def _ours(path: Path) -> None:
    gather_file(path, Wanted(style=STYLE))


def _ranked(path: Path) -> None:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        cli.main([str(path), "--style", ",".join(STYLE), "--intervals", "cr1"])


def _pandas(path: Path) -> None:
    if path.suffix == ".csv":
        pd.read_csv(path)
    else:
        pd.read_parquet(path)


ACTIONS: Final[dict[str, Callable[[Path], None]]] = {
    "showdown-rank, reading": _ours,
    "showdown-rank, all of it": _ranked,
    "pandas, reading": _pandas,
}


def _alone(name: str, path: Path) -> tuple[float, int]:
    """Return how long it took in seconds, and how many bytes it held at most beyond those held before."""
    chosen_kernels()
    # What is imported at the first use of Arrow and pandas is no part of the work.
    pa.table({"a": np.arange(3)}).to_pandas()
    # A peak counts from here (proc(5)).
    Path("/proc/self/clear_refs").write_text("5")
    before, began = _memory("VmRSS"), time.perf_counter()
    ACTIONS[name](path)
    return time.perf_counter() - began, _memory("VmHWM") - before


def _memory(name: str) -> int:
    """Return a line of this process's status in bytes."""
    (kilobytes,) = re.findall(rf"{name}:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(kilobytes) * 1024


SECTION: Final = Section(name="files", title="Ranking a file", run=run)
