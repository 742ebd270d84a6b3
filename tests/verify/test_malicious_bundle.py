"""Bundles by somebody who wishes us ill: refused by name, quickly, and with nothing written or read elsewhere."""

import os
import resource
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.verify.asking import ask, fault, holds
from tests.verify.paper import LOG, copied, zipped

CLIENT = Path(__file__).parents[2] / "clients" / "verify"


def with_member(pristine: Path, tmp_path: Path, name: str, data: bytes = b"x") -> Path:
    target = zipped(pristine, tmp_path / "log.zip")
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr(name, data)
    return target


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "tile/../../outside",
        "tile/./0/000",
        "/etc/passwd",
        "C:/windows/x",
        "tile\\0\\000",
        "a b",
        "a//b",
        "with\nnewline",
        "\u202egpj",
        "tile/0/\x1b[31m",
        ".",
        "..",
    ],
)
def test_a_name_that_could_lead_elsewhere_is_refused(name: str, pristine: Path, tmp_path: Path) -> None:
    status, reason, _where = fault(with_member(pristine, tmp_path, name))
    assert (status, reason) == (1, "unsafe-name")


def test_a_name_with_a_zero_byte_is_refused(pristine: Path, tmp_path: Path) -> None:
    target = with_member(pristine, tmp_path, "harmless_name")
    target.write_bytes(target.read_bytes().replace(b"harmless_name", b"harmless\x00name"))
    assert fault(target)[:2] == (1, "unsafe-name")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["checkpoint", "tile/0/000", "Checkpoint", "TILE/0/000"])
def test_two_files_of_one_name_are_refused(name: str, pristine: Path, tmp_path: Path) -> None:
    assert fault(with_member(pristine, tmp_path, name))[:2] == (1, "repeated-name")


def test_folders_and_files_that_nobody_asked_for_do_no_harm(pristine: Path, tmp_path: Path) -> None:
    with_member(pristine, tmp_path, "empty/")
    holds(with_member(pristine, tmp_path, "tile/0/999", b"beyond the log's size"))


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000", "tile/entries/000", "tile/1/000.p/2"])
def test_a_file_that_unpacks_to_far_more_than_it_may_is_refused(path: str, pristine: Path, tmp_path: Path) -> None:
    folder = copied(pristine, tmp_path / "log")
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(folder.rglob("*")):
            name = file.relative_to(folder).as_posix()
            if file.is_file() and name != path:
                archive.write(file, name)
        archive.writestr(path, bytes(300_000_000))
    assert bomb.stat().st_size < 2_000_000
    assert fault(bomb) == (1, "too-large", path)


def test_a_bomb_that_lies_about_its_size_is_refused(pristine: Path, tmp_path: Path) -> None:
    target = zipped(pristine, tmp_path / "log.zip", without=["tile/0/000"])
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packer.compress(bytes(50_000_000)) + packer.flush()
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tile/0/000", bytes(50_000_000))
    # Directory and header say 8,192 bytes from now on.
    told = target.read_bytes().replace(struct.pack("<I", 50_000_000), struct.pack("<I", 8192))
    assert data
    target.write_bytes(told)
    status, reason, where = fault(target)
    assert (status, where) == (1, "tile/0/000")
    assert reason in {"damaged", "too-large", "entry-changed"}


def test_a_damaged_file_is_refused(pristine: Path, tmp_path: Path) -> None:
    target = tmp_path / "log.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(pristine.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(pristine).as_posix())
        offset = archive.getinfo("tile/0/001").header_offset
    data = bytearray(target.read_bytes())
    data[offset + 60] ^= 1
    target.write_bytes(data)
    assert fault(target) == (1, "damaged", "tile/0/001")


def test_an_encrypted_or_oddly_packed_file_is_refused(pristine: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd.zip"
    with zipfile.ZipFile(odd, "w", zipfile.ZIP_LZMA) as archive:
        archive.write(pristine / "checkpoint", "checkpoint")
    assert fault(odd) == (1, "unknown-compression", "checkpoint")
    encrypted = tmp_path / "encrypted.zip"
    with zipfile.ZipFile(encrypted, "w") as archive:
        archive.write(pristine / "checkpoint", "checkpoint")
    data = bytearray(encrypted.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[6] |= 1
    encrypted.write_bytes(data)
    assert fault(encrypted) == (1, "unknown-compression", "checkpoint")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: b"PK",
        lambda data: b"not an archive at all" * 100,
        lambda data: data[:-30],
        lambda data: data[: len(data) // 2],
        lambda data: data[:-22] + b"PK\x05\x06" + b"\xff" * 18,
        lambda data: b"PK\x05\x06" + bytes(18),
        lambda data: data.replace(b"PK\x01\x02", b"PK\x09\x09"),
    ],
)
def test_what_is_no_archive_could_not_be_checked(
    spoil: Callable[[bytes], bytes], pristine: Path, tmp_path: Path
) -> None:
    target = zipped(pristine, tmp_path / "log.zip")
    target.write_bytes(spoil(target.read_bytes()))
    status, reason, _where = fault(target)
    assert (status, reason) in {(2, "not-a-zip"), (2, "too-many-files"), (2, "no-checkpoint")}


def test_an_archive_whose_first_half_is_missing_is_damaged(pristine: Path, tmp_path: Path) -> None:
    target = zipped(pristine, tmp_path / "log.zip")
    data = target.read_bytes()
    target.write_bytes(data[len(data) // 2 :])
    assert fault(target) == (1, "damaged", "checkpoint")


def test_an_archive_with_a_directory_beyond_all_measure_is_not_opened(pristine: Path, tmp_path: Path) -> None:
    target = zipped(pristine, tmp_path / "log.zip")
    data = bytearray(target.read_bytes())
    data[-10:-6] = struct.pack("<I", 100_000_000)
    target.write_bytes(data)
    assert fault(target)[:2] == (2, "too-many-files")


def test_bytes_at_random_in_an_archive_never_end_in_a_traceback(pristine: Path, tmp_path: Path) -> None:
    whole = zipped(pristine, tmp_path / "log.zip").read_bytes()
    directory = whole.index(b"PK\x01\x02")
    for step in range(120):
        data = bytearray(whole)
        # Mostly in the directory and the headers, where the reader has most to believe.
        at = (directory + step * 37) % len(data) if step % 3 else step * 101 % len(data)
        data[at] ^= 0x55
        target = tmp_path / "changed.zip"
        target.write_bytes(data)
        # Dates, permissions and files that nobody asked for may change without harm.
        status, answer = ask(target)
        assert status == 0 or answer["stopped"]["reason"] != "unexpected", answer


def test_a_pipe_or_a_device_in_a_folder_does_not_keep_us_waiting(pristine: Path, tmp_path: Path) -> None:
    folder = copied(pristine, tmp_path / "log")
    (folder / "tile/0/001").unlink()
    os.mkfifo(folder / "tile/0/001")
    assert fault(folder) == (1, "not-a-file", "tile/0/001")
    (folder / "tile/0/001").unlink()
    (folder / "tile/0/001").symlink_to("/dev/zero")
    assert fault(folder) == (1, "not-a-file", "tile/0/001")
    (folder / "tile/0/001").unlink()
    (folder / "tile/0/001").mkdir()
    assert fault(folder) == (1, "not-a-file", "tile/0/001")
    assert fault("/dev/zero")[:2] == (2, "no-source")


def test_a_bomb_costs_neither_memory_nor_time(pristine: Path, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.write(pristine / "checkpoint", "checkpoint")
        archive.writestr("tile/0/000", bytes(400_000_000))
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "showdown_verify", str(bomb), "--vkey", LOG.vkey],
        env=os.environ | {"PYTHONPATH": str(CLIENT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (300_000_000, 300_000_000)),
    )
    assert done.returncode == 1, done.stderr
    assert "BROKEN [too-large]" in done.stdout
    assert done.stderr == ""
    assert time.monotonic() - began < 30
