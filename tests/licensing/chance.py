"""Chance at the desk and in the arena, through the services; a small model says what must come of each step."""

import random
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import count
from typing import Any, ClassVar, Final

import pytest
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.battles.models import Battle, Choice, Endpoint
from apps.battles.services import (
    BattleIsOver,
    add_turn,
    cast_vote,
    claim_answers,
    confirm_answers,
    exclude_votes,
    expire_battle,
    open_battle,
)
from apps.contributors.models import ConsentKind, Contributor
from apps.contributors.services import withdraw_consent
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
from apps.prompts.models import Cluster, Prompt
from apps.prompts.services import screen_prompt, submit_prompt, withdraw_prompt
from tests.battles.arena import PLATFORM, add_model, both
from tests.conftest import make_contributor, make_person
from tests.licensing.offered import BUILDER, proved, when_the_lock_is_over, with_editions
from tests.licensing.offers_besieged import breaches_of_offers
from tests.licensing.races import TAGGED_BEFORE, TAGS
from tests.licensing.small_model import SmallBattle, SmallCluster, SmallWall
from tests.licensing.verdicts import breaches
from tests.licensing.world import World

NIGHT: Final = Actor.system("licensing.retire_due")
SCREENING: Final = Actor.system("prompts.screen_due")
WORDS: Final = (
    "anchor", "basil", "candle", "dolphin", "ember", "fiddle", "garden", "harbour", "island", "jasmine", "kettle",
    "lantern", "meadow", "needle", "orchard", "pepper", "quarry", "ribbon", "saddle", "thimble", "umbrella", "velvet",
    "willow", "yonder", "zither", "copper", "marble", "timber", "feather", "pebble",
)  # fmt: skip
_numbers = count(1)


class Desk(RuleBasedStateMachine):
    """One small platform: two voters, an author, an officer, and whatever they do."""

    world: ClassVar[World]
    approvers: ClassVar[Sequence[User]]
    steps: ClassVar[int] = 0
    # What a long walk must come by, or it proves little.
    reached: ClassVar[set[str]] = set()

    families = Bundle("families")

    def __init__(self) -> None:
        super().__init__()
        number = next(_numbers)
        self.wall = SmallWall()
        self.chance = random.Random(number)
        self.author, *self.voters = (self._person(f"{name}-{number}") for name in ("author", "voter", "other"))
        self.without_consent: set[int] = set()
        self.withdrawn: set[int] = set()
        self.prompts: dict[int, list[Prompt]] = {}
        self.founders: dict[int, list[int]] = {}
        self.drafts: dict[int, list[int]] = {}
        self.sealed: list[int] = []
        # Two models of its own, so that nobody else's battles match its drafts.
        Endpoint.objects.update(is_active=False)
        labs = [model.organization for model in self.world.models]
        self.models = [add_model(f"Model {number} of {lab.name}", lab) for lab in labs]
        Endpoint.objects.filter(model__in=self.models).update(redistribution_allowed=True)

    def _person(self, name: str) -> User:
        user = make_person(name, Role.CONTRIBUTOR)
        make_contributor(user)
        self.world.owner.execute(
            "UPDATE contributors_consent SET given_at = now() - interval '10000 hours' WHERE contributor_id = %s",
            [Contributor.objects.get(account=user).pk],
        )
        return user

    # --- Words ---

    @initialize(target=families)
    def first_words(self) -> int:
        return self._something_new()

    @rule(target=families)
    def writes_something_new(self) -> int:
        return self._something_new()

    def _something_new(self) -> int:
        family = next(_numbers)
        self.prompts[family] = []
        self.founders[family] = []
        self._submit(family, f"{' '.join(self.chance.sample(WORDS, 14))} {' '.join(self.chance.sample(WORDS, 4))}")
        return family

    @rule(family=families, is_same=st.booleans())
    def writes_alike(self, family: int, is_same: bool) -> None:
        first = self.prompts[family][0].text
        self._submit(family, first if is_same else f"{first} {self.chance.choice(WORDS)}")

    def _submit(self, family: int, text: str) -> None:
        prompt = submit_prompt(
            actor=self.author.as_actor(),
            text=text,
            language="en",
            category="knowledge",
            submission_key=uuid.uuid4(),
            now=timezone.now(),
        )
        prompt = screen_prompt(actor=SCREENING, prompt_id=prompt.pk, now=timezone.now())
        assert prompt.state == "approved", list(prompt.hints.values())
        assert prompt.cluster_id is not None
        assert prompt.cluster_id == self._placed(family, text, prompt.cluster_id)
        self.prompts[family].append(prompt)

    def _placed(self, family: int, text: str, found: int) -> int:
        """Say where words belong; ``found`` is the id that a newly founded cluster got."""
        near = [self.wall.living(cluster) for cluster in self.founders[family]]
        twins = [prompt for prompt in self.prompts[family] if prompt.text == text]
        open_ones = [cluster for cluster in near if not self.wall.is_sold(cluster)]
        if twins:
            home = self.wall.living(twins[0].cluster_id or 0)
        elif open_ones:
            home = open_ones[0]
        else:
            home = found
            assert home not in self.wall.clusters
            self.wall.clusters[home] = SmallCluster(id=home)
            self.founders[family].append(home)
        for other in dict.fromkeys(near):
            self.wall.note(home, other)
        return self.wall.living(home)

    # --- The arena ---

    @rule(family=families, voter=st.integers(0, 1))
    def opens(self, family: int, voter: int) -> None:
        prompt = self.prompts[family][-1]
        if prompt.pk in self.withdrawn:
            return
        actor = self.voters[voter].as_actor()
        battle = open_battle(actor=actor, prompt=prompt, opening_key=uuid.uuid4(), now=timezone.now(), rng=self.chance)
        claim_answers(actor=actor, battle_id=battle.pk, now=timezone.now())
        confirm_answers(actor=PLATFORM, battle_id=battle.pk, answers=both(), now=timezone.now())
        small = SmallBattle(
            id=battle.pk, voter=self.voters[voter].pk, author=self.author.pk, clusters=set(), prompt=prompt.pk
        )
        self.wall.battles[battle.pk] = small
        self.wall.words(small, self.wall.living(prompt.cluster_id or 0))

    def _in(self, *states: str) -> list[SmallBattle]:
        return [battle for battle in self.wall.battles.values() if battle.state in states]

    @precondition(lambda self: self._in("ready"))
    @rule(is_at_once=st.booleans())
    def votes(self, is_at_once: bool) -> None:
        waiting = self._in("ready")
        small = waiting[-1] if is_at_once else waiting[0]
        voter = next(voter for voter in self.voters if voter.pk == small.voter)
        cast_vote(actor=voter.as_actor(), battle=Battle(pk=small.id), choice=Choice.LEFT, now=timezone.now())
        small.state = "voted"
        self.wall.event(small)

    @precondition(lambda self: self._in("ready"))
    @rule(family=families, kind=st.sampled_from(["same", "alike", "short", "personal"]))
    def writes_a_turn(self, family: int, kind: str) -> None:
        small = self.chance.choice(self._in("ready", "voted"))
        first = self.prompts[family][0].text
        text = {
            "same": first,
            "alike": f"{first} {self.chance.choice(WORDS)}",
            "short": "go on",
            "personal": f"Write to maria.souza@prefeitura.gov.br about {' '.join(self.chance.sample(WORDS, 14))}.",
        }[kind]
        voter = next(voter for voter in self.voters if voter.pk == small.voter)
        add: Callable[[], Any] = lambda: add_turn(  # noqa: E731 - Called in one of two ways below.
            actor=voter.as_actor(), battle=Battle(pk=small.id), text=text, now=timezone.now()
        )
        if small.state == "voted":
            with pytest.raises(BattleIsOver):
                add()
            return
        turn = add()
        if kind in {"same", "alike"}:
            assert turn.cluster_id == self._placed(family, text, turn.cluster_id)
        elif turn.cluster_id is not None and turn.cluster_id not in self.wall.clusters:
            self.wall.clusters[turn.cluster_id] = SmallCluster(id=turn.cluster_id)
        small.is_screened = small.is_screened and kind != "personal"
        assert (turn.screened_at is not None) == (kind != "personal")
        self.wall.words(small, turn.cluster_id)

    @precondition(lambda self: len(self._in("ready")) > 1)
    @rule()
    def expires(self) -> None:
        small = self.chance.choice(self._in("ready"))
        expire_battle(actor=PLATFORM, battle_id=small.id, now=timezone.now() + timedelta(hours=25))
        small.state = "expired"

    @precondition(lambda self: self.sealed)
    @rule(voter=st.integers(0, 1))
    def excludes(self, voter: int) -> None:
        person = self.voters[voter]
        exclude_votes(
            actor=PLATFORM, contributor=Contributor.objects.get(account=person), clause="I1", now=timezone.now()
        )
        for battle in self.wall.battles.values():
            battle.is_excluded = battle.is_excluded or (battle.voter == person.pk and battle.state == "voted")

    @precondition(lambda self: not self.without_consent and self.sealed)
    @rule(who=st.integers(0, 2))
    def takes_consent_back(self, who: int) -> None:
        person = [self.author, *self.voters][who]
        withdraw_consent(actor=person.as_actor(), kind=ConsentKind.LICENSING, now=timezone.now())
        self.without_consent.add(person.pk)

    @precondition(lambda self: len(self.prompts) > 2)
    @rule(family=families)
    def withdraws_the_prompt(self, family: int) -> None:
        prompt = self.prompts[family][-1]
        if prompt.pk not in self.withdrawn:
            withdraw_prompt(actor=self.author.as_actor(), prompt=prompt, clause=None, now=timezone.now())
            self.withdrawn.add(prompt.pk)

    # --- The desk ---

    @rule(one=families, other=families)
    def merges(self, one: int, other: int) -> None:
        merged, kept = (self.prompts[family][0].cluster_id or 0 for family in (one, other))
        act: Callable[[], Any] = lambda: merge_clusters(  # noqa: E731 - Called in one of two ways below.
            actor=NIGHT, merged=Cluster(pk=merged), kept=Cluster.objects.get(pk=kept), now=timezone.now()
        )
        if self.wall.merge(merged, kept):
            act()
        else:
            with pytest.raises(CannotMerge):
                act()

    @precondition(lambda self: self.wall.battles)
    @rule(days=st.sampled_from([20, 61, 61, 100]))
    def time_passes_and_the_night_comes(self, days: int) -> None:
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

    @precondition(lambda self: self._in("voted") and not self.drafts)
    @rule()
    def drafts_a_release(self) -> None:
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

    @precondition(lambda self: self.drafts)
    @rule()
    def seals(self) -> None:
        release, wanted = self.drafts.popitem()
        passing = self.wall.passing(wanted, without_consent=self.without_consent, withdrawn=self.withdrawn)
        act: Callable[[], Release] = lambda: seal(  # noqa: E731 - Called in one of two ways below.
            actor=self.world.officer.as_actor(), release_id=release, mode=Sealing.PAST_THE_WALL
        )
        if not passing:
            with pytest.raises(TakenOut):
                act()
            return
        assert act().items == len(passing)
        self.wall.seal(release, passing)
        self.reached.add("sealed")
        self.sealed.append(release)

    @precondition(lambda self: self.sealed)
    @rule(lot=st.integers(1, 5))
    def gives_a_release_up(self, lot: int) -> None:
        # Seldom, or nothing would ever stay sold for long enough to matter.
        if lot < 5:
            return
        release = self.sealed.pop()
        cancelled = cancel(actor=self.world.officer.as_actor(), release_id=release)
        assert cancelled.state == ReleaseState.CANCELLED
        self.wall.cancel(release)
        self.reached.add("given up")

    @precondition(lambda self: self.sealed)
    @rule()
    def two_people_approve(self) -> None:
        offer = Offer.objects.get(release_id=self.sealed[-1])
        if offer.state == OfferState.BUILDING:
            offer = with_editions(offer)
            for person in self.approvers:
                offer = approve(actor=proved(person), offer_id=offer.pk, digest=offer.digest)
            assert offer.state == OfferState.ANNOUNCED
            with pytest.raises(StillLocked):
                open_now(actor=BUILDER, offer_id=offer.pk)

    @precondition(lambda self: self.sealed)
    @rule()
    def the_lock_is_over(self) -> None:
        offer = Offer.objects.get(release_id=self.sealed[-1])
        if offer.state != OfferState.ANNOUNCED:
            return
        when_the_lock_is_over(self.world, offer)
        items = [battle for battle in self.wall.battles.values() if battle.release == offer.release_id]
        if self.wall.unfit(items, without_consent=self.without_consent, withdrawn=self.withdrawn):
            with pytest.raises(HoldsRowsTakenBack):
                open_now(actor=BUILDER, offer_id=offer.pk)
            self.reached.add("not opened")
        else:
            assert open_now(actor=BUILDER, offer_id=offer.pk).state == OfferState.OPEN
            self.reached.add("opened")

    # --- What must hold after each step ---

    @invariant()
    def the_database_agrees_and_nothing_is_broken(self) -> None:
        type(self).steps += 1
        clusters, battles = list(self.wall.clusters), list(self.wall.battles)
        self.reached.update(each.tag for each in self.wall.battles.values() if each.tag)
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
