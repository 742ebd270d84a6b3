"""Barbara takes the whole log away; what she gets is whole, hers alone, and gone when its time is over."""

import io
import os
import re
import stat
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.sampling import digest_of, draw
from apps.audit.models import Entry, Leaf
from apps.jobs.models import JobRun, JobState
from apps.jobs.services import advance_job, request_cancel
from apps.web.flows import exporting, tend_exports
from apps.web.gateways import ExportStore
from apps.web.models import Export
from apps.web.services import AlreadyExporting, NotAnAuditorsExport, record_download, request_export
from tests.audit.garden import plant
from tests.audit.witnessed import WitnessedPress
from tests.conftest import NOON, make_person
from tests.trails import refusals, trail_of
from tests.verify import other_tools

pytestmark = pytest.mark.committed

ROOT = Path(__file__).parents[2]
WORKER = Actor.system("web.tend_exports")


@pytest.fixture
def shelf(settings: Any, tmp_path: Path) -> Path:
    settings.EXPORTS_DIR = tmp_path / "exports"
    return tmp_path / "exports"


def written(barbara: User) -> Export:
    export = request_export(actor=barbara.as_actor(), now=NOON)
    assert tend_exports(actor=WORKER, clock=lambda: NOON) == 1
    export.refresh_from_db()
    return export


def fetched(client: Client, barbara: User, export: Export, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)
    client.force_login(barbara)
    answer = client.get(f"/auditor/exports/{export.pk}/log.zip")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_the_bundle_is_the_published_log_and_the_verifier_says_so(
    client: Client, barbara: User, press: WitnessedPress, shelf: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    press.add_witness("barbara.example/w1", barbara)
    plant(700)
    checkpoint = press.publish()
    export = written(barbara)
    assert export.size == checkpoint.size
    bundle = tmp_path / "log.zip"
    bundle.write_bytes(fetched(client, barbara, export, monkeypatch))
    assert (export.bytes, bundle.stat().st_size) == (bundle.stat().st_size, export.bytes)
    names = zipfile.ZipFile(bundle).namelist()
    assert {
        "README.md",
        "checkpoint",
        "keys",
        "policy",
        "redraw.py",
        "check.go",
        "tile/0/000",
        "tile/entries/000",
    } <= set(names)
    keys = tmp_path / "trusted-keys"
    keys.write_text(f"{press.vkey}\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "clients" / "verify")}
    program = [sys.executable, "-m", "showdown_verify", str(bundle), "--keys", str(keys)]
    answer = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert trail_of(export) == ["web.export_requested", "web.export_built", "web.export_downloaded"]


def test_what_the_readme_says_works(
    client: Client, barbara: User, press: WitnessedPress, shelf: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plant(300)
    press.publish()
    archive = zipfile.ZipFile(io.BytesIO(fetched(client, barbara, written(barbara), monkeypatch)))
    archive.extractall(tmp_path / "log")
    text = archive.read("README.md").decode()
    section = text.partition("Without a line of ours")[2].partition("## A sample again")[0]
    blocks = re.findall(r"(?:^    .+\n)+", section, flags=re.MULTILINE)
    assert len(blocks) == 3
    # Go's own packages are not on every machine: test_go_checks_an_export, which is slow, fetches them.
    for block in (block for block in blocks if "go build" not in block):
        commands = "set -e\n" + block.replace("\n    ", "\n").removeprefix("    ")
        answer = subprocess.run(
            ["bash", "-c", commands], cwd=tmp_path / "log", capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, commands + answer.stderr
        if "openssl" in block:
            assert "Verified Successfully" in answer.stdout
        else:
            computed, stored = answer.stdout.splitlines()[-2:]
            assert computed.split()[0] == stored


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_go_checks_an_export_as_its_readme_says(
    client: Client, barbara: User, press: WitnessedPress, shelf: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plant(600)
    size = press.publish().size
    archive = zipfile.ZipFile(io.BytesIO(fetched(client, barbara, written(barbara), monkeypatch)))
    go = other_tools.go(tmp_path)
    archive.extractall(tmp_path / "log")
    (block,) = re.findall(
        r"(?:^    .*go build.*\n(?:^    .+\n)+)", archive.read("README.md").decode(), flags=re.MULTILINE
    )
    commands = block.replace("GOPATH=/usr/share/gocode", f"GOPATH={go.environment['GOPATH']}")
    environment = go.environment | {
        "PATH": f"{go.program.parent}:{os.environ['PATH']}",
        "GOCACHE": str(tmp_path / "cache"),
        "HOME": str(tmp_path),
    }

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-ec", commands],
            cwd=tmp_path / "log",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    answer = run()
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.splitlines() == [f"{size} leaves, every {1 + size // 500} proved", f"{size} entries"]
    changed = bytearray((tmp_path / "log/tile/entries/001").read_bytes())
    changed[40] ^= 1
    (tmp_path / "log/tile/entries/001").write_bytes(changed)
    answer = run()
    assert (answer.returncode, answer.stdout.splitlines()[-1]) == (1, "entry 256 is not leaf 256")


def test_an_outsider_draws_the_same_sample_from_the_bundle(
    client: Client, barbara: User, press: WitnessedPress, shelf: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plant(600)
    early = press.publish()
    plant(100)
    press.publish()
    archive = zipfile.ZipFile(io.BytesIO(fetched(client, barbara, written(barbara), monkeypatch)))
    archive.extractall(tmp_path / "log")
    since, until = NOON + timedelta(minutes=20), NOON + timedelta(minutes=100)
    population = Leaf.objects.filter(
        entry__event="gardens.planted",
        entry__recorded_at__gte=since,
        entry__recorded_at__lt=until,
        leaf_index__lt=early.size,
    ).values_list("leaf_index", flat=True)
    seed = bytes(range(32))
    expected = draw(population, seed=seed, number=20)
    program = [sys.executable, "redraw.py", "--event", "gardens.planted", "--since", "2026-09-14T12:20:00Z"]
    program += ["--until", "2026-09-14T13:40:00Z", "--size", str(early.size), "--seed", seed.hex(), "--number", "20"]
    answer = subprocess.run(program, cwd=tmp_path / "log", capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    first, *leaves = answer.stdout.splitlines()
    assert [int(leaf) for leaf in leaves] == expected
    assert first == f"20 of {len(population)} entries, digest of the drawn leaves {digest_of(expected)}"


def test_the_same_checkpoint_gives_the_same_bytes(barbara: User, press: WitnessedPress, shelf: Path) -> None:
    plant(10)
    press.publish()
    first, second = written(barbara), written(barbara)
    assert first.folder != second.folder
    assert first.sha256 == second.sha256


def test_nobody_else_on_the_machine_can_read_it(barbara: User, press: WitnessedPress, shelf: Path) -> None:
    plant(3)
    press.publish()
    export = written(barbara)
    path = ExportStore().path(export.folder)
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert all(stat.S_IMODE(folder.stat().st_mode) == 0o700 for folder in (path.parent, shelf))


def test_only_the_auditor_who_asked_fetches_it(
    client: Client, barbara: User, mallory: User, press: WitnessedPress, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(3)
    press.publish()
    export = written(barbara)
    for somebody in (mallory, make_person("joan", Role.AUDITOR), make_person("peter", Role.NETWORK_ADMIN)):
        client.force_login(somebody)
        assert client.get(f"/auditor/exports/{export.pk}/log.zip").status_code == 403
    assert not Entry.objects.filter(event="web.export_downloaded").exists()
    client.force_login(mallory)
    assert client.get("/auditor/exports/").status_code == 403
    assert client.post("/auditor/exports/").status_code == 403
    with pytest.raises(NotAnAuditorsExport):
        request_export(actor=mallory.as_actor(), now=NOON)


def test_it_goes_when_its_time_is_over(
    client: Client, barbara: User, press: WitnessedPress, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(3)
    press.publish()
    export = written(barbara)
    later = NOON + timedelta(hours=47)
    tend_exports(actor=WORKER, clock=lambda: later)
    assert ExportStore().path(export.folder) is not None
    later = NOON + timedelta(hours=48)
    tend_exports(actor=WORKER, clock=lambda: later)
    tend_exports(actor=WORKER, clock=lambda: later)
    assert ExportStore().path(export.folder) is None
    assert not (shelf / export.folder).exists()
    assert trail_of(export).count("web.export_removed") == 1
    client.force_login(barbara)
    assert client.get(f"/auditor/exports/{export.pk}/log.zip").status_code == 409
    assert refusals() == ["nothing-to-export"]
    assert "Removed" in client.get("/auditor/exports/").content.decode()


def test_its_page_shows_how_far_it_is_and_survives_a_reload(
    client: Client, barbara: User, press: WitnessedPress, shelf: Path
) -> None:
    client.force_login(barbara)
    assert "No export yet" in client.get("/auditor/exports/").content.decode()
    assert client.post("/auditor/exports/").status_code == 302
    assert client.post("/auditor/exports/").status_code == 409, "a second click is told of the first"
    assert Export.objects.count() == 1
    page = client.get("/auditor/exports/").content.decode()
    assert "Waits for a worker" in page
    assert 'hx-trigger="every 2s"' in page
    job = JobRun.objects.get()
    JobRun.objects.update(state=JobState.RUNNING, started_at=NOON)
    advance_job(job_id=job.pk, phase="entries", done=5, total=10, now=NOON)
    page = client.get("/auditor/exports/").content.decode()
    assert "entries" in page
    assert f"/jobs/{job.pk}/cancel/" in page
    part = client.get("/auditor/exports/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    with pytest.raises(AlreadyExporting):
        request_export(actor=barbara.as_actor(), now=NOON)


def test_a_stopped_export_leaves_nothing(
    barbara: User, press: WitnessedPress, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(300)
    press.publish()
    export = request_export(actor=barbara.as_actor(), now=NOON)
    read = exporting._read

    def stopping(*given: Any) -> bytes:
        request_cancel(actor=barbara.as_actor(), job_id=export.job_id, now=NOON)
        return read(*given)

    with monkeypatch.context() as patched:
        patched.setattr(exporting, "_read", stopping)
        patched.setattr(exporting, "_EVERY", 1)
        assert tend_exports(actor=WORKER, clock=lambda: NOON) == 0
    export.refresh_from_db()
    assert export.job.state == JobState.CANCELLED
    assert trail_of(export) == ["web.export_requested", "web.export_stopped"]
    assert [path.name for path in shelf.rglob("*") if path.is_file()] == []
    assert written(barbara).built_at is not None, "the next one is written"


def test_a_worker_that_dies_in_the_middle_is_followed_by_one_that_finishes(
    barbara: User, press: WitnessedPress, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(300)
    press.publish()
    export = request_export(actor=barbara.as_actor(), now=NOON)

    class WorkerKilled(BaseException):
        """What no code catches, as a SIGKILL."""

    def die(*_given: object) -> bytes:
        raise WorkerKilled

    with monkeypatch.context() as patched:
        patched.setattr(exporting, "_read", die)
        patched.setattr(ExportStore, "discard", lambda *_given: None)
        with pytest.raises(WorkerKilled):
            tend_exports(actor=WORKER, clock=lambda: NOON)
    assert list(shelf.rglob("log.zip")), "a half-written bundle is left"
    assert tend_exports(actor=WORKER, clock=lambda: NOON) == 1
    export.refresh_from_db()
    assert export.built_at is not None
    assert len(list(shelf.rglob("log.zip"))) == 1


@pytest.mark.parametrize("trouble", ["full", "missing", "unpublished", "foreign"])
def test_what_cannot_be_written_says_why_and_leaves_nothing(
    barbara: User, press: WitnessedPress, shelf: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    plant(3)
    press.publish()
    if trouble == "full":

        def full(*_given: object) -> bytes:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(exporting, "_read", full)
    elif trouble == "missing":
        next(Path(settings.LOG_FILES).glob("tile/entries/000*/*")).unlink()
    elif trouble == "unpublished":
        (Path(settings.LOG_FILES) / "checkpoint").unlink()
    else:
        (Path(settings.LOG_FILES) / "checkpoint").write_text("somebody else's\n")
    export = request_export(actor=barbara.as_actor(), now=NOON)
    assert tend_exports(actor=WORKER, clock=lambda: NOON) == 0
    export.refresh_from_db()
    assert export.job.state == JobState.FAILED
    assert export.job.error
    assert str(settings.LOG_FILES) not in export.job.error
    assert [path.name for path in shelf.rglob("*") if path.is_file()] == []


def test_a_download_is_committed_before_a_byte_is_sent(barbara: User, press: WitnessedPress, shelf: Path) -> None:
    plant(3)
    press.publish()
    export = written(barbara)
    record_download(actor=barbara.as_actor(), export_id=export.pk, now=NOON)
    assert Entry.objects.using("auditor").filter(event="web.export_downloaded").count() == 1
