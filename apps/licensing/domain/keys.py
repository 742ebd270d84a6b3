"""What a key of the API looks like, and what is kept of it."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final

_FORM: Final = re.compile(r"sd_([0-9a-f]{12})_([0-9a-f]{64})")


class MalformedKey(ValueError):
    """This is no key of ours."""


@dataclass(frozen=True, slots=True)
class KeyParts:
    """A key: what finds it and what proves it."""

    prefix: str
    secret: str

    @property
    def text(self) -> str:
        """The key as it is shown once and sent with every request."""
        return f"sd_{self.prefix}_{self.secret}"


def new_key() -> KeyParts:
    """Return a key that nobody can guess: 256 random bits behind a public name."""
    return KeyParts(secrets.token_hex(6), secrets.token_hex(32))


def read_key(text: str) -> KeyParts:
    """Return the parts of a key; raises ``MalformedKey`` for anything else."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise MalformedKey("This is no key of ours.")
    return KeyParts(found[1], found[2])


def digest_of(secret: str) -> str:
    """Return what is kept of a secret. It is random and long, so a plain hash cannot be turned back by guessing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def proves(secret: str, digest: str) -> bool:
    """Whether a secret is the one whose digest was kept, in a time that tells nothing about either."""
    return hmac.compare_digest(digest_of(secret), digest)
