"""Whose signatures make a checkpoint trustworthy, as a file (C2SP tlog-policy) that verifiers of others read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MAJORITY: Final = "majority"
NONE: Final = "none"
RESERVED_NAMES: Final = frozenset({MAJORITY, NONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyWitness:
    """A witness in force; ``address`` is empty when it only pulls, and then its signature is in no checkpoint."""

    name: str
    vkey: str
    address: str


def quorum_of(witnesses: int) -> int:
    """Return how many of so many witnesses a strict majority is; 0 of 0."""
    return witnesses // 2 + 1 if witnesses else 0


def policy_text(*, log_vkeys: Sequence[str], log_address: str, witnesses: Sequence[PolicyWitness]) -> str:
    """Return the policy: the log's keys, and a strict majority of the witnesses that the log asks."""
    asked = [witness for witness in witnesses if witness.address]
    pulling = [witness for witness in witnesses if not witness.address]
    lines = [
        "# Who must have signed a checkpoint of this log.",
        "# Keep a copy of your own, and compare: a log that lies can change this one.",
        *(f"log {vkey} {log_address}" for vkey in log_vkeys),
        *(f"witness {witness.name} {witness.vkey} {witness.address}" for witness in asked),
        *(f"# {witness.name} only pulls, so its signature is with its owner: {witness.vkey}" for witness in pulling),
    ]
    if asked:
        lines.append(f"group {MAJORITY} {quorum_of(len(asked))} {' '.join(witness.name for witness in asked)}")
    lines.append(f"quorum {MAJORITY if asked else NONE}")
    return "".join(f"{line}\n" for line in lines)
