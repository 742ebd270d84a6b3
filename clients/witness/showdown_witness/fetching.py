"""Reading from a log's address: never longer than a moment, never more than so many bytes, and nowhere else."""

from showdown_verify import sources
from showdown_verify.fetching import Address
from showdown_verify.verdict import Stopped


class Unreadable(Exception):
    """The log's address does not give what was asked for; the message says what happened."""


class Missing(Unreadable):
    """There is nothing at this path."""


class LogAddress:
    """One look at a log over HTTP, as the verifier reads it, which must come to its end within some seconds."""

    def __init__(self, address: str, *, seconds: float) -> None:
        """Raise ``Unreadable`` for what is no address."""
        try:
            self._address = Address(
                address,
                headers=["User-Agent: showdown-witness"],
                patience=seconds,
                deadline=sources.Deadline(seconds),
            )
        except Stopped as fault:
            raise Unreadable(fault.message) from None

    def read(self, path: str, *, most: int) -> bytes:
        """Return what lies at a path; raises ``Unreadable`` when it is longer than ``most`` bytes or does not come."""
        try:
            return self._address.read(path, most)
        except sources.Missing:
            raise Missing(f"{path}: there is nothing at this address") from None
        except Stopped as fault:
            raise Unreadable(f"{path}: {fault.message}") from None

    def close(self) -> None:
        """Let go of the connection."""
        self._address.close()
