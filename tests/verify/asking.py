"""Asking the verifier as a person does: with a command line, for an answer in JSON."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

from showdown_verify.cli import main
from tests.verify.paper import LOG


def ask(source: Path | str, *options: str | Path, vkey: str = LOG.vkey) -> tuple[int, dict[str, Any]]:
    """Return exit status and answer of one run."""
    said = io.StringIO()
    keys = ["--vkey", vkey] if vkey else []
    with contextlib.redirect_stdout(said):
        status = main([str(source), "--json", *keys, *map(str, options)])
    answer: dict[str, Any] = json.loads(said.getvalue())
    assert answer["status"] == status
    return status, answer


def fault(source: Path | str, *options: str | Path, vkey: str = LOG.vkey) -> tuple[int, str, str]:
    """Return exit status, reason and place of a run that does not hold."""
    status, answer = ask(source, *options, vkey=vkey)
    assert answer["stopped"], answer
    assert answer["stopped"]["message"]
    assert answer["stopped"]["reason"] != "unexpected", answer
    return status, answer["stopped"]["reason"], answer["stopped"]["where"]


def holds(source: Path | str, *options: str | Path, vkey: str = LOG.vkey) -> dict[str, str]:
    """Return what held in a run that holds, by check."""
    status, answer = ask(source, *options, vkey=vkey)
    assert (status, answer["verdict"], answer["stopped"]) == (0, "holds", None), answer
    return {each["check"]: each["detail"] for each in answer["held"]}
