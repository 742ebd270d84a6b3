"""Chance in the arena, through the services: words, battles, votes, and what is taken back of them."""

import random
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import wraps
from itertools import count
from typing import Any, ClassVar, Final, TypeVar

import pytest
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

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
from apps.prompts.models import Prompt
from apps.prompts.services import screen_prompt, submit_prompt, withdraw_prompt
from tests.battles.arena import PLATFORM, add_model, both
from tests.conftest import make_contributor, make_person
from tests.licensing.small_model import SmallBattle, SmallCluster, SmallWall
from tests.licensing.world import World

SCREENING: Final = Actor.system("prompts.screen_due")
WORDS: Final = (
    "anchor", "basil", "candle", "dolphin", "ember", "fiddle", "garden", "harbour", "island", "jasmine", "kettle",
    "lantern", "meadow", "needle", "orchard", "pepper", "quarry", "ribbon", "saddle", "thimble", "umbrella", "velvet",
    "willow", "yonder", "zither", "copper", "marble", "timber", "feather", "pebble",
)  # fmt: skip
_numbers = count(1)
Thing = TypeVar("Thing")
Machine = TypeVar("Machine", bound="Arena")
Lot = st.DataObject
# How often each step is taken while others can be; zero where it cannot be taken at all.
WEIGHTS: Final[dict[str, Callable[[Any], int]]] = {}


def step(
    weight: Callable[[Any], int],
) -> Callable[[Callable[[Machine, Lot], None]], Callable[[Machine, Lot], None]]:
    """Let chance take this step by its weight, and count how often it comes through."""

    def weighed(act: Callable[[Machine, Lot], None]) -> Callable[[Machine, Lot], None]:
        @wraps(act)
        def taken(machine: Machine, lot: Lot) -> None:
            act(machine, lot)
            machine.reached[act.__name__] += 1

        WEIGHTS[act.__name__] = weight
        return taken

    return weighed


def one_of(lot: Lot, things: Sequence[Thing]) -> Thing:
    """Draw one of some things."""
    return lot.draw(st.sampled_from(things))


class Arena(RuleBasedStateMachine):
    """One small platform: an author, two voters, and whatever they write, vote and take back."""

    world: ClassVar[World]
    steps: ClassVar[int] = 0
    # How often a walk came by each step and each turning; one that comes by too little proves little.
    reached: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        number = next(_numbers)
        self.wall = SmallWall()
        self.number = number
        self.chance = random.Random(number)
        self.author, *self.voters = (self._person(f"{name}-{number}") for name in ("author", "voter", "other"))
        self.without_consent: set[int] = set()
        self.withdrawn: set[int] = set()
        self.prompts: dict[int, list[Prompt]] = {}
        self.founders: dict[int, list[int]] = {}
        self.drafts: dict[int, list[int]] = {}
        # What is sold, and how far its offer has come.
        self.sealed: dict[int, str] = {}
        self.certified: set[int] = set()
        self.tagged: set[tuple[int, str]] = set()
        self.apart: set[tuple[int, int]] = set()
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

    # --- The walk ---

    @initialize(lot=st.integers(0, 2**32), battles=st.integers(0, 3))
    def begins(self, lot: int, battles: int) -> None:
        """Write first words, and usually a few votes of long ago, which can be sold before much has happened."""
        # Other words than any walk before, or they would be copies.
        self.chance = random.Random(f"{self.number}/{lot}")
        for _number in range(2):
            family = self._something_new()
            for number in range(battles):
                self._vote(self._open(family, number % 2))
        if battles:
            self._pass_days(61)

    # One rule that weighs its steps, and not a rule for each: of many, Hypothesis leaves some out of every walk, and
    # gives a walk up that cannot go on without them. A sale needs seven of them one after the other.
    @rule(lot=st.data())
    def goes_on(self, lot: Lot) -> None:
        """Take one of the steps that can be taken."""
        weighed = [(WEIGHTS[name](self), name) for name in sorted(WEIGHTS)]
        # Hypothesis likes the first of anything, and some of its walks know nothing else.
        weighed.sort(key=lambda each: each[0], reverse=True)
        getattr(self, one_of(lot, [name for weight, name in weighed for _time in range(weight)]))(lot)

    def _pass_days(self, days: int) -> None:
        raise NotImplementedError

    def _family(self, lot: Lot) -> int:
        return one_of(lot, list(self.prompts))

    # --- Words ---

    @step(lambda self: 1 if len(self.prompts) < 6 else 0)
    def writes_something_new(self, _lot: Lot) -> None:
        self._something_new()

    def _something_new(self) -> int:
        family = next(_numbers)
        self.prompts[family] = []
        self.founders[family] = []
        self._submit(family, f"{' '.join(self.chance.sample(WORDS, 14))} {' '.join(self.chance.sample(WORDS, 4))}")
        return family

    @step(lambda _self: 2)
    def writes_alike(self, lot: Lot) -> None:
        family = self._family(lot)
        first = self.prompts[family][0].text
        self._submit(family, one_of(lot, [first, f"{first} {self.chance.choice(WORDS)}"]))

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

    def _standing(self) -> list[int]:
        """Return the families whose last words nobody took back."""
        return [family for family, prompts in self.prompts.items() if prompts[-1].pk not in self.withdrawn]

    def _in(self, *states: str) -> list[SmallBattle]:
        return [battle for battle in self.wall.battles.values() if battle.state in states]

    @step(lambda self: 4 if self._standing() else 0)
    def opens(self, lot: Lot) -> None:
        self._open(one_of(lot, self._standing()), one_of(lot, [0, 1]))

    def _open(self, family: int, voter: int) -> SmallBattle:
        prompt = self.prompts[family][-1]
        actor = self.voters[voter].as_actor()
        battle = open_battle(actor=actor, prompt=prompt, opening_key=uuid.uuid4(), now=timezone.now(), rng=self.chance)
        claim_answers(actor=actor, battle_id=battle.pk, now=timezone.now())
        confirm_answers(actor=PLATFORM, battle_id=battle.pk, answers=both(), now=timezone.now())
        small = SmallBattle(
            id=battle.pk, voter=self.voters[voter].pk, author=self.author.pk, clusters=set(), prompt=prompt.pk
        )
        self.wall.battles[battle.pk] = small
        self.wall.words(small, self.wall.living(prompt.cluster_id or 0))
        return small

    @step(lambda self: 5 if self._in("ready") else 0)
    def votes(self, lot: Lot) -> None:
        self._vote(self._in("ready")[one_of(lot, [0, -1])])

    def _vote(self, small: SmallBattle) -> None:
        voter = next(voter for voter in self.voters if voter.pk == small.voter)
        cast_vote(actor=voter.as_actor(), battle=Battle(pk=small.id), choice=Choice.LEFT, now=timezone.now())
        small.state = "voted"
        self.wall.event(small)

    @step(lambda self: 3 if self._in("ready") else 0)
    def writes_a_turn(self, lot: Lot) -> None:
        family, kind = self._family(lot), one_of(lot, ["same", "alike", "short", "personal"])
        small = one_of(lot, [*self._in("ready"), *self._in("ready", "voted")])
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
            self.reached["a turn too late"] += 1
            return
        turn = add()
        if kind in {"same", "alike"}:
            assert turn.cluster_id == self._placed(family, text, turn.cluster_id)
        elif turn.cluster_id is not None and turn.cluster_id not in self.wall.clusters:
            self.wall.clusters[turn.cluster_id] = SmallCluster(id=turn.cluster_id)
        small.is_screened = small.is_screened and kind != "personal"
        assert (turn.screened_at is not None) == (kind != "personal")
        self.wall.words(small, turn.cluster_id)

    @step(lambda self: 1 if len(self._in("ready")) > 1 else 0)
    def expires(self, lot: Lot) -> None:
        small = one_of(lot, self._in("ready"))
        expire_battle(actor=PLATFORM, battle_id=small.id, now=timezone.now() + timedelta(hours=25))
        small.state = "expired"

    def _counting(self) -> list[User]:
        """Return the voters with a vote that counts."""
        votes = {battle.voter for battle in self._in("voted") if not battle.is_excluded}
        return [voter for voter in self.voters if voter.pk in votes]

    @step(lambda self: 1 if self.sealed and self._counting() else 0)
    def excludes(self, lot: Lot) -> None:
        person = one_of(lot, self._counting())
        exclude_votes(
            actor=PLATFORM, contributor=Contributor.objects.get(account=person), clause="I1", now=timezone.now()
        )
        for battle in self._in("voted"):
            battle.is_excluded = battle.is_excluded or battle.voter == person.pk

    @step(lambda self: 1 if self.sealed and not self.without_consent else 0)
    def takes_consent_back(self, lot: Lot) -> None:
        # Without the author nothing can be sold any more.
        person = one_of(lot, [self.author, *self.voters, *self.voters])
        withdraw_consent(actor=person.as_actor(), kind=ConsentKind.LICENSING, now=timezone.now())
        self.without_consent.add(person.pk)

    @step(lambda self: 1 if len(self._standing()) > 1 else 0)
    def withdraws_the_prompt(self, lot: Lot) -> None:
        prompt = self.prompts[one_of(lot, self._standing())][-1]
        withdraw_prompt(actor=self.author.as_actor(), prompt=prompt, clause=None, now=timezone.now())
        self.withdrawn.add(prompt.pk)
