"""Reading from a log's address: never longer than a moment, never more than so many bytes, and nowhere else."""

import http.client
import time
import urllib.error
import urllib.request
from typing import Any, Final, NoReturn

_PIECE: Final = 16_384
_NOT_FOUND: Final = 404


class Unreadable(Exception):
    """The log's address does not give what was asked for; the message says what happened."""


class Missing(Unreadable):
    """There is nothing at this path."""


class _StaysThere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_details: Any) -> NoReturn:
        raise Unreadable("The log's address leads elsewhere; name the address where it really is.")


class LogAddress:
    """One look at a log over HTTP, which must come to its end within some seconds."""

    def __init__(self, address: str, *, seconds: float) -> None:
        self._address = address
        self._until = time.monotonic() + seconds
        self._opener = urllib.request.build_opener(_StaysThere)

    def read(self, path: str, *, most: int) -> bytes:
        """Return what lies at a path; raises ``Unreadable`` when it is longer than ``most`` bytes or does not come."""
        request = urllib.request.Request(  # noqa: S310 - The witness's owner chose the address, which is HTTP.
            f"{self._address}/{path}", headers={"Accept-Encoding": "identity", "User-Agent": "showdown-witness"}
        )
        try:
            with self._opener.open(request, timeout=self._left()) as response:
                return self._body(response, path, most)
        except urllib.error.HTTPError as error:
            error.close()
            kind = Missing if error.code == _NOT_FOUND else Unreadable
            raise kind(f"{path}: status {error.code}") from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Unreadable(f"{path}: {getattr(error, 'reason', None) or error or type(error).__name__}") from error

    def _body(self, response: http.client.HTTPResponse, path: str, most: int) -> bytes:
        body = b""
        # Each read waits for one piece only, so that bytes that drip in do not stretch the time.
        while piece := response.read1(min(_PIECE, most + 1 - len(body))):
            body += piece
            if len(body) > most:
                raise Unreadable(f"{path}: more than {most:,} bytes")
            self._left()
        return body

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise Unreadable("It does not answer in time.")
        return left
