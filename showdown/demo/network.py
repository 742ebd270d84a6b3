"""The whole invented network from one seed and one moment: people, prompts, battles and what became of them."""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Final

from apps.battles.domain.draw import Candidate, Stand, draw_battle, without_makers
from apps.battles.models import BattleState, Choice, SkipReason, VoidReason
from showdown.demo.answers import DemoAnswer, make_answer
from showdown.demo.chance import happens, weighted
from showdown.demo.labs import LABS, MODELS, tied_by_ownership
from showdown.demo.people import ADA, Person, make_people
from showdown.demo.prompts import DemoPrompt, make_prompts, moment
from showdown.demo.votes import (
    COMPLETION,
    Visit,
    choose,
    make_taste,
    pause,
    reading_time,
    sittings,
)
from showdown.demo.words import all_words

SEED: Final = 20260902
DAYS: Final = 150
EXPIRES_AFTER: Final = timedelta(hours=24)  # Clause B2.
_OFTEN_ENOUGH: Final = 6
_A_MOMENT: Final = timedelta(minutes=4)
_YESTERDAY: Final = timedelta(hours=27)
_FRUITLESS: Final = 1.02
"""Some come when nothing in their languages is open."""
_VOIDS: Final = (VoidReason.FAILED, VoidReason.STALLED, VoidReason.TOO_SLOW, VoidReason.EMPTY, VoidReason.CUT)
_LABS: Final = {lab.slug: number for number, lab in enumerate(LABS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How large the network is."""

    contributors: int = 600
    prompts: int = 2000
    votes: int = 30_000

    @classmethod
    def of(cls, *, contributors: int, votes: int) -> "Scale":
        """Return a scale with as many prompts for each vote as the full one has, but enough for every language."""
        return cls(contributors=contributors, votes=votes, prompts=max(min(250, votes // 5), votes // 15))


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoBattle:
    """One invented battle; models are places in ``MODELS``.

    Answers are None when it is void, ``choice`` when nobody voted; ``ended_at`` is when it was voted on, skipped,
    expired or became void, None while it still waits for its vote.
    """

    prompt: int
    voter: int
    left: int
    right: int
    probability: float
    opened_at: datetime
    asked_at: datetime
    answered_at: datetime | None
    state: BattleState
    ended_at: datetime | None
    answers: tuple[DemoAnswer, DemoAnswer] | None = None
    choice: Choice | None = None
    skip_reason: SkipReason | None = None
    void_reason: VoidReason | None = None
    is_left_to_blame: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Everything that was invented, in the order of time."""

    start: datetime
    now: datetime
    people: Sequence[Person]
    prompts: Sequence[DemoPrompt]
    battles: Sequence[DemoBattle]


def make_network(*, seed: int, scale: Scale, now: datetime) -> Network:
    """Return the network of a seed as it is at a moment; the same arguments give the same network."""
    chance = Random(seed)
    start = now - timedelta(days=DAYS)
    people = make_people(chance, scale.contributors, labs=[lab.slug for lab in LABS])
    prompts = make_prompts(chance, people, scale.prompts, start=start, now=now)
    visits = _visits(chance, people, scale.votes, start=start, now=now)
    battles = _Arena(chance, seed, people, prompts, start=start, now=now).fight(visits)
    return Network(start=start, now=now, people=people, prompts=prompts, battles=battles)


def _visits(chance: Random, people: Sequence[Person], votes: int, *, start: datetime, now: datetime) -> list[Visit]:
    """Return when everybody comes to vote, a little oftener than votes are wanted: some battles end without one."""
    wanted = votes * 1000 / COMPLETION["voted"] * _FRUITLESS
    total = sum(person.activity for person in people)
    visits = []
    for person in people:
        for size in sittings(chance, round(wanted * person.activity / total)):
            at = moment(chance, start=start, now=now, not_before=person.joins_at, growth=1.15)
            for _ in range(size):
                if at < now:
                    visits.append(Visit(at=at, voter=person.number))
                at += pause(chance)
    # Ada voted yesterday; she has looked at one more battle a moment ago and not voted yet.
    visits += [Visit(at=now - _YESTERDAY + step * timedelta(minutes=3), voter=ADA) for step in range(5)]
    visits.append(Visit(at=now - _A_MOMENT, voter=ADA, stays=True))
    return sorted(visits, key=lambda visit: (visit.at, visit.voter))


class _Arena:
    """The battles in the order of time; remembers what is open, who saw what, and every answer that was given."""

    def __init__(
        self,
        chance: Random,
        seed: int,
        people: Sequence[Person],
        prompts: Sequence[DemoPrompt],
        *,
        start: datetime,
        now: datetime,
    ) -> None:
        self.chance, self.seed, self.people, self.prompts = chance, seed, people, prompts
        self.start, self.now = start, now
        self.tastes = [make_taste(chance) for _ in people]
        self.seen: set[tuple[int, int]] = set()
        self.answers: dict[tuple[int, int], DemoAnswer] = {}
        self.open: dict[str, list[int]] = defaultdict(list)
        self.coming = sorted(
            (prompt.open_from, prompt.number) for prompt in prompts if prompt.open_from and prompt.open_from < now
        )
        self.coming.reverse()
        self.leaving: list[tuple[datetime, int]] = []
        self.candidates: dict[tuple[str, int], tuple[Candidate, ...]] = {}

    def fight(self, visits: Iterable[Visit]) -> list[DemoBattle]:
        """Return the battles of all visits; a visit without anything to read comes to nothing."""
        battles = []
        for visit in visits:
            self._let_in_and_out(visit.at)
            voter = self.people[visit.voter]
            prompt = self._prompt_for(voter)
            if prompt is not None:
                battles.append(self._fought(self._opened(visit.at, voter, prompt), visit, voter, prompt))
        return battles

    def _let_in_and_out(self, at: datetime) -> None:
        while self.coming and self.coming[-1][0] <= at:
            prompt = self.prompts[self.coming.pop()[1]]
            self.open[prompt.language].append(prompt.number)
            insort(self.leaving, (prompt.open_until, prompt.number))
        while self.leaving and self.leaving[0][0] <= at:
            prompt = self.prompts[self.leaving.pop(0)[1]]
            self.open[prompt.language].remove(prompt.number)

    def _prompt_for(self, voter: Person) -> DemoPrompt | None:
        """Return a prompt in one of the voter's languages, new to them and not their own while there is one."""
        spoken = [language for language in voter.languages if self.open[language]]
        if not spoken:
            return None
        seen_before = None
        for _ in range(_OFTEN_ENOUGH):
            language = spoken[0] if happens(self.chance, 0.75) else self.chance.choice(spoken)
            prompt = self.prompts[self.chance.choice(self.open[language])]
            if prompt.author == voter.number:
                continue
            if (voter.number, prompt.number) not in self.seen:
                self.seen.add((voter.number, prompt.number))
                return prompt
            seen_before = prompt
        return seen_before

    def _opened(self, at: datetime, voter: Person, prompt: DemoPrompt) -> DemoBattle:
        """Draw two models for a voter and a prompt, and ask them."""
        draw = draw_battle(self._candidates(voter, at), chance=self.chance)
        return DemoBattle(
            prompt=prompt.number,
            voter=voter.number,
            left=draw.left.model_id,
            right=draw.right.model_id,
            probability=draw.probability,
            opened_at=at,
            asked_at=at + timedelta(seconds=self.chance.uniform(0.2, 0.9)),
            answered_at=None,
            state=BattleState.ANSWERING,
            ended_at=None,
        )

    def _fought(self, battle: DemoBattle, visit: Visit, voter: Person, prompt: DemoPrompt) -> DemoBattle:
        """Return what became of a battle that was asked for."""
        chance = self.chance
        fate = "stays" if visit.stays else weighted(chance, COMPLETION)
        if fate == "voided":
            return replace(
                battle,
                state=BattleState.VOIDED,
                ended_at=battle.asked_at + timedelta(seconds=chance.uniform(2, 60)),
                void_reason=chance.choice(_VOIDS),
                is_left_to_blame=happens(chance, 0.5),
            )
        left, right = self._answer(prompt, battle.left), self._answer(prompt, battle.right)
        longest = timedelta(milliseconds=max(left.last_token_ms, right.last_token_ms) + chance.uniform(20, 90))
        battle = replace(battle, answers=(left, right), answered_at=battle.asked_at + longest, state=BattleState.READY)
        done_at = battle.asked_at + longest + reading_time(chance, left, right, language=prompt.voice)
        if fate == "expired":
            done_at = battle.opened_at + EXPIRES_AFTER + timedelta(seconds=chance.uniform(1, 290))
        if fate == "stays" or done_at >= self.now:
            return battle
        match fate:
            case "expired":
                return replace(battle, state=BattleState.EXPIRED, ended_at=done_at)
            case "skipped":
                reason = chance.choice(list(SkipReason))
                return replace(battle, state=BattleState.SKIPPED, ended_at=done_at, skip_reason=reason)
        choice = choose(
            chance,
            voter,
            self.tastes[voter.number],
            language=prompt.language,
            left=(MODELS[battle.left], left),
            right=(MODELS[battle.right], right),
        )
        return replace(battle, state=BattleState.VOTED, ended_at=done_at, choice=choice)

    def _candidates(self, voter: Person, at: datetime) -> tuple[Candidate, ...]:
        """Return the models that are drawn for a voter at a time: there then, and not made by their employer's ties."""
        day = (self.now - at).days
        key = voter.employer, day
        if key not in self.candidates:
            standing = tuple(
                Candidate(
                    model_id=number,
                    organization_id=_LABS[model.lab],
                    stands=(Stand(endpoint_id=number, weight=model.weight),),
                )
                for number, model in enumerate(MODELS)
                if model.stands(days_ago=day)
            )
            barred = {_LABS[slug] for slug in tied_by_ownership(voter.employer)} if voter.employer in _LABS else set()
            self.candidates[key] = without_makers(standing, barred)
        return self.candidates[key]

    def _answer(self, prompt: DemoPrompt, model: int) -> DemoAnswer:
        """Return a model's answer to a prompt: the same one each time, as a recorded model gives it."""
        key = prompt.number, model
        if key not in self.answers:
            words = all_words()[prompt.voice]
            self.answers[key] = make_answer(
                Random(f"{self.seed}/{prompt.number}/{model}"),
                words,
                words.topics[prompt.topic],
                a=prompt.a,
                b=prompt.b,
                model=MODELS[model],
            )
        return self.answers[key]


__all__ = ["ADA", "DAYS", "SEED", "DemoBattle", "Network", "Scale", "make_network"]
