"""Names that mean something to one licensee only: HMAC-SHA-256 (RFC 2104) under their key, cut to 128 bits."""

import hmac
from typing import Final

KEY_BYTES: Final = 32
NAME_BYTES: Final = 16


class Pseudonyms:
    """Names people and rows for one licensee; without the key nobody can tell whom or which."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"A key has {KEY_BYTES} bytes, not {len(key)}.")
        # Keyed once; a copy for each name costs less than the key.
        self._keyed = hmac.new(key, digestmod="sha256")

    def name(self, kind: str, number: int) -> bytes:
        """Return the name of a thing, 16 bytes; ``kind`` keeps a person and a row of the same number apart."""
        name = self._keyed.copy()
        name.update(f"{kind}:{number}".encode())
        return name.digest()[:NAME_BYTES]

    def person(self, contributor_id: int) -> str:
        """Return a contributor's name, 32 hexadecimal digits."""
        return self.name("contributor", contributor_id).hex()

    def row(self, battle_id: int) -> bytes:
        """Return a row's name, 16 bytes."""
        return self.name("battle", battle_id)
