"""Chance in the arena, through the services: words, battles, votes, and what is taken back of them."""

import random
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from itertools import count
from typing import Any, ClassVar, Concatenate, Final, ParamSpec, TypeVar, cast

import pytest
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, precondition, rule

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
Told = ParamSpec("Told")
Made = TypeVar("Made")
Machine = TypeVar("Machine", bound="Arena")


def counted(step: Callable[Concatenate[Machine, Told], Made]) -> Callable[Concatenate[Machine, Told], Made]:
    """Count how often chance comes to a step and gets through it."""

    @wraps(step)
    def taken(machine: Machine, *told: Told.args, **drawn: Told.kwargs) -> Made:
        made = step(machine, *told, **drawn)
        machine.reached[step.__name__] += 1
        return made

    return cast("Callable[Concatenate[Machine, Told], Made]", taken)


class Arena(RuleBasedStateMachine):
    """One small platform: an author, two voters, and whatever they write, vote and take back."""

    world: ClassVar[World]
    steps: ClassVar[int] = 0
    # How often a walk came by each step and each turning; one that comes by too little proves little.
    reached: ClassVar[Counter[str]] = Counter()

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

    # --- Words ---

    @initialize(target=families)
    def first_words(self) -> int:
        return self._something_new()

    @rule(target=families)
    @counted
    def writes_something_new(self) -> int:
        return self._something_new()

    def _something_new(self) -> int:
        family = next(_numbers)
        self.prompts[family] = []
        self.founders[family] = []
        self._submit(family, f"{' '.join(self.chance.sample(WORDS, 14))} {' '.join(self.chance.sample(WORDS, 4))}")
        return family

    @rule(family=families, is_same=st.booleans())
    @counted
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
    @counted
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
    @counted
    def votes(self, is_at_once: bool) -> None:
        waiting = self._in("ready")
        small = waiting[-1] if is_at_once else waiting[0]
        voter = next(voter for voter in self.voters if voter.pk == small.voter)
        cast_vote(actor=voter.as_actor(), battle=Battle(pk=small.id), choice=Choice.LEFT, now=timezone.now())
        small.state = "voted"
        self.wall.event(small)

    @precondition(lambda self: self._in("ready"))
    @rule(family=families, kind=st.sampled_from(["same", "alike", "short", "personal"]))
    @counted
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

    @precondition(lambda self: len(self._in("ready")) > 1)
    @rule()
    @counted
    def expires(self) -> None:
        small = self.chance.choice(self._in("ready"))
        expire_battle(actor=PLATFORM, battle_id=small.id, now=timezone.now() + timedelta(hours=25))
        small.state = "expired"

    @precondition(lambda self: self.sealed)
    @rule(voter=st.integers(0, 1))
    @counted
    def excludes(self, voter: int) -> None:
        person = self.voters[voter]
        exclude_votes(
            actor=PLATFORM, contributor=Contributor.objects.get(account=person), clause="I1", now=timezone.now()
        )
        for battle in self.wall.battles.values():
            battle.is_excluded = battle.is_excluded or (battle.voter == person.pk and battle.state == "voted")

    @precondition(lambda self: not self.without_consent and self.sealed)
    @rule(who=st.integers(0, 2))
    @counted
    def takes_consent_back(self, who: int) -> None:
        person = [self.author, *self.voters][who]
        withdraw_consent(actor=person.as_actor(), kind=ConsentKind.LICENSING, now=timezone.now())
        self.without_consent.add(person.pk)

    @precondition(lambda self: len(self.prompts) > 2)
    @rule(family=families)
    @counted
    def withdraws_the_prompt(self, family: int) -> None:
        prompt = self.prompts[family][-1]
        if prompt.pk not in self.withdrawn:
            withdraw_prompt(actor=self.author.as_actor(), prompt=prompt, clause=None, now=timezone.now())
            self.withdrawn.add(prompt.pk)
