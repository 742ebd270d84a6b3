"""A log by its address: what an honest one needs, and what the verifier says of one that is slow, wrong or endless."""

import gzip
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from apps.audit.domain.checkpoint import Checkpoint
from apps.audit.domain.note import sign
from apps.audit.domain.tiles import parse_path
from tests.audit.odd_server import (
    Behaviour,
    answering,
    dripping,
    dripping_headers,
    endless,
    never_beginning,
    odd_server,
    sending,
    silent,
)
from tests.verify.asking import ask, fault, holds
from tests.verify.paper import LOG, ORIGIN, copied, votes
from tests.verify.served import Instead, Served, say, saying, serving

PATIENCE = ("--patience", "0.7", "--seconds", "20")


@pytest.mark.parametrize("depth", ["edge", "tiles", "entries"])
def test_a_served_log_holds(depth: str, pristine: Path) -> None:
    with serving(pristine) as served:
        held = holds(served.address, "--depth", depth)
        assert "tree" in held
        assert ("entries" in held) == (depth == "entries")
        assert served.connections == 1
        holds(served.address + "/", "--depth", depth)


def test_nobody_reads_entries_to_see_that_a_log_only_grew(pristine: Path, tmp_path: Path) -> None:
    with serving(pristine) as served:
        holds(served.address, "--state", tmp_path / "state")
        assert not any("entries" in path for path in served.asked)
        served.asked.clear()
        holds(served.address, "--state", tmp_path / "state")
        # Of what was seen before only the edge is read again.
        assert set(served.asked) == {"checkpoint", "tile/1/000.p/2", "tile/0/002.p/192"}
        served.asked.clear()
        holds(served.address, "--state", tmp_path / "state", "--depth", "edge")
        assert set(served.asked) == {"checkpoint", "tile/1/000.p/2", "tile/0/002.p/192"}


def test_a_partial_tile_may_be_gone_once_the_full_one_is_there(tmp_path: Path) -> None:
    folder, later = votes(300).write(tmp_path / "log"), votes(700).write(tmp_path / "later")
    for path in ("tile/0/001.p/44", "tile/entries/001.p/44", "tile/1/000.p/1"):
        (folder / path).unlink()
    for path in ("tile/0/001", "tile/entries/001"):
        (folder / path).write_bytes((later / path).read_bytes())
    (folder / "tile/1/000").write_bytes((later / "tile/1/000.p/2").read_bytes() + bytes(254 * 32))
    with serving(folder) as served:
        for depth in ("edge", "tiles", "entries"):
            holds(served.address, "--depth", depth)


def test_entries_need_the_header_that_lets_an_auditor_in(pristine: Path) -> None:
    def guarded(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("Cookie") == "sessionid=barbara":
            data = (pristine / "tile/entries/000").read_bytes()
            say(handler, data)
        else:
            say(handler, b"", status=403)

    with serving(pristine) as served:
        served.instead["tile/entries/000"] = guarded
        assert fault(served.address, "--depth", "entries") == (2, "not-permitted", "tile/entries/000")
        holds(served.address, "--depth", "entries", "--header", "Cookie: sessionid=barbara")
        assert served.headers[-1]["User-Agent"] == "showdown-verify"


@pytest.mark.parametrize(
    "header", ["", "Cookie", "Cookie sessionid=a", "A: b\r\nC: d", "A\n: b", "A: b\x00", "é: b", ": b"]
)
def test_a_header_that_is_none_is_refused(header: str, pristine: Path) -> None:
    assert fault("http://127.0.0.1:1/log", "--header", header)[:2] == (2, "malformed-header")


@pytest.mark.parametrize(
    "address",
    [
        "ftp://127.0.0.1/log",
        "file:///etc/passwd",
        "http://",
        "http:///log",
        "http://127.0.0.1:99999/log",
        "http://127.0.0.1:x/log",
        "http://[::1/log",
        "http://user:secret@127.0.0.1/log",
        "http://127.0.0.1/log?x=1",
        "http://127.0.0.1/log#x",
        "http://127.0.0.1/lo g",
        "http://127.0.0.1/log\r\nX: y",
        "http://127.0.0.1/log\x00",
        "gopher://x",
        "://",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    assert fault(address)[:2] == (2, "malformed-address")


def test_nobody_at_the_address_could_not_be_checked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert fault(f"http://127.0.0.1:{port}/log")[:2] == (2, "unreachable")
    assert fault(f"https://127.0.0.1:{port}/log")[:2] == (2, "unreachable")


def test_a_plain_server_is_no_safe_one(pristine: Path) -> None:
    with serving(pristine) as served:
        assert fault(served.address.replace("http:", "https:"), *PATIENCE)[0] == 2


def gzip_bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(size // 1_000_000)) + packer.flush()


BOMB = gzip_bomb(300_000_000)
GZIP = "Content-Encoding: gzip"


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (silent, "too-slow"),
        (dripping, "too-slow"),
        (dripping_headers, "too-slow"),
        (never_beginning, "too-slow"),
        (endless, "too-large"),
        (sending(b""), "unreachable"),
        (sending(b"hello\r\n\r\n"), "unreachable"),
        (sending(b"HTTP/1.1 abc\r\n\r\n"), "unreachable"),
        (sending(b"\x00" * 100_000), "unreachable"),
        (sending(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5000 + b"\r\n"), "unreachable"),
        (sending(b"HTTP/1.1 200 OK\r\nA: " + b"b" * 200_000 + b"\r\n\r\n"), "unreachable"),
        (sending(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort"), "cut-off"),
        (sending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "unreachable"),
        (sending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), "unreachable"),
        (sending(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"), "too-large"),
        (sending(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n"), "too-large"),
        (sending(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 6000 + b"\r\n\r\n"), "too-large"),
        (answering("200 OK", b"x", "Content-Encoding: br"), "unknown-encoding"),
        (answering("200 OK", b"not gzip", GZIP), "unreachable"),
        (answering("200 OK", gzip.compress(b"abc")[:-4], GZIP), "damaged-gzip"),
        (answering("200 OK", gzip.compress(b"abc") + b"more", GZIP), "damaged-gzip"),
        (answering("200 OK", gzip.compress(b"abc") + gzip.compress(b"abc"), GZIP), "damaged-gzip"),
        (answering("200 OK", BOMB, GZIP), "too-large"),
        (answering("301 Moved", b"", "Location: http://127.0.0.1:1/elsewhere"), "redirected"),
        (answering("302 Found", b"", "Location: \x1b[31mred"), "redirected"),
        (answering("307 Temporary", b""), "redirected"),
        (answering("304 Not Modified"), "redirected"),
        (answering("401 Unauthorized"), "not-permitted"),
        (answering("403 Forbidden"), "not-permitted"),
        (answering("404 Not Found"), "no-checkpoint"),
        (answering("410 Gone"), "no-checkpoint"),
        (answering("429 Too Many Requests"), "busy"),
        (answering("500 Internal Server Error"), "unexpected-status"),
        (answering("503 Service Unavailable"), "busy"),
        (answering("204 No Content"), "unexpected-status"),
        (answering("999 What"), "unexpected-status"),
    ],
)
def test_a_server_that_misbehaves_could_not_be_checked(behaviour: Behaviour, reason: str) -> None:
    began = time.monotonic()
    with odd_server(behaviour) as address:
        assert fault(f"{address}/log", *PATIENCE) == (2, reason, "checkpoint")
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no-final-newline"),
        (b"<html>\r\n</html>\r\n", "carriage-return"),
        (b"<html>\n</html>\n", "no-blank-line-before-the-signatures"),
        (b"x" * 999_999 + b"\n", "no-blank-line-before-the-signatures"),
        (b"\n" * 999_999, "no-signature"),
        (b"a\n\n" + "— x AAAAAAA=\n".encode() * 20_000, "too-many-signatures"),
        (sign("hello\n", LOG), "too-few-lines"),
        (sign(Checkpoint("other.example", 1, b"x" * 32).text, LOG), "not-signed-by-its-log"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_a_checkpoint_that_is_none_is_broken(body: bytes, reason: str) -> None:
    with odd_server(answering("200 OK", body)) as address:
        assert fault(f"{address}/log", *PATIENCE) == (1, reason, "checkpoint")


def test_a_log_may_pack_what_it_sends(pristine: Path) -> None:
    with serving(pristine) as served:
        for path in ("checkpoint", "tile/entries/000"):
            packed = gzip.compress((pristine / path).read_bytes())
            served.instead[path] = saying(packed, Content_Encoding="gzip")
        holds(served.address, "--depth", "entries")


TILE, BUNDLE = "tile/0/001", "tile/entries/001"


@pytest.mark.parametrize(
    ("path", "instead", "status", "reason"),
    [
        (TILE, saying(b"gone", status=404), 2, "withheld"),
        (TILE, saying(b""), 1, "tile-length"),
        (TILE, saying(bytes(8191)), 1, "tile-length"),
        (TILE, saying(bytes(8192)), 1, "entry-changed"),
        (TILE, saying(bytes(8193)), 2, "too-large"),
        (TILE, saying(b"<html>please sign in</html>"), 1, "tile-length"),
        (TILE, saying(b"", status=500), 2, "unexpected-status"),
        (TILE, saying(b"", status=302, Location="/login"), 2, "redirected"),
        (TILE, saying(gzip_bomb(2_000_000), Content_Encoding="gzip"), 2, "too-large"),
        (BUNDLE, saying(b""), 1, "truncated"),
        (BUNDLE, saying(bytes(512)), 1, "entry-changed"),
        (BUNDLE, saying(b"\xff\xff" + bytes(60_000)), 1, "truncated"),
        (BUNDLE, saying(b"\xff\xff" + bytes(70_000)), 1, "trailing-bytes"),
        (BUNDLE, saying(bytes(17_000_000)), 2, "too-large"),
        (BUNDLE, saying(b"", status=404), 2, "withheld"),
    ],
)
def test_a_wrong_tile_or_bundle_is_named(path: str, instead: Instead, status: int, reason: str, pristine: Path) -> None:
    with serving(pristine) as served:
        served.instead[path] = instead
        told = fault(served.address, "--depth", "entries", *PATIENCE)
        assert told[:2] == (status, reason)
        assert path in told[2] or (path, told[2]) == (TILE, "leaf 256 (tile/entries/001)")


def busy_at_first(times: int, body: bytes) -> Callable[[Served], Instead]:
    def make(served: Served) -> Instead:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            asked = served.asked.count("checkpoint")
            say(handler, b"" if asked <= times else body, status=503 if asked <= times else 200)

        return answer

    return make


def test_a_busy_server_is_asked_again(pristine: Path) -> None:
    note = (pristine / "checkpoint").read_bytes()
    with serving(pristine) as served:
        served.instead["checkpoint"] = busy_at_first(2, note)(served)
        holds(served.address)
        served.asked.clear()
        served.instead["checkpoint"] = busy_at_first(3, note)(served)
        assert fault(served.address) == (2, "busy", "checkpoint")


def test_a_connection_that_is_closed_after_each_answer_is_opened_again(pristine: Path) -> None:
    with serving(pristine) as served:
        for path in ("checkpoint", "tile/0/000", "tile/0/001"):
            served.instead[path] = saying((pristine / path).read_bytes(), Connection="close")
        holds(served.address)
        assert served.connections >= 3


def test_all_of_it_together_is_bounded_in_time(pristine: Path) -> None:
    def slowly(path: str) -> Instead:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            time.sleep(0.3)
            say(handler, (pristine / path).read_bytes())

        return answer

    with serving(pristine) as served:
        for path in ("tile/0/000", "tile/0/001", "tile/0/002.p/192"):
            served.instead[path] = slowly(path)
        began = time.monotonic()
        assert fault(served.address, "--seconds", "0.5")[:2] == (2, "too-slow")
        assert time.monotonic() - began < 5


def test_a_log_that_claims_to_be_endless_is_left_after_its_time(tmp_path: Path) -> None:
    """It signs a size that nobody can read, and serves the same hashes for every place."""
    claimed = Checkpoint(ORIGIN, 2**62, b"\x05" * 32)
    note = sign(claimed.text, LOG)

    def same_everywhere(handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.removeprefix("/log/")
        part = None if path == "checkpoint" else parse_path(path)
        say(handler, note if part is None else bytes(32 * part.width))

    with serving(tmp_path, same_everywhere) as served:
        began = time.monotonic()
        status, reason, _where = fault(served.address, "--seconds", "2")
        assert (status, reason) in {(2, "too-slow"), (1, "tile-mismatch")}
        assert time.monotonic() - began < 10
        assert fault(served.address, "--depth", "edge")[:2] == (1, "root-mismatch")


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    context = self_signed(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"https://localhost:{listener.getsockname()[1]}/log"

        def serve() -> None:
            for _ in range(3):
                try:
                    with listener.accept()[0] as bare:
                        context.wrap_socket(bare, server_side=True).close()
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert fault(address, *PATIENCE)[:2] == (2, "not-trusted")


def self_signed(folder: Path) -> ssl.SSLContext:
    """Return a server's context with a certificate of its own making."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    both = folder / "both.pem"
    both.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context


def test_a_copy_that_lags_behind_is_a_step_backwards(pristine: Path, tmp_path: Path) -> None:
    state, folder = tmp_path / "state", copied(pristine, tmp_path / "log")
    with serving(folder) as served:
        holds(served.address, "--state", state)
        (folder / "checkpoint").write_bytes(votes(600).note())
        assert fault(served.address, "--state", state) == (1, "rolled-back", "checkpoint")
        _status, answer = ask(served.address, "--state", state)
        assert len(answer["evidence"]) == 2
