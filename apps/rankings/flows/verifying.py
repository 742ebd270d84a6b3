"""A published snapshot computed again from the votes: it holds, it differs, or it holds but for votes erased since."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import numpy as np

from apps.rankings.domain.ballot_tree import tree_over
from apps.rankings.domain.following import what_does_not_follow
from apps.rankings.domain.kernels import chosen_kernels
from apps.rankings.domain.membership import EVERYONE
from apps.rankings.domain.method import MICRO
from apps.rankings.domain.version import ENGINE_VERSION
from apps.rankings.flows.fitting import fit_layer
from apps.rankings.flows.sealing_input import input_is_whole
from apps.rankings.models import Board, FactKind, Method, Snapshot
from apps.rankings.queries import CountedVotes, boards_made_in, counted_in, erased_since, published_facts
from apps.rankings.services import FittedBoard

Report = Callable[[str, int, int], None]
_SHOWN: Final = 10
_EXACT: Final = (FactKind.PAIR_COUNTS, FactKind.EVIDENCE)
_FIELDS: Final = ("rating", "lower", "upper", "rank", "rank_low", "rank_high", "votes", "contributors")


class Verdict(StrEnum):
    """The three answers."""

    HOLDS = "holds"
    DIFFERS = "differs"
    HOLDS_BUT = "holds but for votes erased since"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at, in a sentence."""

    holds: bool
    says: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Difference:
    """Where a number that was computed again is another one; ``points`` is by how much, 0 where it is no rating."""

    points: float
    board: str
    what: str

    def __str__(self) -> str:
        return f"{self.board}: {self.what}" + (f" ({self.points:g} points)" if self.points else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found. ``erased`` counts votes of people who were erased since; ``without_them`` is by how many points
    the ratings of everybody move without these votes, None where that cannot be told.
    """

    snapshot: int
    verdict: Verdict
    checks: tuple[Check, ...]
    differences: tuple[Difference, ...]
    bits: bool
    erased: int
    without_them: float | None

    @property
    def largest(self) -> list[Difference]:
        """The largest differences first, the first ten of them."""
        return sorted(self.differences, reverse=True)[:_SHOWN]

    def sentence(self) -> str:
        """Return the answer in a sentence or two."""
        to_what = "to the last bit" if self.bits else "in whole published numbers (another version or other loops)"
        if self.verdict is Verdict.DIFFERS:
            boards = sorted({one.board for one in self.differences})
            where = f": {', '.join(boards[:_SHOWN])}" if boards else ""
            return f"Snapshot {self.snapshot} differs{where}."
        if self.verdict is Verdict.HOLDS:
            return f"Snapshot {self.snapshot} holds; compared {to_what}."
        moved = "there is no board"
        if self.without_them is not None:
            moved = f"everybody's ratings differ by at most {self.without_them:g} points"
        return (
            f"Snapshot {self.snapshot} holds but for {self.erased:,} votes erased since: the root still holds, compared"
            f" {to_what}; recomputed without them {moved}."
        )


def verify_snapshot(*, snapshot: Snapshot, report: Report | None = None) -> Verification:
    """Compute a snapshot's root, counts and boards again from the votes that it counted, and compare.

    Looked at are everybody's boards and those of segments that were computed for this snapshot; a board that stands
    is looked at in its own. Boards without what was sold since, and those of imported files, are not.
    """
    tell = report or (lambda _phase, _done, _total: None)
    tell("reading votes", 0, 1)
    counted = counted_in(snapshot)
    gone = np.isin(counted.columns.people, np.array(erased_since(snapshot), np.int64))
    checks = [*_of_the_whole(snapshot, counted)]
    boards = boards_made_in(snapshot)
    same_loops = snapshot.code_version == f"{ENGINE_VERSION} ({chosen_kernels().name})"
    everybody: list[Difference] = []
    segments: list[Difference] = []
    layers = sorted({_layer(board.segment) for board in boards})
    for done, layer in enumerate(layers):
        tell("fitting boards", done, len(layers))
        mine = [board for board in boards if _layer(board.segment) == layer]
        again = fit_layer(counted, layer, {board.segment for board in mine}, snapshot.method)
        found = list(_differences(mine, again, exact=same_loops))
        if layer == EVERYONE:
            everybody += found
        else:
            segments += found
    tell("fitting boards", len(layers), len(layers))
    checks += _of_boards(boards, everybody, segments)
    # What the erased had declared is gone, so their votes have left the segments; the whole keeps them.
    is_excused = bool(gone.any()) and all(check.holds for check in checks[:-1])
    fine = all(check.holds for check in checks)
    verdict = Verdict.HOLDS if fine and not gone.any() else Verdict.HOLDS_BUT if is_excused else Verdict.DIFFERS
    return Verification(
        snapshot=snapshot.pk,
        verdict=verdict,
        checks=tuple(checks),
        differences=(*everybody, *segments),
        bits=same_loops,
        erased=int(np.count_nonzero(gone)),
        without_them=_moved_without(snapshot, counted, gone, boards) if gone.any() else 0.0,
    )


def _layer(segment: str) -> str:
    return ",".join(part.partition("=")[0] for part in segment.split(","))


def _of_the_whole(snapshot: Snapshot, counted: CountedVotes) -> Iterator[Check]:
    root = tree_over(counted.columns.public_ids, counted.columns.leaves).root.hex() if len(counted.votes) else ""
    same = root == snapshot.votes_root or not len(counted.votes)
    yield Check(holds=same, says=f"the root over the counted votes is {snapshot.votes_root}")
    yield Check(
        holds=len(counted.votes) == snapshot.votes_counted, says=f"{snapshot.votes_counted:,} votes were counted"
    )
    left_out = dict(Counter(one.because for one in counted.aside))
    yield Check(
        holds=left_out == snapshot.left_out, says=f"{sum(snapshot.left_out.values()):,} votes were left out, as said"
    )
    said = published_facts(snapshot)
    in_log = (said.get("votes_root"), said.get("votes_counted"), said.get("left_out"))
    mine = (snapshot.votes_root, snapshot.votes_counted, snapshot.left_out)
    yield Check(holds=in_log == mine, says="the log says the same of root and counts")
    if snapshot.input_sha256:
        whole = input_is_whole(snapshot, counted)
        here = "is what these votes give" if whole is not None else "is not on this machine; it can be made again"
        yield Check(holds=whole is not False, says=f"the sealed input {here}")


def _of_boards(boards: list[Board], everybody: list[Difference], segments: list[Difference]) -> Iterator[Check]:
    for board in boards:
        evidence = next((fact.data for fact in board.facts.all() if fact.kind == FactKind.EVIDENCE), None)
        if evidence is not None:
            ratings = {line.model_id: (line.rating, line.lower, line.upper) for line in board.ratings.all()}
            wrong = what_does_not_follow(evidence, board.fit["parameters"], ratings)
            says = f"the {board.method} board of everybody follows from its evidence"
            yield Check(holds=not wrong, says=" ".join([says, *wrong[:3]]))
    whole = [board for board in boards if board.segment == EVERYONE]
    yield Check(holds=not everybody, says=f"every number of {len(whole)} boards of everybody")
    # This one comes last: erasing somebody changes it, and nothing else.
    yield Check(holds=not segments, says=f"every number of {len(boards) - len(whole)} boards of segments")


def _differences(published: list[Board], again: list[FittedBoard], *, exact: bool) -> Iterator[Difference]:
    found = {(board.segment, board.method): board for board in again}
    for board in published:
        name = f"{board.segment} ({board.method})"
        other = found.get((board.segment, Method(board.method)))
        if other is None or other.suppressed_because:
            yield Difference(points=0.0, board=name, what="cannot be computed from these votes")
            continue
        if (board.votes, board.contributors) != (other.votes, other.contributors):
            yield Difference(points=0.0, board=name, what=f"{board.votes:,} votes said, {other.votes:,} found")
        yield from _of_ratings(name, board, other)
        if board.fit.get("style") != other.fit.get("style"):
            yield Difference(points=0.0, board=name, what="the style coefficients")
        if exact:
            kept = {fact.kind: fact.data for fact in board.facts.all() if fact.kind in _EXACT}
            for kind in _EXACT:
                if kept.get(kind) != other.facts.get(kind):
                    yield Difference(points=0.0, board=name, what=f"the table {kind.value}, in some bit")


def _of_ratings(name: str, board: Board, other: FittedBoard) -> Iterator[Difference]:
    again = {line.model_id: line for line in other.ratings}
    for line in board.ratings.all():
        fresh = again.pop(line.model_id, None)
        if fresh is None:
            yield Difference(points=0.0, board=name, what=f"{line.model.name} is not ranked")
            continue
        wrong = [field for field in _FIELDS if getattr(line, field) != getattr(fresh, field)]
        if wrong:
            points = abs(line.rating - fresh.rating) / MICRO
            yield Difference(points=points, board=name, what=f"{line.model.name}: {', '.join(wrong)}")
    if again:
        yield Difference(points=0.0, board=name, what=f"{len(again)} more models are ranked")


def _moved_without(
    snapshot: Snapshot, counted: CountedVotes, gone: "np.typing.NDArray[np.bool_]", boards: list[Board]
) -> float | None:
    """Return the largest move of a rating of everybody where the erased people's votes are left out, in points."""
    board = next((one for one in boards if (one.segment, one.method) == (EVERYONE, Method.PLAIN)), None)
    if board is None or gone.all():
        return None
    less = replace(
        counted,
        votes=counted.votes.take(~gone),
        columns=counted.columns.take(~gone),
        released=counted.released[~gone],
    )
    again = _plain_of_everybody(less, snapshot.method)
    moves = [abs(line.rating - again[line.model_id]) / MICRO for line in board.ratings.all() if line.model_id in again]
    return max(moves) if moves else None


def _plain_of_everybody(counted: CountedVotes, rules: Mapping[str, Any]) -> dict[int, int]:
    boards = fit_layer(counted, EVERYONE, {EVERYONE}, rules)
    plain = next(board for board in boards if board.method == Method.PLAIN)
    return {line.model_id: line.rating for line in plain.ratings}
