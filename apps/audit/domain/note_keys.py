"""The keys that sign notes (C2SP signed-note): Ed25519, with a name, as bytes and as text.

Two kinds are known: a log's (algorithm byte 0x01), which signs the text alone, and a witness's (0x04, C2SP
tlog-cosignature), which signs the text with a time.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import ClassVar, Final, Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_ID_BYTES: Final = 4
SIGNATURE_BYTES: Final = 64
TIMESTAMP_BYTES: Final = 8
PUBLIC_KEY_BYTES: Final = 32
MAX_TIMESTAMP: Final = 2**63 - 1
LINE_STARTS: Final = "\N{EM DASH} "

# The points whose order divides 8, as 255 bits: y is 0, 1, -1 or that of a point of order 8, also where it is spelt
# above the field's prime. Under such a key one signature fits every text.
_PRIME: Final = 2**255 - 19
_OF_ORDER_EIGHT: Final = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_WEAK: Final = frozenset({0, 1, _PRIME - 1, _PRIME, _PRIME + 1, _OF_ORDER_EIGHT, _PRIME - _OF_ORDER_EIGHT})
_WITHOUT_SIGN: Final = 2**255 - 1

_PRIVATE: Final = "PRIVATE+KEY+"
_KEY_ID_DIGITS: Final = frozenset("0123456789abcdefABCDEF")
FIRST_PRINTABLE: Final = 0x20


class NoteFault(StrEnum):
    """What is wrong with a note or with a key."""

    NOT_BYTES = "not-bytes"
    TOO_LARGE = "too-large"
    CARRIAGE_RETURN = "carriage-return"
    CONTROL_CHARACTER = "control-character"
    NOT_UTF8 = "not-utf-8"
    NO_FINAL_NEWLINE = "no-final-newline"
    NO_BLANK_LINE = "no-blank-line-before-the-signatures"
    NO_SIGNATURE = "no-signature"
    TOO_MANY_SIGNATURES = "too-many-signatures"
    MALFORMED_SIGNATURE_LINE = "malformed-signature-line"
    MALFORMED_NAME = "malformed-name"
    NOT_CANONICAL_BASE64 = "not-canonical-base64"
    SIGNATURE_LENGTH = "signature-length"
    WRONG_SIGNATURE = "wrong-signature"
    NO_KNOWN_SIGNATURE = "no-known-signature"
    MALFORMED_KEY = "malformed-key"
    WEAK_KEY = "weak-key"
    WRONG_KEY_ID = "wrong-key-id"
    UNKNOWN_ALGORITHM = "unknown-algorithm"
    AMBIGUOUS_KEY = "ambiguous-key"
    NO_TIME = "no-time"
    TIME_OUT_OF_RANGE = "time-out-of-range"


class InvalidNote(ValueError):
    """The note or a key is not what it should be; ``fault`` names the reason."""

    def __init__(self, fault: NoteFault, message: str) -> None:
        super().__init__(f"{message} [{fault.value}]")
        self.fault = fault


class Algorithm(IntEnum):
    """The byte that says how a key signs."""

    ED25519 = 0x01
    COSIGNATURE_V1 = 0x04


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key (32 bytes) with its name; ``vkey`` is how it is written down."""

    name: str
    algorithm: Algorithm
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256 over name, newline, algorithm and key."""
        return _key_id(self.name, self.algorithm, self.public_key)

    @property
    def vkey(self) -> str:
        """The key as text: name, ``+``, key id in hexadecimal, ``+``, algorithm and key in base64."""
        return f"{self.name}+{self.key_id.hex()}+{_encoded(bytes([self.algorithm]) + self.public_key)}"

    def verify(self, text: str, signature: bytes) -> int | None:
        """Check a signature (without its key id) over ``text``; return its time when it is a cosignature.

        Raises ``InvalidNote`` when it does not hold.
        """
        timestamp, message = None, text.encode()
        if self.algorithm is Algorithm.COSIGNATURE_V1:
            expected = TIMESTAMP_BYTES + SIGNATURE_BYTES
            timestamp = int.from_bytes(signature[:TIMESTAMP_BYTES], "big")
            message = _cosigned(text, timestamp)
        else:
            expected = SIGNATURE_BYTES
        if len(signature) != expected:
            raise InvalidNote(
                NoteFault.SIGNATURE_LENGTH, f"A signature by {self.name} has {expected} bytes, not {len(signature)}."
            )
        if timestamp is not None and timestamp > MAX_TIMESTAMP:
            raise InvalidNote(NoteFault.TIME_OUT_OF_RANGE, f"The time of {self.name}'s cosignature is above 2^63 - 1.")
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature[-SIGNATURE_BYTES:], message)
        except InvalidSignature:
            raise InvalidNote(NoteFault.WRONG_SIGNATURE, f"The signature by {self.name} does not hold.") from None
        return timestamp


class SigningKey(Protocol):
    """Whatever can put a signature line under a text."""

    def signature_line(self, text: str) -> str:
        """Return the line without its newline."""
        ...


class _PrivateKey:
    """A private key with its name; it shows itself by its key id only."""

    algorithm: ClassVar[Algorithm]

    def __init__(self, name: str, seed: bytes) -> None:
        require_name(name)
        if not isinstance(seed, bytes) or len(seed) != PUBLIC_KEY_BYTES:
            raise InvalidNote(NoteFault.MALFORMED_KEY, f"The seed of a key has {PUBLIC_KEY_BYTES} bytes.")
        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, self.algorithm, self._key.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}+{self.key_id.hex()}>"

    @classmethod
    def generate(cls, name: str) -> Self:
        """Make a new key; the one thing in this module that is random."""
        return cls(name, secrets.token_bytes(PUBLIC_KEY_BYTES))

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> Self:
        """Return the key that the 32 bytes of ``seed`` always give."""
        return cls(name, seed)

    @property
    def name(self) -> str:
        """Whose key it is; a log's is its origin."""
        return self.verifier.name

    @property
    def key_id(self) -> bytes:
        """Its 4 bytes in every signature line."""
        return self.verifier.key_id

    @property
    def vkey(self) -> str:
        """The public key as text, for those who verify."""
        return self.verifier.vkey

    @property
    def skey(self) -> str:
        """The private key as text; keep it secret."""
        return f"{_PRIVATE}{self.name}+{self.key_id.hex()}+{_encoded(bytes([self.algorithm]) + self._seed)}"


class Signer(_PrivateKey):
    """A log's private key."""

    algorithm = Algorithm.ED25519

    def signature_line(self, text: str) -> str:
        """Return the line that signs ``text``, without its newline."""
        return _line(self.name, self.key_id + self._key.sign(text.encode()))


class Cosigner(_PrivateKey):
    """A witness's private key; ``at`` gives the signer for one moment."""

    algorithm = Algorithm.COSIGNATURE_V1

    def at(self, timestamp: int) -> "CosignerAt":
        """Return what signs with this time, in whole seconds since 1970."""
        return CosignerAt(self, timestamp)

    def signature_line(self, text: str) -> str:
        """Refuse: a cosignature without a time says nothing."""
        raise InvalidNote(NoteFault.NO_TIME, f"A cosignature by {self.name} needs its time: use at(timestamp).")

    def _signature_line_at(self, text: str, timestamp: int) -> str:
        signature = self._key.sign(_cosigned(text, timestamp))
        return _line(self.name, self.key_id + timestamp.to_bytes(TIMESTAMP_BYTES, "big") + signature)


class CosignerAt:
    """A witness's private key at one moment."""

    def __init__(self, cosigner: Cosigner, timestamp: int) -> None:
        if not isinstance(timestamp, int) or isinstance(timestamp, bool) or not 0 <= timestamp <= MAX_TIMESTAMP:
            raise InvalidNote(
                NoteFault.TIME_OUT_OF_RANGE, "The time of a cosignature is a whole number from 0 to 2^63 - 1."
            )
        self.cosigner, self.timestamp = cosigner, timestamp

    def signature_line(self, text: str) -> str:
        """Return the line that cosigns ``text`` at this moment, without its newline."""
        return self.cosigner._signature_line_at(text, self.timestamp)


def known_verifiers(vkeys: Iterable[str]) -> dict[tuple[str, bytes], Verifier]:
    """Return verifiers by name and key id; raises ``InvalidNote`` for a malformed one and for two that collide."""
    # A text is a list of characters to Python, and a forgotten pair of brackets no reason for a strange message.
    if isinstance(vkeys, str) or vkeys is None:
        raise InvalidNote(NoteFault.MALFORMED_KEY, "The keys are given as a list of texts.")
    verifiers: dict[tuple[str, bytes], Verifier] = {}
    for vkey in vkeys:
        verifier = parse_vkey(vkey)
        if verifiers.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise InvalidNote(NoteFault.AMBIGUOUS_KEY, f"Two keys of {verifier.name} have the same key id.")
    return verifiers


def parse_vkey(text: str) -> Verifier:
    """Return the public key that ``name+key id+base64`` names; raises ``InvalidNote``."""
    name, key_id, algorithm, key = _parse_key(text, "A public key")
    verifier = Verifier(name, algorithm, key)
    if int.from_bytes(key, "little") & _WITHOUT_SIGN in _WEAK:
        raise InvalidNote(NoteFault.WEAK_KEY, f"Under the key of {name} anybody could sign.")
    if verifier.key_id != key_id:
        raise InvalidNote(NoteFault.WRONG_KEY_ID, f"The key id of {name} is not that of its key.")
    return verifier


def parse_skey(text: str) -> Signer | Cosigner:
    """Return the private key that ``PRIVATE+KEY+name+key id+base64`` names; raises ``InvalidNote``."""
    if not isinstance(text, str) or not text.startswith(_PRIVATE):
        raise InvalidNote(NoteFault.MALFORMED_KEY, f"A private key begins with {_PRIVATE}.")
    name, key_id, algorithm, seed = _parse_key(text.removeprefix(_PRIVATE), "A private key")
    key = Signer(name, seed) if algorithm is Algorithm.ED25519 else Cosigner(name, seed)
    if key.key_id != key_id:
        raise InvalidNote(NoteFault.WRONG_KEY_ID, f"The key id of {name} is not that of its key.")
    return key


def _parse_key(text: str, what: str) -> tuple[str, bytes, Algorithm, bytes]:
    # Base64 may have a + of its own, so the text is taken apart from the left.
    name, plus, rest = text.partition("+") if isinstance(text, str) else ("", "", "")
    digits, second_plus, encoded = rest.partition("+")
    if not plus or not second_plus or len(digits) != 2 * KEY_ID_BYTES or not _KEY_ID_DIGITS.issuperset(digits):
        raise InvalidNote(NoteFault.MALFORMED_KEY, f"{what} is: name, +, 8 hexadecimal digits, +, base64.")
    require_name(name)
    data = decode_base64(encoded)
    if not data:
        raise InvalidNote(NoteFault.MALFORMED_KEY, f"{what} has no key after its key id.")
    try:
        algorithm = Algorithm(data[0])
    except ValueError:
        raise InvalidNote(
            NoteFault.UNKNOWN_ALGORITHM, f"{what} of {name} has the algorithm {data[0]:#04x}; 0x01 and 0x04 are known."
        ) from None
    if len(data) != 1 + PUBLIC_KEY_BYTES:
        raise InvalidNote(NoteFault.MALFORMED_KEY, f"{what} has {PUBLIC_KEY_BYTES} bytes, not {len(data) - 1}.")
    return name, bytes.fromhex(digits), algorithm, data[1:]


def _key_id(name: str, algorithm: Algorithm, public_key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + public_key).digest()[:KEY_ID_BYTES]


def _cosigned(text: str, timestamp: int) -> bytes:
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def _line(name: str, data: bytes) -> str:
    return f"{LINE_STARTS}{name} {_encoded(data)}"


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Return what ``text`` spells in the one way in which it can be spelt; raises ``InvalidNote``."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    # Bits after the last byte and missing padding give the same bytes another spelling.
    if not text or _encoded(data) != text:
        raise InvalidNote(NoteFault.NOT_CANONICAL_BASE64, "What should be base64 is not, or not in its one spelling.")
    return data


def require_name(name: str) -> None:
    """Raise ``InvalidNote`` unless this can be the name of a key."""
    # The spaces of Unicode are those that str.isspace() knows; control characters would break the note apart.
    if not isinstance(name, str) or not name or "+" in name:
        raise InvalidNote(NoteFault.MALFORMED_NAME, "A key's name is not empty and has no plus sign.")
    if any(character.isspace() or ord(character) < FIRST_PRINTABLE for character in name):
        raise InvalidNote(NoteFault.MALFORMED_NAME, "A key's name has no spaces and no control characters.")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidNote(NoteFault.MALFORMED_NAME, "A key's name is not UTF-8.") from None
