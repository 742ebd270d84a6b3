"""The keys of notes: they read back from their text, keep their secret, and what is no key is refused by its name."""

import base64
import hashlib
import itertools
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.audit.domain.note import (
    Algorithm,
    Cosigner,
    InvalidNote,
    NoteFault,
    Signer,
    Verifier,
    known_verifiers,
    open_note,
    parse_skey,
    parse_vkey,
    sign,
)

LOG = Signer.from_seed("arena.example/log", b"\x01" * 32)
WITNESS = Cosigner.from_seed("witness.example/w", b"\x03" * 32)
MALLORY = Signer.from_seed("mallory.example", b"\x04" * 32)
TEXT = "arena.example/log\n7\nAAAA\n"
GOOD = sign(TEXT, LOG)
NOON = 1_764_158_400


def fault_of(vkeys: Iterable[str]) -> NoteFault:
    return signing_fault(lambda: open_note(GOOD, vkeys))


def signing_fault(action: Callable[[], object]) -> NoteFault:
    with pytest.raises(InvalidNote) as caught:
        action()
    return caught.value.fault


@given(st.binary(min_size=32, max_size=32))
def test_keys_read_back_from_their_text(seed: bytes) -> None:
    for key in (Signer.from_seed("a.example/log", seed), Cosigner.from_seed("w.example", seed)):
        again = parse_skey(key.skey)
        assert type(again) is type(key)
        assert (again.vkey, again.skey) == (key.vkey, key.skey)
        assert parse_vkey(key.vkey) == key.verifier
        assert key.vkey not in key.skey


def test_a_new_key_is_another_one_each_time() -> None:
    keys = [Signer.generate("a.example"), Signer.generate("a.example"), Cosigner.generate("a.example")]
    assert len({key.key_id for key in keys}) == len(keys)


def test_a_private_key_does_not_show_itself() -> None:
    seed = base64.b64encode(b"\x01" * 32).decode()[:20]
    assert seed in LOG.skey
    for shown in (repr(LOG), str(LOG), repr(WITNESS), repr(WITNESS.at(NOON))):
        assert seed not in shown


def changed_vkey(change: Callable[[bytes], bytes]) -> str:
    name, digits, encoded = LOG.vkey.split("+", 2)
    return f"{name}+{digits}+{base64.b64encode(change(base64.b64decode(encoded))).decode()}"


def with_right_id(name: str, key: bytes) -> str:
    digits = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex()
    return f"{name}+{digits}+{base64.b64encode(key).decode()}"


@pytest.mark.parametrize(
    ("vkey", "fault"),
    [
        ("", NoteFault.MALFORMED_KEY),
        ("name", NoteFault.MALFORMED_KEY),
        ("name+12345678", NoteFault.MALFORMED_KEY),
        (LOG.skey, NoteFault.MALFORMED_KEY),
        (LOG.vkey.replace("+", " "), NoteFault.MALFORMED_KEY),
        (LOG.vkey + "\n", NoteFault.NOT_CANONICAL_BASE64),
        (" " + LOG.vkey, NoteFault.MALFORMED_NAME),
        (LOG.vkey.replace("arena", "are na"), NoteFault.MALFORMED_NAME),
        (LOG.vkey.replace("arena", "are\nna"), NoteFault.MALFORMED_NAME),
        (LOG.vkey.replace("arena", "are\x01na"), NoteFault.MALFORMED_NAME),
        (LOG.vkey.replace("arena", "are\ud800na"), NoteFault.MALFORMED_NAME),
        (LOG.vkey.replace("arena", "arenb"), NoteFault.WRONG_KEY_ID),
        (LOG.vkey.replace(LOG.key_id.hex(), "0" * 8), NoteFault.WRONG_KEY_ID),
        (LOG.vkey.replace(LOG.key_id.hex(), LOG.key_id.hex()[:7]), NoteFault.MALFORMED_KEY),
        (LOG.vkey.replace(LOG.key_id.hex(), "0x" + LOG.key_id.hex()[:6]), NoteFault.MALFORMED_KEY),
        (LOG.vkey.replace(LOG.key_id.hex(), " " + LOG.key_id.hex()[:7]), NoteFault.MALFORMED_KEY),
        (LOG.vkey.replace(LOG.key_id.hex(), "\u0661" * 8), NoteFault.MALFORMED_KEY),
        (LOG.vkey[:-1], NoteFault.NOT_CANONICAL_BASE64),
        (LOG.vkey + "=", NoteFault.NOT_CANONICAL_BASE64),
        (LOG.vkey[: LOG.vkey.rindex("+") + 1], NoteFault.NOT_CANONICAL_BASE64),
        (changed_vkey(lambda data: data[:-1]), NoteFault.MALFORMED_KEY),
        (changed_vkey(lambda data: data + b"\x00"), NoteFault.MALFORMED_KEY),
        (changed_vkey(lambda data: data[:1]), NoteFault.MALFORMED_KEY),
        (changed_vkey(lambda data: b"\x02" + data[1:]), NoteFault.UNKNOWN_ALGORITHM),
        (changed_vkey(lambda data: b"\x04" + data[1:]), NoteFault.WRONG_KEY_ID),
        (with_right_id("a.example", b"\x06" + bytes(1312)), NoteFault.UNKNOWN_ALGORITHM),
        (with_right_id("a.example", b"\x01" + bytes(31)), NoteFault.MALFORMED_KEY),
        ("x" * 2_000_000, NoteFault.MALFORMED_KEY),
        (None, NoteFault.MALFORMED_KEY),
        (7, NoteFault.MALFORMED_KEY),
        (LOG.vkey.encode(), NoteFault.MALFORMED_KEY),
    ],
)
def test_what_is_no_key_is_refused_by_name(vkey: str, fault: NoteFault) -> None:
    assert fault_of([vkey]) is fault
    # Also beside a good one: a reader who misspelt a key must hear of it.
    assert fault_of([LOG.vkey, vkey]) is fault


PRIME = 2**255 - 19
CURVE = -121665 * pow(121666, -1, PRIME) % PRIME


def doubled(point: tuple[int, int]) -> tuple[int, int]:
    """Return twice a point of the curve of RFC 8032, section 5.1.4."""
    x, y = point
    product = CURVE * x * x * y * y % PRIME
    return (
        2 * x * y * pow(1 + product, -1, PRIME) % PRIME,
        (y * y + x * x) * pow(1 - product, -1, PRIME) % PRIME,
    )


def is_weak(y: int) -> bool:
    """Whether eight times a point with this y is the neutral one."""
    square = (y * y - 1) * pow(CURVE * y * y + 1, -1, PRIME) % PRIME
    root = pow(square, (PRIME + 3) // 8, PRIME)
    if root * root % PRIME != square:
        root = root * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    return root * root % PRIME == square and doubled(doubled(doubled((root, y)))) == (0, 1)


Y_OF_ORDER_EIGHT = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826


@pytest.mark.parametrize("sign_bit", [0, 1])
@pytest.mark.parametrize("y", [0, 1, PRIME - 1, PRIME, PRIME + 1, Y_OF_ORDER_EIGHT, PRIME - Y_OF_ORDER_EIGHT])
def test_a_key_under_which_anybody_could_sign_is_refused(y: int, sign_bit: int) -> None:
    assert is_weak(y % PRIME)
    encoded = (y | sign_bit << 255).to_bytes(32, "little")
    for algorithm in (b"\x01", b"\x04"):
        assert fault_of([with_right_id("a.example", algorithm + encoded)]) is NoteFault.WEAK_KEY


def test_under_a_weak_key_one_signature_would_fit_every_text() -> None:
    neutral = (1).to_bytes(32, "little")
    for text in ("one\n", "another\n"):
        Verifier("a.example", Algorithm.ED25519, neutral).verify(text, neutral + bytes(32))


def test_keys_are_given_as_a_list() -> None:
    assert fault_of(LOG.vkey) is NoteFault.MALFORMED_KEY
    assert fault_of(None) is NoteFault.MALFORMED_KEY  # type: ignore[arg-type]


def test_a_key_id_may_be_written_in_capitals() -> None:
    name, digits, encoded = LOG.vkey.split("+", 2)
    assert open_note(GOOD, [f"{name}+{digits.upper()}+{encoded}"]).text == TEXT
    assert parse_vkey(f"{name}+{digits.upper()}+{encoded}").vkey == LOG.vkey


@pytest.mark.parametrize(
    "skey",
    ["", "PRIVATE+KEY+", LOG.vkey, LOG.skey[:-4], LOG.skey.replace("arena", "arenb"), LOG.skey.lower(), None, b""],
)
def test_what_is_no_private_key_is_refused(skey: str) -> None:
    assert signing_fault(lambda: parse_skey(skey))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u3000b", "a\u0085b", "\ud800", "a\x00", None])
def test_a_key_has_a_name_that_a_line_can_carry(name: str) -> None:
    assert signing_fault(lambda: Signer.generate(name)) is NoteFault.MALFORMED_NAME


@pytest.mark.parametrize("seed", [b"", b"\x00" * 31, b"\x00" * 33, "a" * 32, None])
def test_a_seed_has_exactly_32_bytes(seed: bytes) -> None:
    assert signing_fault(lambda: Signer.from_seed("a.example", seed)) is NoteFault.MALFORMED_KEY


def two_keys_that_collide() -> list[str]:
    """Return two public keys of one name and one key id, found by trying: 32 bits are few."""
    seen: dict[str, str] = {}
    for number in itertools.count():
        vkey = with_right_id("a.example", b"\x01" + number.to_bytes(32, "big"))
        if seen.setdefault(vkey[:19], vkey) != vkey:
            return [seen[vkey[:19]], vkey]
    raise AssertionError


def test_two_keys_of_one_name_and_key_id_are_not_told_apart() -> None:
    vkeys = two_keys_that_collide()
    assert fault_of(vkeys) is NoteFault.AMBIGUOUS_KEY
    assert len(known_verifiers([vkeys[0], vkeys[0]])) == 1
