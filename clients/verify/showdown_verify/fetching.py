"""A log by its address: GET and nothing else, bounded in time and bytes, whatever answers.

A redirection is refused, since a header that lets an auditor in must not travel to somebody else.
"""

import http.client
import io
import re
import socket
import ssl
import time
import zlib
from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from showdown_verify.sources import Deadline, Missing
from showdown_verify.verdict import CouldNotCheck, shown

TRIES: Final = 3
PAUSE: Final = 0.5
_HEADER: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e]*?)[ \t]*")
_PATH: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
_GZIP: Final = 31
_PIECE: Final = 65_536
_PASSING: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


class Address:
    """A log's address such as ``https://arena.example/log``; each answer has ``patience`` seconds to arrive whole."""

    is_whole = False

    def __init__(
        self, address: str, *, headers: Sequence[str] = (), patience: float = 20.0, deadline: Deadline
    ) -> None:
        self.base = address
        try:
            parts = urlsplit(address)
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError:
            raise _no_address(address) from None
        if parts.scheme not in {"http", "https"} or not self._host or parts.query or parts.fragment:
            raise _no_address(address)
        if parts.username is not None or not _PATH.fullmatch(parts.path):
            raise _no_address(address)
        self._prefix = parts.path.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._headers = {"Accept-Encoding": "gzip, identity", "User-Agent": "showdown-verify"}
        self._headers.update(map(_header, headers))
        self._patience, self._deadline = patience, deadline
        self._connection: http.client.HTTPConnection | None = None
        self.bytes_read = 0

    def read(self, path: str, limit: int) -> bytes:
        """Return a file of at most ``limit`` bytes; raises ``Missing`` or ``CouldNotCheck``."""
        for left in reversed(range(TRIES)):
            try:
                return self._get(path, limit)
            except _Passing as error:
                self.close()
                if not left:
                    raise CouldNotCheck("fetch", error.reason, error.message, where=path) from None
                time.sleep(min(PAUSE * (TRIES - left), self._deadline.left()))
        raise AssertionError("unreachable")

    def paths_below(self, folder: str) -> Collection[str]:
        """An address lists nothing."""
        return ()

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _get(self, path: str, limit: int) -> bytes:
        until = time.monotonic() + min(self._patience, self._deadline.left())
        try:
            connection = self._connected(until)
            connection.request("GET", f"{self._prefix}/{path}", headers=self._headers)
            with connection.getresponse() as response:
                return self._body(response, path, limit)
        except TimeoutError:
            self.close()
            self._deadline.left()
            raise CouldNotCheck(
                "fetch", "too-slow", f"No whole answer within {self._patience:g} seconds.", where=path
            ) from None
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise CouldNotCheck("fetch", "not-trusted", f"{shown(str(error))}.", where=path) from None
        except (OSError, http.client.HTTPException, ValueError, zlib.error) as error:
            raise _Passing("unreachable", f"{type(error).__name__}: {shown(str(error))}") from None

    def _connected(self, until: float) -> http.client.HTTPConnection:
        connection = self._connection
        if connection is None or not isinstance(connection.sock, _TimedSocket):
            connection = http.client.HTTPConnection(self._host, self._port)
            # A lost connection must be opened again here, where time is kept.
            connection.auto_open = 0
            connection.sock = _TimedSocket(self._reached(until))
            self._connection = connection
        connection.sock.until = until
        return connection

    def _reached(self, until: float) -> socket.socket:
        port = self._port or (http.client.HTTP_PORT if self._tls is None else http.client.HTTPS_PORT)
        bare = socket.create_connection((self._host, port), timeout=_left(until))
        if self._tls is None:
            return bare
        try:
            bare.settimeout(_left(until))
            return self._tls.wrap_socket(bare, server_hostname=self._host)
        except BaseException:
            bare.close()
            raise

    def _body(self, response: http.client.HTTPResponse, path: str, limit: int) -> bytes:
        if response.status != HTTPStatus.OK:
            self._refuse(response, path)
        length = response.headers.get("Content-Length", "0")
        if length.isascii() and length.isdigit() and int(length[:20]) > limit:
            self.close()
            raise _too_large(limit, path)
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"identity", "gzip"}:
            self.close()
            raise CouldNotCheck("fetch", "unknown-encoding", f"Encoded as {shown(encoding, 40)}.", where=path)
        unpack = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
        data, read = bytearray(), 0
        while piece := response.read1(_PIECE):
            read += len(piece)
            data += piece if unpack is None else unpack.decompress(piece, limit + 1 - len(data))
            # A gzip of a thousand to one and an answer without an end stop here alike.
            if len(data) > limit or read > limit + _PIECE:
                self.close()
                raise _too_large(limit, path)
        self.bytes_read += read
        if unpack is not None and (not unpack.eof or unpack.unused_data):
            self.close()
            raise CouldNotCheck("fetch", "damaged-gzip", "The answer is not one whole gzip stream.", where=path)
        if response.length:
            raise _Passing("cut-off", "The answer ends before its announced length.")
        return bytes(data)

    def _refuse(self, response: http.client.HTTPResponse, path: str) -> None:
        status = response.status
        self.close()
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            raise Missing(path)
        if status in _PASSING:
            raise _Passing("busy", f"It answered with status {status}.")
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            to = shown(response.headers.get("Location", "nowhere"), 100)
            raise CouldNotCheck("fetch", "redirected", f"It sends elsewhere ({status} to {to}).", where=path)
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise CouldNotCheck(
                "fetch", "not-permitted", f"Not everybody may read it ({status}); see --header.", where=path
            )
        raise CouldNotCheck("fetch", "unexpected-status", f"It answered with status {status}.", where=path)


class _Passing(Exception):
    """A fault that may be gone when asked again."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


class _TimedSocket:
    """A socket whose whole use must end at a moment, so that a byte now and then does not prolong it."""

    def __init__(self, bare: socket.socket) -> None:
        self.bare = bare
        self.until = 0.0

    def sendall(self, data: Any) -> None:
        self.bare.settimeout(_left(self.until))
        self.bare.sendall(data)

    def makefile(self, *_arguments: object) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self))

    def close(self) -> None:
        self.bare.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, timed: _TimedSocket) -> None:
        self._timed = timed
        # The socket's own file keeps it open until the answer is read, also when the connection is let go before.
        self._file = timed.bare.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._timed.bare.settimeout(_left(self._timed.until))
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _header(text: str) -> tuple[str, str]:
    match = _HEADER.fullmatch(text)
    if match is None:
        raise CouldNotCheck("arguments", "malformed-header", "A header is given as 'Name: value'.")
    return match[1], match[2]


def _no_address(address: str) -> CouldNotCheck:
    return CouldNotCheck(
        "arguments", "malformed-address", f"{shown(address)} is no address of a log, like https://arena.example/log."
    )


def _too_large(limit: int, path: str) -> CouldNotCheck:
    return CouldNotCheck("fetch", "too-large", f"The answer has more than the {limit:,} bytes it may have.", where=path)
