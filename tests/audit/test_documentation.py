"""What docs/log.md tells a reader to do works, and it promises no more than holds."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from tests.audit.garden import plant, sequence, sequence_what_was_there

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "log.md").read_text()


def check_with_the_documented_program(document: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    program = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)[0]
    file = folder / "proof.json"
    file.write_text(json.dumps(document))
    return subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True, text=True, check=False)


@pytest.mark.committed
def test_the_documented_program_checks_a_downloaded_proof(client: Client, barbara: User, tmp_path: Path) -> None:
    sequence_what_was_there()
    entry = plant(21)[13]
    sequence()
    client.force_login(barbara)
    document = json.loads(client.get(f"/log/entries/{entry.pk}/proof.json").content)
    answer = check_with_the_documented_program(document, tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("holds: leaf")
    for name, other in (
        ("leaf_index", document["leaf_index"] - 1),
        ("root", "0" * 64),
        ("proof", document["proof"][1:]),
    ):
        assert check_with_the_documented_program(document | {name: other}, tmp_path).returncode != 0


def test_the_runbook_has_what_refusals_send_the_reader_to() -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    headings = set(re.findall(r"^#+ (.+)$", runbook, flags=re.MULTILINE))
    sources = [path.read_text() for path in (ROOT / "apps" / "audit").rglob("*.py")]
    # A sentence may be broken over two lines of the source.
    joined = [re.sub(r'"\s*\n\s*f?"', "", source) for source in sources]
    named = {heading for source in joined for heading in re.findall(r"'([^'\n]+)' in docs/runbook\.md", source)}
    assert len(named) > 3
    assert named <= headings


def test_the_documentation_never_claims_what_no_database_can_keep() -> None:
    assert "immutable" not in TEXT.lower()
