"""The invented votes: how often people come, what they are shown, and how they choose from the true strengths."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from apps.battles.models import Choice
from showdown.demo.answers import DemoAnswer, scale_of
from showdown.demo.chance import happens
from showdown.demo.labs import MODELS, ModelSpec
from showdown.demo.people import Habit, Person

POSITION: Final = 0.12
"""What standing left is worth to everybody, in log-odds."""
STYLE: Final[Mapping[str, float]] = {"tokens": 0.0030, "headers": 0.05, "lists": 0.02, "bold": 0.03}
"""What one more of each is worth, in log-odds; a token of a script without spaces counts as half of one."""
TIES: Final = 0.5
"""Davidson's parameter: 0 is never a tie; 0.5 gives about a fifth between equals."""
TASTE: Final = 0.2
"""The standard deviation of one voter's own opinion of one model, in log-odds."""
BOTH_BAD: Final = -0.6
"""How a tie between two average models leans: below 0 towards both good."""

RIGGED: Final = "sextant"
"""The model for which some were paid to vote."""

SESSION: Final = 7.0
"""Battles in one sitting, on average."""
COMPLETION: Final[Mapping[str, int]] = {"voted": 955, "skipped": 14, "expired": 22, "voided": 9}
"""What becomes of 1,000 battles."""

_READING_TOKENS_A_SECOND: Final = 6.0
_STRENGTHS: Final = {model.slug: model.strength for model in MODELS}


@dataclass(slots=True)
class Taste:
    """One voter's opinions of their own, by model."""

    of: dict[str, float]


def make_taste(chance: Random) -> Taste:
    """Draw what one voter thinks of each model beside its strength."""
    return Taste({model.slug: chance.gauss(0.0, TASTE) for model in MODELS})


def strength_for(model: ModelSpec, *, country: str, language: str) -> float:
    """Return a model's true log-odds for an audience: a voter's country and a prompt's language."""
    told = model.audiences
    return model.strength + told.get(f"country={country}", 0.0) + told.get(f"language={language}", 0.0)


def style_worth(answer: DemoAnswer, language: str) -> float:
    """Return what an answer's looks are worth, in log-odds."""
    looks = answer.measures
    return (
        STYLE["tokens"] * looks.tokens / scale_of(language)
        + STYLE["headers"] * looks.headers
        + STYLE["lists"] * looks.lists
        + STYLE["bold"] * looks.bold
    )


def choose(
    chance: Random,
    voter: Person,
    taste: Taste,
    *,
    language: str,
    left: tuple[ModelSpec, DemoAnswer],
    right: tuple[ModelSpec, DemoAnswer],
) -> Choice:
    """Return what a voter says about two answers, by habit or by Davidson's model (1970) with looks and position."""
    match voter.habit:
        case Habit.COIN:
            return chance.choices((Choice.LEFT, Choice.RIGHT, Choice.BOTH_GOOD, Choice.BOTH_BAD), (45, 45, 5, 5))[0]
        case Habit.LEFT:
            return Choice.LEFT if happens(chance, 0.93) else Choice.RIGHT
        case Habit.RIGGING:
            return _rigged(chance, left[0], right[0])
        case Habit.HONEST:
            pass
    worth = [
        strength_for(model, country=voter.country, language=language)
        + taste.of[model.slug]
        + style_worth(answer, language)
        for model, answer in (left, right)
    ]
    gap = worth[0] - worth[1] + POSITION
    wins, loses = math.exp(gap / 2), math.exp(-gap / 2)
    drawn = chance.random() * (wins + loses + TIES)
    if drawn < wins:
        return Choice.LEFT
    if drawn < wins + loses:
        return Choice.RIGHT
    lean = BOTH_BAD - 1.2 * (left[0].strength + right[0].strength) / 2
    return Choice.BOTH_BAD if happens(chance, 1 / (1 + math.exp(-lean))) else Choice.BOTH_GOOD


def _rigged(chance: Random, left: ModelSpec, right: ModelSpec) -> Choice:
    """Vote for the target, and in every other battle for the weaker side, which draws the leaders down to it."""
    if RIGGED in {left.slug, right.slug}:
        return Choice.LEFT if left.slug == RIGGED else Choice.RIGHT
    is_left_weaker = _STRENGTHS[left.slug] < _STRENGTHS[right.slug]
    prefers_weaker = happens(chance, 0.8)
    return Choice.LEFT if is_left_weaker == prefers_weaker else Choice.RIGHT


def reading_time(chance: Random, left: DemoAnswer, right: DemoAnswer, language: str) -> timedelta:
    """Return how long somebody looks at two answers before they decide."""
    tokens = (left.measures.tokens + right.measures.tokens) / scale_of(language)
    return timedelta(seconds=2 + tokens / _READING_TOKENS_A_SECOND * chance.lognormvariate(0.0, 0.4))


def sittings(chance: Random, wanted: int) -> list[int]:
    """Split a number of battles into sittings, most of them short."""
    parts = []
    while wanted > 0:
        size = min(wanted, 1 + int(chance.expovariate(1 / SESSION)), 60)
        parts.append(size)
        wanted -= size
    return parts


def pause(chance: Random) -> timedelta:
    """Return the time between two battles of one sitting, the reading included."""
    return timedelta(seconds=70 + chance.expovariate(1 / 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One wish to vote: who, and when; who ``stays`` has not voted when the history ends."""

    at: datetime
    voter: int
    stays: bool = False
