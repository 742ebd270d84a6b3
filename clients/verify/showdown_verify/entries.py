"""How an entry must read: canonical JSON (RFC 8785) of one shape."""

import json
import re
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Any, Final, NoReturn

KEYS: Final = ("actor", "at", "clause", "event", "facts", "nonce", "subject", "v")
KNOWN_VERSION: Final = 1
SAFE_INTEGER: Final = 2**53 - 1
# ECMAScript writes a number in full between these powers of ten, and with an exponent outside.
_PLAIN_ABOVE: Final = -7
_PLAIN_BELOW: Final = 21

# Nearly every entry reads like this: no string needs an escape, facts are flat. The rest takes the long way.
_TEXT: Final = r'"[^"\\\x00-\x1f]*"'
_SOME_TEXT: Final = r'"[^"\\\x00-\x1f]+"'
_SCALAR: Final = rf"(?:{_TEXT}|-?[1-9][0-9]{{0,14}}|0|true|false|null)"
_PAIR: Final = rf'"[a-z_]+":{_SCALAR}'
_USUAL: Final = re.compile(
    rf'\{{"actor":\{{"kind":"[a-z]+","pseudonym":{_SOME_TEXT}\}},'
    r'"at":"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z",'
    r'"clause":(?:null|"[A-Za-z0-9._-]+"),"event":"([a-z_]+\.[a-z_]+)",'
    rf'"facts":\{{((?:{_PAIR}(?:,{_PAIR})*)?)\}},'
    r'"nonce":"[0-9a-f]{32}","subject":"[a-z_]+\.[a-z_]+:[A-Za-z0-9._-]+","v":1\}'
)
_FACT_KEY: Final = re.compile(r'"([a-z_]+)":')
_SUBJECT: Final = re.compile(r"[a-z_]+\.[a-z_]+:[A-Za-z0-9._-]+")
_EVENT: Final = re.compile(r"[a-z_]+\.[a-z_]+")
_AT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_NONCE: Final = re.compile(r"[0-9a-f]{32}")


class UnfitEntry(ValueError):
    """The entry does not read as an entry must; ``reason`` is a word for machines."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class UnknownVersion(UnfitEntry):
    """The entry has a later format than this program knows."""


def read_entry(body: bytes) -> tuple[str, Mapping[str, Any]] | None:
    """Check how an entry reads; return its event and facts when it counts or names something, else None.

    Raises ``UnfitEntry``.
    """
    try:
        text = str(body, "utf-8")
    except UnicodeDecodeError:
        raise UnfitEntry("not-utf-8", "The entry is not UTF-8.") from None
    usual = _USUAL.fullmatch(text)
    if usual is None:
        return _read_slowly(text)
    event, facts = usual.groups()
    keys = _FACT_KEY.findall(facts)
    if keys != sorted(set(keys)):
        raise UnfitEntry("not-canonical", "The entry's facts are not in their order.")
    # Looked for as text, since nearly no entry has either.
    if '"counter":' in facts or '"manifest_digest":' in facts:
        return event, json.loads("{" + facts + "}")
    return None


def _read_slowly(text: str) -> tuple[str, Mapping[str, Any]] | None:
    value = read_json(text, "The entry")
    try:
        written = canonical(value)
    except (ValueError, RecursionError):
        written = ""
    if written != text:
        raise UnfitEntry("not-canonical", "The entry is not canonical JSON.")
    if not isinstance(value, dict) or "v" not in value:
        raise UnfitEntry("not-an-entry", "The entry does not say which format it has.")
    if value["v"] != KNOWN_VERSION:
        raise UnknownVersion("unknown-version", "The entry has a format that this program does not know.")
    if not _has_shape(value):
        raise UnfitEntry("not-an-entry", "The entry does not have the parts of an entry.")
    facts = value["facts"]
    return (value["event"], facts) if facts.keys() & {"counter", "manifest_digest"} else None


def _has_shape(value: Mapping[str, Any]) -> bool:
    actor, clause = value.get("actor"), value.get("clause")
    return (
        tuple(value) == KEYS
        and isinstance(actor, dict)
        and tuple(actor) == ("kind", "pseudonym")
        and all(isinstance(part, str) and part for part in actor.values())
        and (clause is None or (isinstance(clause, str) and clause != ""))
        and isinstance(value["facts"], dict)
        and all(
            isinstance(value[name], str) and pattern.fullmatch(value[name]) is not None
            for name, pattern in (("at", _AT), ("event", _EVENT), ("nonce", _NONCE), ("subject", _SUBJECT))
        )
    )


def read_json(text: str, what: str) -> Any:
    """Return the value of a JSON text without repeated keys and numbers that are none; raises ``UnfitEntry``."""
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_repeated_keys)
    except RecursionError:
        raise UnfitEntry("not-json", f"{what} is nested too deep.") from None
    except ValueError as error:
        raise UnfitEntry("not-json", f"{what} is not JSON: {error}") from None


def canonical(value: Any) -> str:
    """Return a value as RFC 8785 writes it; raises ``ValueError`` for what it cannot write."""
    if isinstance(value, str):
        value.encode("utf-8")
        return encode_basestring(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        if abs(value) > SAFE_INTEGER:
            raise ValueError("a number that not every reader keeps")
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    pairs = sorted(value.items(), key=lambda pair: pair[0].encode("utf-16-be"))
    return "{" + ",".join(f"{canonical(name)}:{canonical(item)}" for name, item in pairs) + "}"


def _number(value: float) -> str:
    """Return a number as ECMAScript writes it (section 6.1.6.1.20): the shortest digits, as Python's repr has them."""
    if value == 0:
        return "0"
    mantissa, _e, exponent = repr(abs(value)).partition("e")
    whole, _dot, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = (
        int(exponent or 0) + len(whole)
        if whole.strip("0")
        else int(exponent or 0) - (len(fraction) - len(fraction.lstrip("0")))
    )
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= _PLAIN_BELOW:
        written = digits + "0" * (point - count)
    elif 0 < point <= _PLAIN_BELOW:
        written = f"{digits[:point]}.{digits[point:]}"
    elif _PLAIN_ABOVE + 1 < point <= 0:
        written = "0." + "0" * -point + digits
    else:
        rest = f".{digits[1:]}" if count > 1 else ""
        written = f"{digits[0]}{rest}e{point - 1:+d}"
    return f"-{written}" if value < 0 else written


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _no_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key is repeated")
    return value
