"""How an entry reads: canonical JSON (RFC 8785), with facts only and nothing personal.

Everything refused here is a mistake of the calling code and not of a person, so it is a ``ValueError``, never a
``Refused``: the whole transaction fails, and no change is kept that the log could not describe.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

import rfc8785

from apps.audit.domain.actor import Actor

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"

SCHEMA_VERSION: Final = 1
MAX_BODY_BYTES: Final = 65_535
MAX_TEXT: Final = 200
MAX_DEPTH: Final = 6
NONCE_BYTES: Final = 16
SALT_BYTES: Final = 32
SAFE_INTEGER: Final = 2**53 - 1

_KEY = re.compile(r"[a-z_]{1,60}")
_EVENT = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,60}")
_SUBJECT = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,60}:[A-Za-z0-9._-]{1,80}")
_CLAUSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_PSEUDONYM = re.compile(r"[^\x00-\x1f\x7f@]{1,100}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_WITHOUT_FRACTIONS = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


class UnfitForTheLog(ValueError):
    """What should be written does not belong into the log; the message says which part and why."""


class EntryTooLarge(UnfitForTheLog):
    """The entry would be larger than 65,535 bytes, the most that a bundle of the log can carry."""


def is_event_name(text: str) -> bool:
    """Whether ``text`` reads like ``"prompts.withdrawn"``: the app, a dot, what happened."""
    return _EVENT.fullmatch(text) is not None


def is_subject(text: str) -> bool:
    """Whether ``text`` reads like ``"prompts.prompt:42"``: the app, the thing, its id."""
    return _SUBJECT.fullmatch(text) is not None


def is_clause(text: str) -> bool:
    """Whether ``text`` can be the number of a clause, like ``"4.2"``."""
    return _CLAUSE.fullmatch(text) is not None


def time_text(at: datetime) -> str:
    """Return ``at`` in UTC with microseconds, as entries spell it: ``2026-11-23T12:00:00.000000Z``."""
    if at.tzinfo is None:
        raise UnfitForTheLog("The time of an entry needs its zone.")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def entry_body(
    *,
    event: str,
    actor: Actor,
    subject: str,
    clause: str | None,
    facts: Mapping[str, JSON],
    at: datetime,
    nonce: bytes,
) -> bytes:
    """Return the bytes of an entry, at most 65,535 of them; the same arguments always give the same bytes.

    ``nonce`` is 16 random bytes, so that nobody can guess an entry from its hash. Raises ``UnfitForTheLog``.
    """
    if not is_event_name(event):
        raise UnfitForTheLog(f"{event!r} is not the name of an event (like 'prompts.withdrawn').")
    if not is_subject(subject):
        raise UnfitForTheLog(f"{subject!r} is not a subject (like 'prompts.prompt:42').")
    if clause is not None and not is_clause(clause):
        raise UnfitForTheLog(f"{clause!r} is not the number of a clause (like '4.2').")
    if not _PSEUDONYM.fullmatch(actor.pseudonym):
        raise UnfitForTheLog("The actor's pseudonym is empty, too long or holds an address or control characters.")
    if len(nonce) != NONCE_BYTES:
        raise UnfitForTheLog(f"A nonce has {NONCE_BYTES} bytes, not {len(nonce)}.")
    _require_fit(facts, "facts", 0)
    try:
        body = _spelt(
            {
                "v": SCHEMA_VERSION,
                "event": event,
                "actor": {"kind": actor.kind.value, "pseudonym": actor.pseudonym},
                "subject": subject,
                "clause": clause,
                "facts": _plain(facts),
                "at": time_text(at),
                "nonce": nonce.hex(),
            }
        )
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise UnfitForTheLog(f"An entry could not be written as canonical JSON: {error}.") from error
    if len(body) > MAX_BODY_BYTES:
        raise EntryTooLarge(f"An entry has at most {MAX_BODY_BYTES:,} bytes, not {len(body):,}.")
    return body


def commitment_of(text: str, salt: bytes) -> str:
    """Return SHA-256 over the 32-byte salt followed by the text in UTF-8, as 64 hexadecimal digits."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"A salt has {SALT_BYTES} bytes, not {len(salt)}.")
    # Lone surrogates can reach us from a browser; they are kept apart from every valid text.
    return hashlib.sha256(salt + text.encode("utf-8", "surrogatepass")).hexdigest()


def _require_fit(value: JSON, where: str, depth: int) -> None:
    """Walk through the facts and refuse the first that is not a fact."""
    if depth > MAX_DEPTH:
        raise UnfitForTheLog(f"{where} is nested more than {MAX_DEPTH} deep.")
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, int | float):
        # NaN compares with nothing and is refused here too.
        if not -SAFE_INTEGER <= value <= SAFE_INTEGER:
            raise UnfitForTheLog(f"{where} is {value}, which not every JSON reader keeps (±(2^53 - 1) is safe).")
    elif isinstance(value, str):
        _require_short_text(value, where)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str) or not _KEY.fullmatch(key):
                raise UnfitForTheLog(f"{where} has the key {key!r}; keys are 1 to 60 of a-z and _.")
            _require_fit(item, f"{where}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            _require_fit(item, f"{where}[{position}]", depth + 1)
    else:
        raise UnfitForTheLog(f"{where} is a {type(value).__name__}, which JSON does not know.")


def _require_short_text(value: str, where: str) -> None:
    if len(value) > MAX_TEXT:
        raise UnfitForTheLog(
            f"{where} has {len(value):,} characters of text and at most {MAX_TEXT} are kept; use commit_to() instead."
        )
    if _CONTROL.search(value):
        raise UnfitForTheLog(f"{where} holds control characters; use commit_to() for free text.")
    # Looked for only around an @: in a long word without one, the pattern would begin anew at every letter.
    if "@" in value and _ADDRESS.search(value):
        raise UnfitForTheLog(f"{where} looks like a mail address, and the log holds no personal data.")


def _spelt(value: Mapping[str, JSON]) -> bytes:
    """Return a value as RFC 8785 spells it.

    Only numbers with a fraction need its own writer. Everything else Python's encoder, which is several times as fast,
    spells the same way: sorted by code points, ASCII keys stand in the order of UTF-16 too.
    """
    if _has_fraction(value):
        return rfc8785.dumps(value)
    return _WITHOUT_FRACTIONS.encode(value).encode()


def _has_fraction(value: JSON) -> bool:
    if isinstance(value, str):
        return False
    if isinstance(value, Mapping):
        return any(map(_has_fraction, value.values()))
    return isinstance(value, float) or (isinstance(value, list) and any(map(_has_fraction, value)))


def _plain(value: JSON) -> JSON:
    """Return the value in dicts, lists and exact built-in types, which is all that the writer of JSON accepts."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int | float):
        return int(value) if isinstance(value, int) else float(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value]
