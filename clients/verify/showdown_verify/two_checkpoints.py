"""Checking by a file that the later of two signed checkpoints begins with the earlier one."""

from typing import Final

from showdown_verify.checkpoint import Checkpoint
from showdown_verify.claims import Claims
from showdown_verify.merkle import InvalidProof, verify_consistency
from showdown_verify.state import State, require_same_tree
from showdown_verify.trust import Trust, open_earlier, open_signed
from showdown_verify.verdict import Broken, Report

FORMAT: Final = "showdown-consistency-proof/1"
CHECK: Final = "growth"
_EARLIER: Final = "old_checkpoint"
_LATER: Final = "new_checkpoint"


def check_two(claims: Claims, trust: Trust, report: Report, *, state: State | None) -> None:
    """Check both signatures and the proof between them; raises ``Broken`` and ``CouldNotCheck``.

    The quorum of a policy is asked of the later one, since what its witnesses saw includes the earlier.
    """
    earlier_note, later_note, proof = claims.note(_EARLIER), claims.note(_LATER), claims.hashes("proof")
    later, _opened = open_signed(later_note, trust, report, where=_LATER)
    earlier = open_earlier(earlier_note, trust, report, origin=later.origin, where=_EARLIER)
    _require_claimed(claims, "old", earlier)
    _require_claimed(claims, "new", later)
    if earlier.size == later.size and earlier.root != later.root:
        report.evidence += [earlier_note.decode(), later_note.decode()]
        raise Broken(CHECK, "fork", f"The log has signed two roots for size {later.size:,}.", where=_LATER)
    try:
        verify_consistency(
            old_size=earlier.size, new_size=later.size, old_root=earlier.root, new_root=later.root, proof=proof
        )
    except InvalidProof as error:
        raise Broken(CHECK, error.fault.value, str(error), where="proof") from None
    report.hold(CHECK, f"the tree of {later.size:,} begins with the one of {earlier.size:,}, both signed")
    _compare(state, (earlier, later), report)


def _require_claimed(claims: Claims, which: str, signed: Checkpoint) -> None:
    if claims.number(f"{which}_size") != signed.size or claims.hash(f"{which}_root") != signed.root:
        raise Broken(CHECK, "other-tree", "Size and root beside a checkpoint are not those that are signed.")


def _compare(state: State | None, both: tuple[Checkpoint, Checkpoint], report: Report) -> None:
    """Compare with what was seen; what the proof shows beyond that is not remembered, so the state stays as it is."""
    seen = state.logs.get(both[1].origin) if state else None
    if seen is None:
        report.leave_out("consistency", "nothing was seen of this log before (see --state)")
        return
    try:
        for checkpoint in both:
            require_same_tree(seen, checkpoint)
    except Broken:
        report.evidence.append(seen.note)
        raise
    if any(seen.checkpoint.size == checkpoint.size for checkpoint in both):
        report.hold("consistency", "one of them is the checkpoint that was seen before")
    else:
        report.leave_out("consistency", "neither of them has the size of the one that was seen")
