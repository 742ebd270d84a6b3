"""Reading what a proof in JSON claims, field by field; whatever is malformed is refused by name."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any, Final

from showdown_verify.merkle import HASH_BYTES
from showdown_verify.verdict import Broken

_HASH: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Claims:
    """The fields of one JSON object; ``check`` is the check that ends when one of them is malformed."""

    fields: dict[str, Any]
    check: str

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def number(self, name: str) -> int:
        """Return a whole number."""
        number = self.fields.get(name)
        if not isinstance(number, int) or isinstance(number, bool):
            raise self.malformed("not-a-number", f"The proof's {name} is a whole number.")
        return number

    def hash(self, name: str) -> bytes:
        """Return a hash of 32 bytes, written in small hexadecimal digits."""
        return self._hash(self.fields.get(name))

    def hashes(self, name: str) -> tuple[bytes, ...]:
        """Return a list of hashes."""
        values = self.fields.get(name)
        if not isinstance(values, list):
            raise self.malformed("malformed", f"The proof's {name} is a list of hashes.")
        return tuple(map(self._hash, values))

    def note(self, name: str) -> bytes:
        """Return a signed note."""
        note = self.fields.get(name)
        if not isinstance(note, str):
            raise self.malformed("malformed", f"The proof's {name} is text.")
        try:
            return note.encode("utf-8")
        except UnicodeEncodeError:
            raise self.malformed("not-utf-8", f"The proof's {name} is not UTF-8.") from None

    def base64(self, name: str) -> bytes:
        """Return bytes in the one spelling of base64."""
        value = self.fields.get(name)
        try:
            data = base64.b64decode(value, validate=True)  # type: ignore[arg-type]
        except (binascii.Error, ValueError, TypeError):
            raise self.malformed("not-canonical-base64", f"The proof's {name} is not base64.") from None
        if base64.b64encode(data).decode("ascii") != value:
            raise self.malformed("not-canonical-base64", f"The proof's {name} is not in the one spelling of base64.")
        return data

    def below(self, name: str) -> "Claims":
        """Return the fields of an object in this one."""
        value = self.fields.get(name)
        if not isinstance(value, dict):
            raise self.malformed("malformed", f"The proof's {name} is an object.")
        return Claims(value, self.check)

    def malformed(self, reason: str, message: str) -> Broken:
        """Return the refusal of a field."""
        return Broken(self.check, reason, message)

    def _hash(self, value: Any) -> bytes:
        if not isinstance(value, str) or not _HASH.fullmatch(value):
            raise self.malformed("malformed-hash", f"Every hash is {HASH_BYTES} bytes in hexadecimal digits.")
        return bytes.fromhex(value)
