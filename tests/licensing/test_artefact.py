"""What lies beside the rows: the description that programs read, the card, the rulebook, and the proof."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from apps.licensing.domain.edition import ENTRY, PROOF
from apps.licensing.flows import prove_editions
from apps.licensing.gateways import EditionStore
from apps.licensing.models import Release
from apps.policy.queries import rulebook
from tests.audit.witnessed import WitnessedPress
from tests.licensing.builds import ROWS, built, in_small_groups, sealed, store
from tests.web.test_receipts import verified

__all__ = ["sealed", "store"]

pytestmark = pytest.mark.committed

_VALIDATE = "from mlcroissant.scripts.cli import main; main()"
_READ = """
import json, sys
import mlcroissant
found = mlcroissant.Dataset(sys.argv[1])
rows = list(found.records("battles"))
json.dump({
    "errors": sorted(found.metadata.ctx.issues.errors),
    "warnings": sorted(found.metadata.ctx.issues.warnings),
    "live": found.metadata.ctx.is_live_dataset,
    "rows": len(rows),
    "columns": sorted(rows[0]),
}, sys.stdout)
"""


def test_croissants_own_reader_finds_nothing_wrong_and_reads_every_row(
    sealed: Release, store: EditionStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_groups(monkeypatch)
    folder = store.root / built(sealed, store).path
    done = subprocess.run(
        [sys.executable, "-c", _VALIDATE, "validate", "--jsonld", "croissant.json"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "Done." in done.stderr) == (0, True), done.stderr
    read = subprocess.run(
        [sys.executable, "-c", _READ, "croissant.json"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert read.returncode == 0, read.stderr
    said = json.loads(read.stdout)
    assert (said["errors"], said["warnings"], said["live"], said["rows"]) == ([], [], False, ROWS)
    assert len(said["columns"]) == 17


def test_the_description_names_every_file_with_its_hash(sealed: Release, store: EditionStore) -> None:
    edition = built(sealed, store)
    described = json.loads((store.root / edition.path / "croissant.json").read_bytes())
    parquet = {file["name"]: file["sha256"] for file in edition.manifest["files"] if "rows" in file}
    assert {each["name"]: each["sha256"] for each in described["distribution"] if "sha256" in each} == parquet
    assert described["isLiveDataset"] is False
    assert described["conformsTo"] == "http://mlcommons.org/croissant/1.1"


def test_the_card_and_the_rulebook_say_how_it_was_made(sealed: Release, store: EditionStore) -> None:
    edition = built(sealed, store)
    card = (store.root / edition.path / "README.md").read_text()
    assert "Of 12 voters, 1 are left out, with 1 rows, so that at least 10 contributors share every" in card
    assert sealed.items_root in card
    assert "minhash-128/32-char5" in card
    assert "| ko | 80.4 % |" in card
    policy = (store.root / edition.path / "policy.md").read_text()
    for clause in rulebook(version=sealed.policy_version):
        assert f"## {clause.number}. {clause.title}" in policy
        assert clause.text in policy


def test_the_proof_comes_once_a_checkpoint_covers_the_entry(
    sealed: Release, store: EditionStore, press: WitnessedPress, tmp_path: Path
) -> None:
    edition = built(sealed, store)
    folder = store.root / edition.path
    assert prove_editions(store=store) == 0
    assert not (folder / PROOF).exists()
    press.publish()
    assert prove_editions(store=store) == 1
    assert prove_editions(store=store) == 0
    for name in (PROOF, ENTRY):
        assert (folder / name).stat().st_mode & 0o077 == 0
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    told = json.loads((folder / ENTRY).read_bytes())
    assert told["facts"]["manifest_digest"] == edition.manifest_sha256
    assert told["facts"]["items_root"] == sealed.items_root
    said = verified(tmp_path, press, PROOF, "--entry", ENTRY)
    assert said.returncode == 0, said.stdout + said.stderr
    # Neither is among the files that the manifest names.
    assert {file.name for file in store.files(edition.path)} == {file["name"] for file in edition.manifest["files"]}
