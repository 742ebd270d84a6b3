"""The page for auditors names what there is: its commands parse, its reasons are real, and its program is built."""

import re
from pathlib import Path

import pytest

from apps.audit.domain.checkpoint import CheckpointFault
from apps.audit.domain.merkle import ProofFault
from apps.audit.domain.note import NoteFault
from apps.audit.domain.tiles import TileFault
from showdown_verify.cli import _parser

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "verify.md").read_text()
SOURCES = "".join(path.read_text() for path in (ROOT / "clients/verify/showdown_verify").glob("*.py"))


@pytest.mark.parametrize("command", re.findall(r"^ *python3 showdown-verify\.pyz (.+)$", PAGE, re.MULTILINE))
def test_each_command_of_the_page_is_understood(command: str) -> None:
    arguments = [part.strip("'") for part in re.findall(r"'[^']*'|\S+", command)]
    if arguments != ["--help"]:
        _parser().parse_args(arguments)


def test_each_option_of_the_page_exists() -> None:
    known = set(re.findall(r"--[a-z-]+", _parser().format_help()))
    assert set(re.findall(r"`?(--[a-z][a-z-]+)", PAGE)) - known - {"--check"} == set()


def test_each_reason_of_the_page_is_one_that_the_program_gives() -> None:
    faults = {fault.value for kind in (NoteFault, CheckpointFault, ProofFault, TileFault) for fault in kind}
    table = PAGE[PAGE.index("| `reason` |") : PAGE.index("Bounds:")]
    named = set(re.findall(r"`([a-z-]+)`", table)) - {"reason", "where"}
    assert len(named) > 30
    assert {reason for reason in named if reason not in faults and f'"{reason}"' not in SOURCES} == set()


def test_the_files_that_the_page_names_are_there() -> None:
    for path in re.findall(r"(?:clients|tests)/[a-z_/]+\.(?:py|go)", PAGE):
        assert (ROOT / path).is_file(), path
