"""Whose signatures are enough (C2SP tlog-policy): the logs, the witnesses, and which of them make a quorum."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from showdown_verify.note import Algorithm, InvalidNote, Verifier, parse_vkey

MAX_POLICY_BYTES: Final = 1_000_000
MAX_NAMES: Final = 1_000
NONE: Final = "none"

_FORBIDDEN: Final = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_THRESHOLD: Final = re.compile(r"[1-9][0-9]{0,8}")
_WORDS: Final = {"log": (2, 3), "witness": (3, 4), "group": (4, 1_000_000), "quorum": (2, 2)}


class InvalidPolicy(ValueError):
    """The file is no policy; the message names the line."""


@dataclass(frozen=True, slots=True)
class Group:
    """Names of witnesses and groups, of which at least ``threshold`` must have signed."""

    threshold: int
    members: tuple[str, ...]


@dataclass(slots=True)
class Policy:
    """A policy that was read; ``quorum`` names a witness, a group, or ``none``."""

    logs: list[Verifier] = field(default_factory=list)
    witnesses: dict[str, Verifier] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str = ""

    @property
    def vkeys(self) -> list[str]:
        """All keys, the logs' and the witnesses'."""
        return [verifier.vkey for verifier in (*self.logs, *self.witnesses.values())]

    def signed_by(self, signers: Collection[tuple[str, bytes]]) -> set[str]:
        """Return the names of witnesses and groups that have signed; signers are names of keys and key ids."""
        have = {name for name, key in self.witnesses.items() if (key.name, key.key_id) in signers}
        # Groups name only what stands above them, so one pass in their order is enough.
        for name, group in self.groups.items():
            if sum(member in have for member in group.members) >= group.threshold:
                have.add(name)
        return have

    def is_met(self, signers: Collection[tuple[str, bytes]]) -> bool:
        """Whether these signatures, all of them verified, make the quorum."""
        return self.quorum == NONE or self.quorum in self.signed_by(signers)

    def describe(self, name: str | None = None) -> str:
        """Return the quorum in words, such as "2 of w1, w2, w3"."""
        name = self.quorum if name is None else name
        group = self.groups.get(name)
        if group is None:
            return "no witness" if name == NONE else name
        return f"{group.threshold} of {', '.join(group.members)}"


def parse_policy(data: bytes) -> Policy:
    """Return the policy in the bytes of a file; raises ``InvalidPolicy``."""
    if len(data) > MAX_POLICY_BYTES:
        raise InvalidPolicy(f"A policy has at most {MAX_POLICY_BYTES:,} bytes.")
    if _FORBIDDEN.search(data):
        raise InvalidPolicy("A policy has no control characters other than tab and newline.")
    policy = Policy()
    keys: set[bytes] = set()
    grouped: set[str] = set()
    # Bytes above ASCII have no meaning here and may be any; what they spell is compared as it is.
    for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), start=1):
        words = [word for word in re.split(r"[ \t]+", line) if word]
        if not words or words[0].startswith("#"):
            continue
        try:
            _read_line(policy, words, keys, grouped)
        except (InvalidNote, InvalidPolicy) as error:
            raise InvalidPolicy(f"Line {number} of the policy: {error}") from None
    if not policy.quorum:
        raise InvalidPolicy("A policy has one line that says quorum.")
    return policy


def _read_line(policy: Policy, words: list[str], keys: set[bytes], grouped: set[str]) -> None:
    keyword, *rest = words
    least, most = _WORDS.get(keyword, (0, 0))
    if not least <= len(words) <= most:
        known = ", ".join(_WORDS)
        raise InvalidPolicy(f"a line begins with one of {known}, and says no more and no less than it needs.")
    if keyword == "log":
        policy.logs.append(_key(rest[0], Algorithm.ED25519, keys))
    elif keyword == "witness":
        _require_new(policy, rest[0])
        policy.witnesses[rest[0]] = _key(rest[1], Algorithm.COSIGNATURE_V1, keys)
    elif keyword == "group":
        _read_group(policy, rest, grouped)
    else:
        if policy.quorum:
            raise InvalidPolicy("there is more than one quorum.")
        if rest[0] != NONE and rest[0] not in policy.witnesses and rest[0] not in policy.groups:
            raise InvalidPolicy("the quorum names a witness or a group of a line above, or none.")
        policy.quorum = rest[0]


def _read_group(policy: Policy, rest: list[str], grouped: set[str]) -> None:
    name, threshold, *members = rest
    _require_new(policy, name)
    for member in members:
        if member not in policy.witnesses and member not in policy.groups:
            raise InvalidPolicy("a group has members that stand on lines above.")
        if member in grouped:
            raise InvalidPolicy("nobody is a member twice.")
        grouped.add(member)
    if threshold in {"all", "any"}:
        needed = len(members) if threshold == "all" else 1
    else:
        needed = int(threshold) if _THRESHOLD.fullmatch(threshold) else 0
    if not 1 <= needed <= len(members):
        raise InvalidPolicy("a group needs all, any, or a number from 1 to the number of its members.")
    policy.groups[name] = Group(needed, tuple(members))


def _require_new(policy: Policy, name: str) -> None:
    if name == NONE or name in policy.witnesses or name in policy.groups:
        raise InvalidPolicy("a name is used twice, or is none.")
    if len(policy.witnesses) + len(policy.groups) >= MAX_NAMES:
        raise InvalidPolicy(f"more than {MAX_NAMES} names.")


def _key(text: str, algorithm: Algorithm, keys: set[bytes]) -> Verifier:
    verifier = parse_vkey(text)
    if verifier.algorithm is not algorithm:
        raise InvalidPolicy("a log has a key for notes (0x01), a witness one for cosignatures (0x04).")
    if verifier.public_key in keys:
        raise InvalidPolicy("the same public key stands there twice.")
    keys.add(verifier.public_key)
    return verifier
