"""Chance at the desk, over what chance does in the arena; a small model says what must come of each step."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

import pytest
from django.utils import timezone
from hypothesis.stateful import invariant

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.licensing.flows import approve, cancel, open_now, retire_due_clusters, seal
from apps.licensing.models import Offer, OfferState, Release, ReleaseState
from apps.licensing.services import (
    CannotMerge,
    HoldsRowsTakenBack,
    Sealing,
    StillLocked,
    TakenOut,
    draft_release,
    merge_clusters,
)
from apps.prompts.models import Cluster
from tests.licensing.chance_arena import Arena, Lot, one_of, step
from tests.licensing.offered import BUILDER, proved, when_the_lock_is_over, with_editions
from tests.licensing.offers_besieged import breaches_of_offers
from tests.licensing.races import TAGGED_BEFORE, TAGS
from tests.licensing.verdicts import breaches

NIGHT: Final = Actor.system("licensing.retire_due")
STUCK: Final = "stuck"


class Desk(Arena):
    """The same platform with an officer and two approvers."""

    approvers: ClassVar[Sequence[User]]

    @step(lambda self: 1 if len(self.prompts) > 1 else 0)
    def merges(self, lot: Lot) -> None:
        firsts = [prompts[0].cluster_id or 0 for prompts in self.prompts.values()]
        pairs = [(one, other) for one in firsts for other in firsts]
        # Most of them are refused, which is soon seen often enough.
        possible = [pair for pair in pairs if self.wall.may_merge(*pair)]
        merged, kept = one_of(lot, one_of(lot, [possible or pairs, pairs]))
        act: Callable[[], Any] = lambda: merge_clusters(  # noqa: E731 - Called in one of two ways below.
            actor=NIGHT, merged=Cluster(pk=merged), kept=Cluster.objects.get(pk=kept), now=timezone.now()
        )
        if self.wall.merge(merged, kept):
            act()
            self.reached["merged"] += 1
        else:
            with pytest.raises(CannotMerge):
                act()
            self.reached["not merged"] += 1

    @step(lambda self: 3 if self.wall.battles else 0)
    def time_passes_and_the_night_comes(self, lot: Lot) -> None:
        self._pass_days(one_of(lot, [20, 61, 61, 100]))

    def _pass_days(self, days: int) -> None:
        self.world.rewritten(
            "battles_battle",
            "UPDATE battles_battle SET last_event_at = last_event_at - make_interval(hours => 24 * %s)"
            " WHERE id = ANY(%s) AND id NOT IN (SELECT battle_id FROM eligible_battle)",
            days,
            list(self.wall.battles),
        )
        self.wall.pass_days(days)
        retire_due_clusters(actor=NIGHT)
        self.wall.retire_due()

    def _sellable(self) -> list[int]:
        """Return the battles that a draft of today would sell."""
        return self.wall.passing(
            [battle.id for battle in self._in("voted")], without_consent=self.without_consent, withdrawn=self.withdrawn
        )

    @step(lambda self: 0 if self.drafts or not self._in("voted") else 5 if self._sellable() else 1)
    def drafts_a_release(self, _lot: Lot) -> None:
        wanted = [battle.id for battle in self._in("voted")]
        release = draft_release(
            actor=self.world.officer.as_actor(),
            licensee=self.world.licensee,
            title="By lot",
            filters={"models": [self.models[0].slug]},
            now=timezone.now(),
        )
        assert sorted(release.candidates.values_list("battle_id", flat=True)) == sorted(wanted)
        self.drafts[release.pk] = wanted

    @step(lambda self: 4 if self.drafts else 0)
    def seals(self, _lot: Lot) -> None:
        release, wanted = self.drafts.popitem()
        passing = self.wall.passing(wanted, without_consent=self.without_consent, withdrawn=self.withdrawn)
        self._count_what_is_left_out(wanted)
        act: Callable[[], Release] = lambda: seal(  # noqa: E731 - Called in one of two ways below.
            actor=self.world.officer.as_actor(), release_id=release, mode=Sealing.PAST_THE_WALL
        )
        if not passing:
            with pytest.raises(TakenOut):
                act()
            self.reached["nothing to sell"] += 1
            return
        assert act().items == len(passing)
        self.wall.seal(release, passing)
        self.reached["sealed"] += 1
        self.sealed[release] = OfferState.BUILDING

    def _count_what_is_left_out(self, wanted: Sequence[int]) -> None:
        """Count for what reasons battles past the wall are left out, which only a long walk comes by."""
        for small in (self.wall.battles[battle] for battle in wanted):
            if small.is_eligible:
                self.reached["left out: consent"] += bool({small.author, small.voter} & self.without_consent)
                self.reached["left out: vote"] += small.is_excluded
                self.reached["left out: prompt"] += small.prompt in self.withdrawn
                self.reached["left out: unscreened"] += not small.is_screened

    def _offered(self, state: str) -> list[int]:
        """Return the releases whose offers have come so far."""
        return [release for release, so_far in self.sealed.items() if so_far == state]

    # Seldom, or nothing would ever stay sold for long enough to matter.
    @step(lambda self: 1 if self.sealed else 0)
    def gives_a_release_up(self, lot: Lot) -> None:
        release = one_of(lot, list(self.sealed))
        cancelled = cancel(actor=self.world.officer.as_actor(), release_id=release)
        assert cancelled.state == ReleaseState.CANCELLED
        self.reached[f"given up: {self.sealed.pop(release)}"] += 1
        self.wall.cancel(release)
        self.reached["given up"] += 1

    @step(lambda self: 6 if self._offered(OfferState.BUILDING) else 0)
    def two_people_approve(self, lot: Lot) -> None:
        release = one_of(lot, self._offered(OfferState.BUILDING))
        offer = with_editions(Offer.objects.get(release_id=release))
        for person in self.approvers:
            offer = approve(actor=proved(person), offer_id=offer.pk, digest=offer.digest)
        assert offer.state == OfferState.ANNOUNCED
        self.sealed[release] = OfferState.ANNOUNCED
        with pytest.raises(StillLocked):
            open_now(actor=BUILDER, offer_id=offer.pk)

    @step(lambda self: 6 if self._offered(OfferState.ANNOUNCED) else 0)
    def the_lock_is_over(self, lot: Lot) -> None:
        offer = Offer.objects.get(release_id=one_of(lot, self._offered(OfferState.ANNOUNCED)))
        when_the_lock_is_over(self.world, offer)
        items = [battle for battle in self.wall.battles.values() if battle.release == offer.release_id]
        if self.wall.unfit(items, without_consent=self.without_consent, withdrawn=self.withdrawn):
            with pytest.raises(HoldsRowsTakenBack):
                open_now(actor=BUILDER, offer_id=offer.pk)
            # Its rows would have to be taken out of the files first, which are none here.
            self.sealed[offer.release_id] = STUCK
            self.reached["not opened"] += 1
        else:
            assert open_now(actor=BUILDER, offer_id=offer.pk).state == OfferState.OPEN
            self.sealed[offer.release_id] = OfferState.OPEN
            self.reached["opened"] += 1

    def _count_turnings(self) -> None:
        """Count what became of clusters and battles in the last step, as the model has it."""
        certified = {each.id for each in self.wall.clusters.values() if each.is_certified}
        tagged = {(each.id, each.tag) for each in self.wall.battles.values() if each.tag}
        apart = {(each.id, sold) for each in self.wall.clusters.values() for sold in each.near}
        for name, now, before in (
            ("retired", certified, self.certified),
            ("alive again", self.certified, certified),
            ("kept apart", apart, self.apart),
            ("apart no more", self.apart, apart),
        ):
            self.reached[name] += len(now - before)
        self.reached.update(tag for _battle, tag in tagged - self.tagged)
        self.certified, self.tagged, self.apart = certified, tagged, apart

    # --- What must hold after each step ---

    @invariant()
    def the_database_agrees_and_nothing_is_broken(self) -> None:
        type(self).steps += 1
        clusters, battles = list(self.wall.clusters), list(self.wall.battles)
        self._count_turnings()
        read = self.world.owner.execute
        certified = read("SELECT cluster_id FROM retired_cluster WHERE cluster_id = ANY(%s)", [clusters])
        assert {row[0] for row in certified} == {each.id for each in self.wall.clusters.values() if each.is_certified}
        near = read("SELECT cluster_id, released_cluster_id FROM near_released WHERE cluster_id = ANY(%s)", [clusters])
        assert set(near.fetchall()) == {(each.id, sold) for each in self.wall.clusters.values() for sold in each.near}
        merged = read("SELECT id, merged_into_id FROM prompts_cluster WHERE id = ANY(%s)", [clusters])
        assert dict(merged.fetchall()) == {each.id: each.merged_into for each in self.wall.clusters.values()}
        seen = read(
            "SELECT b.id, b.state, b.tag, e.battle_id IS NOT NULL, i.release_id,"
            " (SELECT array_agg(cluster_id ORDER BY cluster_id) FROM battle_cluster c WHERE c.battle_id = b.id)"
            " FROM battles_battle b LEFT JOIN eligible_battle e ON e.battle_id = b.id"
            " LEFT JOIN release_item i ON i.battle_id = b.id WHERE b.id = ANY(%s) ORDER BY b.id",
            [battles],
        ).fetchall()
        assert seen == [
            (each.id, each.state, each.tag, each.is_eligible, each.release, sorted(each.clusters))
            for each in self.wall.battles.values()
        ]
        # Time passes for events and not for sales, so what was tagged lies before the sale after a while.
        assert breaches(self.world, clusters, ignoring=[TAGS, TAGGED_BEFORE]) == []
        assert [breach for release in self.sealed for breach in breaches_of_offers(self.world, release)] == []
