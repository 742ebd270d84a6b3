"""The tamper lab: everything that is done to a copy is caught, the untouched ones hold, and the log stays as it is."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from apps.audit.domain.tampering import ALTERATIONS, Original, entries_of, head_of
from apps.audit.flows.tampering import Outcome, TamperLab, export_for_the_lab
from apps.audit.gateways import TileStore
from apps.audit.gateways.copies import CopyFolder, NoExport, take_export
from apps.audit.gateways.verifier import NullVerifier, Verdict, VerifierProgram
from tests.conftest import NOON
from tests.verify.paper import LOG, Paper, edition, entry, manifest

SIZE = 700
# The ways that a log must withstand, each by the name of an alteration.
DEMANDED = {
    "entry-changed", "entry-removed", "entry-inserted", "entries-reordered", "tile-changed", "root-replayed",
    "stranger-signs", "fork", "log-truncated", "counter-gap", "manifest-swapped", "proof-elsewhere",
}  # fmt: skip
REASONS = {
    "fork": "fork",
    "fork-grown": "fork",
    "proof-of-another": "root-mismatch",
    "rolled-back": "rolled-back",
    "counter-gap": "counter-gap",
    "manifest-swapped": "manifest-changed",
    "stranger-signs": "no-known-signature",
    "root-replayed": "wrong-signature",
    "proof-elsewhere": "root-mismatch",
}


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """An export of a log of some hundred entries, two of which name manifests."""
    return written(tmp_path / "exported")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """One session of the lab, with the real verifier."""
    folder = tmp_path_factory.mktemp("session")
    exported = written(folder / "exported")
    before = contents(exported)
    found = outcomes(folder / "lab", exported)
    assert contents(exported) == before
    assert contents(folder / "lab" / Original.EXPORT) == before
    return found


def written(folder: Path) -> Path:
    entries = [entry(number) for number in range(SIZE - 2)]
    entries += [edition(SIZE - 2, 1, told=manifest(7)), edition(SIZE - 1, 2, told=manifest(8))]
    return Paper(entries, manifests=[manifest(7), manifest(8)]).write(folder)


def outcomes(folder: Path, exported: Path) -> dict[str, Outcome]:
    export = take_export(exported, folder / Original.EXPORT)
    lab = TamperLab(folder, export, VerifierProgram(), now=NOON)
    found = {outcome.name: outcome for outcome in lab.run()}
    assert len(found) == lab.steps
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {path: (folder / path).read_bytes() for path in CopyFolder(folder).names("")}


def test_every_alteration_is_caught_and_the_untouched_copies_hold(session: dict[str, Outcome]) -> None:
    assert {name: outcome.verdict for name, outcome in session.items() if not outcome.as_it_should} == {}
    assert {name for name, outcome in session.items() if outcome.is_altered} == {one.name for one in ALTERATIONS}
    assert set(session) >= DEMANDED
    assert len(ALTERATIONS) >= 12


def test_they_are_caught_for_what_they_are(session: dict[str, Outcome]) -> None:
    assert {name: session[name].verdict.reason for name in REASONS} == REASONS


@pytest.mark.parametrize(
    "size", [8, 256, pytest.param(255, marks=pytest.mark.slow), pytest.param(257, marks=pytest.mark.slow)]
)
def test_at_the_edges_of_tiles_all_are_caught_too(tmp_path: Path, size: int) -> None:
    Paper([entry(number) for number in range(size)]).write(tmp_path / "exported")
    found = outcomes(tmp_path / "lab", tmp_path / "exported")
    assert {name: outcome.verdict for name, outcome in found.items() if not outcome.as_it_should} == {}


def test_a_verifier_that_finds_nothing_wrong_is_found_out(tmp_path: Path, exported: Path) -> None:
    export = take_export(exported, tmp_path / Original.EXPORT)
    found = list(TamperLab(tmp_path, export, NullVerifier(), now=NOON).run())
    assert [outcome.as_it_should for outcome in found] == [not outcome.is_altered for outcome in found]


def test_could_not_check_is_not_caught() -> None:
    for status, is_altered, expected in ((0, False, True), (0, True, False), (1, True, True), (2, True, False)):
        outcome = Outcome("name", "told", False, is_altered, Verdict(status, "", "", ""))
        assert outcome.as_it_should is expected


def lab(*arguments: str) -> str:
    out = io.StringIO()
    call_command("tamper_lab", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_prints_a_table_and_leaves_nothing(tmp_path: Path, exported: Path) -> None:
    archive = tmp_path / "log.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path, content in contents(exported).items():
            file.writestr(path, content)
    place = tmp_path / "place"
    place.mkdir()
    told = lab("--export", str(archive), "--folder", str(place))
    assert f"{len(ALTERATIONS)} of {len(ALTERATIONS)} alterations were caught, and the untouched copies hold." in told
    for words in ("an entry was taken out", "the operator", "counter-gap at leaf", "nothing: the log as it is"):
        assert words in told
    assert "NO" not in told
    assert list(place.iterdir()) == []


def test_a_log_that_was_altered_before_does_not_pass(tmp_path: Path, exported: Path) -> None:
    tile = exported / "tile" / "0" / "000"
    tile.write_bytes(b"\0" + tile.read_bytes()[1:])
    with pytest.raises(CommandError, match="did not say what it should"):
        lab("--export", str(exported), "--folder", str(tmp_path))


@pytest.mark.parametrize("program", ["import sys; sys.exit(0)", "raise SystemError('out of order')"])
def test_another_verifier_must_earn_its_place(tmp_path: Path, exported: Path, program: str) -> None:
    other = tmp_path / "other.py"
    other.write_text(program)
    with pytest.raises(CommandError, match="did not say what it should"):
        lab("--export", str(exported), "--verifier", str(other))


def test_what_is_no_export_is_told(tmp_path: Path, settings: LazySettings) -> None:
    settings.LOG_FILES = tmp_path / "nothing"
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("no archive")
    Paper([entry(number) for number in range(7)]).write(tmp_path / "small")
    for arguments, words in (
        ((), "published no checkpoint yet"),
        (("--export", str(tmp_path / "nowhere")), "cannot be read as an export"),
        (("--export", str(tmp_path / "text")), "cannot be read as an export"),
        (("--export", str(tmp_path / "empty")), "has no checkpoint"),
        (("--export", str(tmp_path / "small")), "has 7 entries, and the lab needs 8"),
    ):
        with pytest.raises(CommandError, match=words):
            lab(*arguments)


def test_an_archive_that_leads_elsewhere_writes_nothing_there(tmp_path: Path) -> None:
    archive = tmp_path / "log.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("../outside", "/outside", "tile/../../outside", "checkpoint"):
            file.writestr(name, "x")
    take_export(archive, tmp_path / "in" / "side")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file() and path != archive] == ["checkpoint"]


@pytest.mark.django_db
def test_an_export_of_what_is_published_has_its_manifests(tmp_path: Path, exported: Path) -> None:
    published, releases = tmp_path / "published", tmp_path / "releases"
    for path, content in contents(exported).items():
        if path.startswith("tile/") or path == "checkpoint":
            CopyFolder(published).write(path, content)
    for number in (7, 8, 9):
        CopyFolder(releases).write(f"release-{number}/manifest.json", manifest(number))
    copy = export_for_the_lab(
        tmp_path / "copy", log_files=published, releases=releases, log_address="https://paper.example/log"
    )
    assert len(copy.names("manifests")) == 2
    assert head_of(copy).origin == LOG.name
    assert len(list(entries_of(copy, SIZE))) == SIZE
    assert copy.read("policy").endswith(b"quorum none\n")
    assert json.loads(next(iter(entries_of(copy, SIZE))))["v"] == 1
    (published / "tile" / "0" / "001").unlink()
    with pytest.raises(NoExport, match="tile/0/001 is missing"):
        export_for_the_lab(tmp_path / "again", log_files=published, releases=releases, log_address="https://x")
    assert TileStore(published).checkpoint() is not None
