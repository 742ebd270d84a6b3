"""The peers that fits are measured beside: an environment of their own, and one process for each measurement."""

import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from apps.rankings.domain.votes import Votes

HERE: Final = Path(__file__).parent
REPOSITORY: Final = HERE.parents[1]
PINS: Final = HERE / "requirements.txt"
OURS: Final = "showdown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one process found out, medians over its runs.

    ``clock`` and ``processor`` are seconds without compilation, ``compiling`` is that alone; ``memory`` is how many
    bytes the process grew at most while it ran, the votes' own columns not among them. ``ratings`` and ``halves``
    (models) are in points; ``halves`` is empty where there are no intervals.
    """

    clock: float
    processor: float
    compiling: float
    memory: int
    runs: int
    ratings: NDArray[np.float64]
    halves: NDArray[np.float64]

    @classmethod
    def read(cls, answer: Mapping[str, object]) -> Self:
        """Read the answer of ``contest``."""
        numbers = {name: np.array(answer[name], np.float64) for name in ("ratings", "halves")}
        rest = {name: answer[name] for name in ("clock", "processor", "compiling", "memory", "runs")}
        return cls(**rest, **numbers)  # type: ignore[arg-type]


def python() -> Path:
    """Return the Python of the peers' environment, which is made at the first use and again when a pin changes."""
    var = Path(os.environ.get("SHOWDOWN_VAR") or REPOSITORY / "var")
    folder = var / "peers" / sha256(PINS.read_bytes()).hexdigest()[:16]
    interpreter = folder / "bin" / "python"
    if not (folder / "ready").exists():
        sys.stderr.write(f"Installing the peers into {folder} …\n")
        venv.create(folder, with_pip=True, clear=True)
        install = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        pinned = [*install, "--require-hashes", "--requirement", str(PINS)]
        subprocess.run(pinned, check=True)  # noqa: S603 - The packages are pinned by their hashes.
        (folder / "ready").touch()
    return interpreter


@contextmanager
def laid_down(votes: Votes, segments: NDArray[np.int32] | None = None) -> Iterator[Path]:
    """Write the votes' columns into a folder, one file each, from where every process takes the same arrays."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for column in ("model_a", "model_b", "outcome", "contributor", "style", "position", "counts"):
            values = getattr(votes, column)
            if values is not None:
                np.save(folder / f"{column}.npy", values)
        if segments is not None:
            np.save(folder / "segments.npy", segments)
        facts = {"models": len(votes.models), "contributors": votes.contributors}
        (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
        yield folder


def measured(who: str, folder: Path, *, times: int, **choices: object) -> Measured:
    """Let one peer (or ourselves) fit what lies in the folder, once to warm up and then ``times`` times."""
    interpreter = sys.executable if who == OURS else str(python())
    command = [interpreter, str(HERE / "contest.py"), who, str(folder), str(times), json.dumps(choices)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)} if who == OURS else dict(os.environ)
    done = subprocess.run(  # noqa: S603 - It is this repository's own program.
        command, capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        raise RuntimeError(f"{who} failed: {done.stderr.strip()[-2000:]}")
    return Measured.read(json.loads(done.stdout.strip().splitlines()[-1]))
