"""The wall in memory, in a hundred lines: what the services should do, said once more and without a database."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

DAYS: Final = 60


@dataclass
class SmallCluster:
    """One cluster; ``near`` are sold ones that it resembles."""

    id: int
    merged_into: int | None = None
    is_certified: bool = False
    near: set[int] = field(default_factory=set)


@dataclass
class SmallBattle:
    """One battle; ``age`` is the days since its last event."""

    id: int
    voter: int
    author: int
    clusters: set[int]
    prompt: int
    age: float = 0.0
    state: str = "ready"
    tag: str | None = None
    is_eligible: bool = False
    release: int | None = None
    is_screened: bool = True
    is_excluded: bool = False


class SmallWall:
    """All clusters and battles, and what happens on them."""

    def __init__(self) -> None:
        self.clusters: dict[int, SmallCluster] = {}
        self.battles: dict[int, SmallBattle] = {}
        self.alike: set[tuple[int, int]] = set()

    def on(self, cluster: int) -> list[SmallBattle]:
        """Return the battles of a cluster."""
        return [battle for battle in self.battles.values() if cluster in battle.clusters]

    def is_sold(self, cluster: int) -> bool:
        """Whether a battle of the cluster is in a release."""
        return any(battle.release is not None for battle in self.on(cluster))

    def living(self, cluster: int) -> int:
        """Return the end of a chain of merges."""
        while (further := self.clusters[cluster].merged_into) is not None:
            cluster = further
        return cluster

    def event(self, battle: SmallBattle) -> None:
        """Something happens on a battle."""
        battle.age = 0.0
        for cluster in battle.clusters:
            if self.is_sold(cluster):
                battle.tag = "released"
            else:
                self._uncertify(cluster)
        if battle.tag is None and any(self.clusters[cluster].near for cluster in battle.clusters):
            battle.tag = "near_released"

    def _uncertify(self, cluster: int) -> None:
        if self.clusters[cluster].is_certified:
            for battle in self.on(cluster):
                battle.is_eligible = False
            self.clusters[cluster].is_certified = False

    def words(self, battle: SmallBattle, cluster: int | None) -> None:
        """Further words in a cluster, or in none."""
        if cluster is not None:
            battle.clusters.add(cluster)
        self.event(battle)

    def pass_days(self, days: float) -> None:
        """Let time pass for everything that no certificate holds fast."""
        for battle in self.battles.values():
            if not battle.is_eligible:
                battle.age += days

    def retire_due(self) -> list[int]:
        """Certify what is old enough, lowest id first; return what was."""
        certified = []
        for cluster in sorted(self.clusters):
            held = self.clusters[cluster]
            battles = self.on(cluster)
            if held.is_certified or held.near or not battles or min(each.age for each in battles) < DAYS:
                continue
            held.is_certified = True
            certified.append(cluster)
            for battle in battles:
                others = battle.clusters - {cluster}
                if (
                    battle.state == "voted"
                    and battle.tag is None
                    and all(self.clusters[other].is_certified and not self.is_sold(other) for other in others)
                ):
                    battle.is_eligible = True
        return certified

    def may_merge(self, merged: int, kept: int) -> bool:
        """Whether one can become the other: two that are still there, and nothing of which is sold."""
        both = (self.clusters[merged], self.clusters[kept])
        return merged != kept and not any(each.merged_into is not None or self.is_sold(each.id) for each in both)

    def merge(self, merged: int, kept: int) -> bool:
        """Let one become the other; false when that is refused."""
        if not self.may_merge(merged, kept):
            return False
        both = (self.clusters[merged], self.clusters[kept])
        for each in both:
            self._uncertify(each.id)
        self.clusters[merged].merged_into = kept
        for battle in self.on(merged):
            battle.clusters.add(kept)
        self.clusters[kept].near |= self.clusters[merged].near
        return True

    def bring_together(self, one: int, other: int) -> None:
        """Two are alike."""
        first, second = sorted((self.living(one), self.living(other)))
        sold = (self.is_sold(first), self.is_sold(second))
        if first == second or all(sold):
            return
        if not any(sold):
            self.merge(second, first)
            return
        kept_apart, released = (second, first) if sold[0] else (first, second)
        self._uncertify(kept_apart)
        self.clusters[kept_apart].near.add(released)

    def note(self, one: int, other: int) -> None:
        """Two are found alike: put down as they stand, for good."""
        if self.living(one) != self.living(other):
            self.alike.add((one, other))
            self.bring_together(one, other)

    def passing(self, candidates: Iterable[int], *, without_consent: set[int], withdrawn: set[int]) -> list[int]:
        """Return which of a draft's battles no clause takes out."""
        return sorted(
            battle.id
            for battle in (self.battles[candidate] for candidate in candidates)
            if battle.is_eligible and battle.release is None and battle.is_screened and not battle.is_excluded
            and not {battle.author, battle.voter} & without_consent and battle.prompt not in withdrawn
        )  # fmt: skip

    def unfit(self, battles: Iterable[SmallBattle], *, without_consent: set[int], withdrawn: set[int]) -> bool:
        """Whether something was taken back of any of these since they were sold."""
        return any(
            battle.is_excluded or battle.prompt in withdrawn or {battle.author, battle.voter} & without_consent
            for battle in battles
        )

    def seal(self, release: int, battles: Iterable[int]) -> None:
        """Sell; the other battles of these clusters are eligible for nothing any more."""
        for battle in battles:
            self.battles[battle].release = release
        sold = {cluster for battle in battles for cluster in self.battles[battle].clusters}
        for each in self.battles.values():
            if each.is_eligible and each.release is None and each.clusters & sold:
                each.is_eligible = False

    def cancel(self, release: int) -> None:
        """Give the clusters back; what was kept apart from them becomes one with them."""
        items = [battle for battle in self.battles.values() if battle.release == release]
        given_back = {cluster for battle in items for cluster in battle.clusters}
        for battle in items:
            battle.release = None
        for cluster in given_back:
            self._uncertify(cluster)
        pairs = {pair for pair in self.alike if set(pair) & given_back}
        for each in self.clusters.values():
            pairs |= {(each.id, sold) for sold in each.near & given_back}
            each.near -= given_back
        for one, other in sorted(pairs):
            self.bring_together(one, other)
