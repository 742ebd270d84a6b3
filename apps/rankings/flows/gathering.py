"""What a night is computed from: which votes exactly, so that every worker on every machine computes from the same."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from apps.policy.queries import clause
from apps.rankings.domain.ballot_columns import BallotColumns
from apps.rankings.domain.packing import packed, unpacked
from apps.rankings.domain.votes import Counts
from apps.rankings.flows.months import month_from_database, month_from_file
from apps.rankings.gateways.month_files import LAYOUT
from apps.rankings.queries import (
    Aside,
    CountedVotes,
    Overlay,
    counted_of,
    is_closed,
    is_up_to_date,
    kept_months,
    months_of_votes,
    networks_of_people,
    one_moment,
    overlay_of,
)
from apps.rankings.services import call_partition_stale

Tell = Callable[[int, int], None]


class VotesDiffer(ValueError):
    """The votes of a month are no longer those that the run began with; somebody was erased meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MonthInput:
    """The votes of one month that the night counts: how many, their hash, and their ids unless all of them count."""

    month: date
    rows: int
    sha256: str
    ids: Counts | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NightInput:
    """Which of the platform's votes a night reads, and what was decided about them, at one moment."""

    taken_at: datetime
    months: tuple[MonthInput, ...]
    overlay: Overlay

    def to_bytes(self, told: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> bytes:
        """Return it as a part's result, together with what was planned from it."""
        mine: dict[str, NDArray[Any]] = {
            f"ids of {month.month}": month.ids for month in self.months if month.ids is not None
        }
        mine["aside"] = np.array([one.vote_id for one in self.overlay.aside], np.int64)
        mine["released"] = self.overlay.released
        mine["networks"] = self.overlay.networks
        return packed(
            {
                **told,
                "taken_at": self.taken_at.isoformat(),
                "months": [[one.month.isoformat(), one.rows, one.sha256] for one in self.months],
                "aside": [[one.because, one.clause] for one in self.overlay.aside],
            },
            {**mine, **arrays},
        )

    @classmethod
    def from_bytes(cls, kept: bytes) -> tuple[Self, dict[str, Any], dict[str, NDArray[Any]]]:
        """Return it with the plan that was made from it."""
        told, arrays = unpacked(kept)
        aside = zip(arrays["aside"].tolist(), told["aside"], strict=True)
        months = tuple(
            MonthInput(month=date.fromisoformat(month), rows=rows, sha256=sha256, ids=arrays.get(f"ids of {month}"))
            for month, rows, sha256 in told["months"]
        )
        overlay = Overlay(
            aside=tuple(Aside(vote_id=vote_id, because=because, clause=clause) for vote_id, (because, clause) in aside),
            released=arrays["released"],
            networks=arrays["networks"],
        )
        return cls(taken_at=datetime.fromisoformat(told["taken_at"]), months=months, overlay=overlay), told, arrays


def gather(*, taken_at: datetime, tell: Tell) -> tuple[NightInput, BallotColumns]:
    """Read the platform's votes up to a moment: closed months from their files, all others from the database.

    Everything that the database says is of one moment. A month whose file is unfit is read from the database too.
    """
    months, parts, unfit = [], [], []
    with one_moment():
        tallies, kept = months_of_votes(until=taken_at), kept_months(layout=LAYOUT)
        for done, tally in enumerate(tallies):
            tell(done, len(tallies))
            row, columns = kept.get(tally.month), None
            if row is not None and is_closed(tally.month, taken_at) and is_up_to_date(row, tally):
                columns = month_from_file(row)
                unfit += [tally.month] if columns is None else []
            is_kept = columns is not None
            if columns is None:
                columns = month_from_database(tally.month, until=taken_at)
            months.append(
                MonthInput(
                    month=tally.month,
                    rows=len(columns),
                    sha256=row.content_sha256 if row is not None and is_kept else columns.sha256(),
                    ids=None if is_kept else columns.vote_ids,
                )
            )
            parts.append(columns)
        overlay = overlay_of(None, until=taken_at)
        if clause("R1").parameters.get("network_cap") is not None:
            overlay = replace(overlay, networks=networks_of_people())
    for month in unfit:
        call_partition_stale(month=month, now=taken_at)
    return NightInput(taken_at=taken_at, months=tuple(months), overlay=overlay), BallotColumns.joined(parts)


def gather_again(night: NightInput) -> BallotColumns:
    """Return the same votes on another worker. Raises ``VotesDiffer`` where they are not the same any more."""
    parts, kept = [], kept_months(layout=LAYOUT)
    for month in night.months:
        row, columns = kept.get(month.month), None
        if row is not None and row.content_sha256 == month.sha256:
            columns = month_from_file(row)
        if columns is None:
            columns = month_from_database(month.month, until=night.taken_at)
            if month.ids is not None:
                columns = columns.take(np.isin(columns.vote_ids, month.ids))
            if columns.sha256() != month.sha256:
                raise VotesDiffer(f"The votes of {month.month:%Y-%m} changed while the boards were computed.")
        parts.append(columns)
    return BallotColumns.joined(parts)


_HELD: Final = 1


@lru_cache(maxsize=_HELD)
def _counted(key: str, source: "_Source") -> CountedVotes:
    return counted_of(source.columns(), source.night.overlay)


class _Source:
    """Hides from the cache what the votes are made from: the key alone tells whether they are the same."""

    def __init__(self, night: NightInput, columns: BallotColumns | None) -> None:
        self.night, self._columns = night, columns

    def columns(self) -> BallotColumns:
        return self._columns if self._columns is not None else gather_again(self.night)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Source)

    def __hash__(self) -> int:
        return 0


def counted_votes_of(night: NightInput, *, key: str, columns: BallotColumns | None = None) -> CountedVotes:
    """Return a night's votes as the engine takes them; a worker holds those of one run, so that it reads them once.

    ``key`` is the hash of the part that gathered them; ``columns`` spares reading them where they are at hand.
    """
    return _counted(key, _Source(night, columns))


def forget_votes() -> None:
    """Let go of the votes of the last run."""
    _counted.cache_clear()
