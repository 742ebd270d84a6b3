"""The offline verifier as others run it: a program of its own, asked on the command line."""

import functools
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from django.conf import settings

SECONDS: Final = 900
_TOO_LATE: Final = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier said: its exit status (0 holds, 1 broken, 2 could not check), and why, where and in words."""

    status: int
    reason: str
    where: str
    message: str


class Verifier(Protocol):
    """Something that checks a log's files."""

    def check(self, source: Path, *options: str) -> Verdict:
        """Check a folder or a file with options of ``showdown-verify``."""
        ...


class NullVerifier:
    """A verifier that finds nothing wrong with anything, so that a lab can show that it would notice."""

    def check(self, source: Path, *options: str) -> Verdict:
        """Say that it holds."""
        return Verdict(0, "", "", "")


class VerifierProgram:
    """``showdown-verify`` of this repository, or the single file that is given, in a process of its own."""

    def __init__(self, program: Path | None = None) -> None:
        clients = Path(settings.BASE_DIR) / "clients" / "verify"
        self._command: Sequence[str] = (
            (sys.executable, str(program)) if program else (sys.executable, "-m", "showdown_verify")
        )
        # Nothing of the platform's own environment is known to it.
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._environment = kept if program else kept | {"PYTHONPATH": str(clients)}

    def check(self, source: Path, *options: str) -> Verdict:
        """Run the program and read its answer."""
        try:
            done = subprocess.run(  # noqa: S603 - The program is ours or the operator's choice, and no shell is there.
                [*self._command, str(source), "--json", *options],
                env=self._environment,
                capture_output=True,
                check=False,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            return Verdict(_TOO_LATE, "timeout", "", f"It did not answer within {SECONDS} seconds.")
        try:
            stopped = json.loads(done.stdout)["stopped"] or {}
        except (ValueError, KeyError, TypeError):
            words = done.stderr.decode(errors="replace").strip().splitlines()
            return Verdict(done.returncode or _TOO_LATE, "no-answer", "", words[-1] if words else "")
        return Verdict(
            done.returncode,
            str(stopped.get("reason", "")),
            str(stopped.get("where", "")),
            str(stopped.get("message", "")),
        )


@functools.cache
def single_file() -> bytes:
    """Return ``showdown-verify.pyz``, built from the sources beside the platform; raises ``OSError`` without them."""
    builder = Path(settings.BASE_DIR) / "clients" / "verify" / "build_pyz.py"
    spec = importlib.util.spec_from_file_location("build_pyz", builder)
    if spec is None or spec.loader is None or not builder.is_file():
        raise FileNotFoundError(builder)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    program: bytes = module.build()
    return program
