"""The verifier reads trees and notes with the same code as the log, and with nothing else of the platform."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOMAIN = ROOT / "apps" / "audit" / "domain"
VERIFIER = ROOT / "clients" / "verify" / "showdown_verify"
SHARED = ("merkle", "note", "note_keys", "checkpoint", "tiles", "proof_text")


@pytest.mark.parametrize("name", SHARED)
def test_shared_modules_are_equal(name: str) -> None:
    ours = (DOMAIN / f"{name}.py").read_text().replace("from apps.audit.domain.", "from showdown_verify.")
    assert (VERIFIER / f"{name}.py").read_text() == ours, f"{name}.py differs: copy it from apps/audit/domain"


def test_the_clients_need_nothing_but_the_standard_library_and_cryptography() -> None:
    import sys

    allowed = {*sys.stdlib_module_names, "cryptography", "showdown_verify"}
    for path in sorted((ROOT / "clients").rglob("*.py")):
        own = allowed | ({"showdown_witness"} if "witness" in path.parts else set())
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path} imports relatively"
                names = [node.module or ""]
            for name in names:
                assert name.split(".")[0] in own, f"{path.relative_to(ROOT)} imports {name}"
