"""Whom the reader trusts, and whether a signed checkpoint is theirs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from showdown_verify.checkpoint import Checkpoint, InvalidCheckpoint, open_checkpoint
from showdown_verify.note import Algorithm, InvalidNote, Note, Signature, known_verifiers, parse_vkey
from showdown_verify.policy import Policy
from showdown_verify.verdict import Broken, CouldNotCheck, Report, shown

_LAST_MOMENT: Final = 253_402_300_799


@dataclass(frozen=True, slots=True)
class Trust:
    """Public keys of logs and witnesses as text, the quorum of a policy, and the log that is meant."""

    vkeys: tuple[str, ...]
    policy: Policy | None = None
    origin: str | None = None

    @property
    def all_vkeys(self) -> tuple[str, ...]:
        """The keys that were given and those of the policy, each once."""
        return tuple(dict.fromkeys((*self.vkeys, *(self.policy.vkeys if self.policy else ()))))

    @property
    def has_a_log(self) -> bool:
        """Whether any of the keys is a log's."""
        return any(parse_vkey(vkey).algorithm is Algorithm.ED25519 for vkey in self.all_vkeys)


def require_keys(vkeys: Iterable[str]) -> tuple[str, ...]:
    """Return the keys; raises ``CouldNotCheck`` for what is none: the reader must hear of a slip of the pen."""
    given = tuple(vkeys)
    try:
        known_verifiers(given)
    except InvalidNote as error:
        raise CouldNotCheck("arguments", error.fault.value, shown(str(error))) from None
    return given


def read_key_lines(data: bytes) -> tuple[str, ...]:
    """Return the keys of a file, one a line; empty lines and those that begin with # are passed over."""
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise CouldNotCheck("arguments", "not-utf-8", "The file of keys is not UTF-8.") from None
    return require_keys(line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#"))


def open_signed(note: bytes, trust: Trust, report: Report, *, where: str = "checkpoint") -> tuple[Checkpoint, Note]:
    """Check a signed checkpoint and its quorum, and write both into the report; raises ``Broken``."""
    checkpoint, opened = _opened(note, trust, origin=trust.origin, where=where)
    report.origin, report.size, report.root = checkpoint.origin, checkpoint.size, checkpoint.root.hex()
    report.hold("signature", f"signed by {_logs(opened)}")
    _require_quorum(opened, trust.policy, report, where)
    return checkpoint, opened


def open_earlier(note: bytes, trust: Trust, report: Report, *, origin: str, where: str) -> Checkpoint:
    """Check that an earlier checkpoint is one that the same log signed; raises ``Broken``."""
    checkpoint, opened = _opened(note, trust, origin=origin, where=where)
    report.hold("earlier signature", f"size {checkpoint.size:,} is signed by {_logs(opened)}")
    return checkpoint


def _opened(note: bytes, trust: Trust, *, origin: str | None, where: str) -> tuple[Checkpoint, Note]:
    if not trust.has_a_log:
        raise CouldNotCheck(
            "signature",
            "no-key",
            "No key of a log is trusted here: give one with --vkey or --keys, from somebody other than the log.",
        )
    try:
        return open_checkpoint(note, trust.all_vkeys, origin)
    except (InvalidNote, InvalidCheckpoint) as error:
        raise Broken("signature", error.fault.value, shown(str(error)), where=where) from None


def _logs(opened: Note) -> str:
    return _listed(each for each in opened.signatures if each.timestamp is None)


def _require_quorum(opened: Note, policy: Policy | None, report: Report, where: str) -> None:
    cosigned = [each for each in opened.signatures if each.timestamp is not None]
    if policy is None:
        if cosigned:
            report.hold("witnesses", f"cosigned by {_listed(cosigned)}")
        report.leave_out("quorum", "no --policy says which witnesses are needed")
        return
    if not policy.is_met({(each.name, each.key_id) for each in cosigned}):
        have = _listed(cosigned) if cosigned else "nobody"
        raise Broken(
            "quorum",
            "quorum-missed",
            f"Needed: {shown(policy.describe())}. Cosigned by {have}.",
            where=where,
        )
    report.hold("quorum", f"{shown(policy.describe())}; cosigned by {_listed(cosigned) if cosigned else 'nobody'}")


def _listed(signatures: Iterable[Signature]) -> str:
    return ", ".join(f"{shown(each.name, 80)} ({each.key_id.hex()}{_moment(each.timestamp)})" for each in signatures)


def _moment(timestamp: int | None) -> str:
    if timestamp is None:
        return ""
    if timestamp > _LAST_MOMENT:
        return f", {timestamp} s"
    return f", {datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M:%S} UTC"
