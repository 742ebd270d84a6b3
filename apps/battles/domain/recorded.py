"""Putting together an answer of a recorded model: the same model gives the same answer to the same question.

A model has a quality and habits of its own (short or long, lists or prose, bold or plain), so that invented models
differ as real ones do, in what they say and in how they say it.
"""

import hashlib
import random
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_QUALITY: Final = re.compile(r"(?P<name>.+)/(?P<quality>0?\.\d+|0|1|1\.0+)")
# How much one answer of a model is better or worse than its others, in qualities.
_MOOD: Final = 0.14
_EXCELLENT, _GOOD, _FAIR = 0.72, 0.5, 0.3
# Scripts that a short question already tells its language by.
_SCRIPTS: Final = {
    "ja": re.compile("[\u3040-\u30ff]"),
    "hi": re.compile("[\u0900-\u097f]"),
    "ar": re.compile("[\u0600-\u06ff]"),
}
_WORD: Final = re.compile(r"[^\s.,;:!?¿¡«»\"'()]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One point of an answer: a short head and what it says."""

    head: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """The parts of answers to some questions in one language; ``words`` are what such a question holds.

    ``lead`` and ``also`` are two good openings, ``weak`` a poor one; ``greeting`` and ``in_short`` are the language's.
    """

    language: str
    category: str
    questions: tuple[str, ...]
    words: tuple[str, ...]
    lead: str
    also: str
    weak: str
    points: tuple[Point, ...]
    caveat: str
    slip: str
    code: str = ""
    greeting: str = ""
    in_short: str = ""


class Form(StrEnum):
    """How a model likes to lay out its points."""

    PROSE = "prose"
    BULLETS = "bullets"
    NUMBERED = "numbered"
    HEADED = "headed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What all answers of one model have in common; ``quality`` is 0 to 1, ``pace`` in words a second."""

    quality: float
    form: Form
    bold: bool
    wordy: bool
    greets: bool
    concludes: bool
    pace: float


def habits_of(remote_name: str) -> Habits:
    """Return a model's habits, which follow from its name; a name such as ``"aurora-4/0.82"`` says its quality."""
    stated = _QUALITY.fullmatch(remote_name)
    chance = _chance(stated["name"] if stated else remote_name)
    quality = chance.uniform(0.3, 0.8)
    return Habits(
        quality=float(stated["quality"]) if stated else quality,
        form=chance.choice(list(Form)),
        bold=chance.random() < 0.5,  # noqa: PLR2004
        wordy=chance.random() < 0.4,  # noqa: PLR2004
        greets=chance.random() < 0.25,  # noqa: PLR2004
        concludes=chance.random() < 0.3,  # noqa: PLR2004
        pace=chance.uniform(22, 55),
    )


def answer_of(topic: Topic, *, remote_name: str, prompt: str) -> str:
    """Return a model's answer in Markdown; the better the model, the more of what is right and the less of the slip."""
    habits = habits_of(remote_name)
    chance = _chance(f"{remote_name}\n{prompt}")
    quality = habits.quality + chance.gauss(0, _MOOD)
    opening = topic.lead if chance.random() < 0.5 else topic.also  # noqa: PLR2004
    number, opening, closing = _measure_of(quality, topic, opening, wordy=habits.wordy)
    laid_out = _laid_out(_some(topic.points, number, chance), habits)
    if topic.code and quality >= _FAIR:
        laid_out.insert(0, f"```\n{topic.code}\n```")
    if habits.concludes and quality >= _GOOD and "\n" not in opening:
        return "\n\n".join([*laid_out, f"{topic.in_short} {opening}"])
    if habits.greets:
        opening = f"{topic.greeting} {opening}"
    return "\n\n".join([opening, *laid_out, *closing])


def _measure_of(quality: float, topic: Topic, opening: str, *, wordy: bool) -> tuple[int, str, list[str]]:
    """Return how many points an answer of some quality makes, how it opens and how it closes."""
    if quality >= _EXCELLENT:
        return len(topic.points), opening, [topic.caveat]
    if quality >= _GOOD:
        return 3, opening, [topic.caveat] * wordy
    if quality >= _FAIR:
        return 2, topic.weak, []
    return 1, topic.weak, [topic.slip]


def topic_for(prompt: str, *, topics: Sequence[Topic], general: Mapping[str, Topic]) -> Topic:
    """Return the topic whose words the question holds most of, else the general one in its language (or English)."""
    plain = _folded(prompt)
    best = max(topics, key=lambda topic: _hits(topic, plain), default=None)
    if best is not None and _hits(best, plain):
        return best
    for language, script in _SCRIPTS.items():
        if script.search(prompt):
            return general[language]
    words = _WORD.findall(plain)
    scores = {language: sum(words.count(word) for word in topic.words) for language, topic in general.items()}
    language = max(scores, key=lambda code: (scores[code], code == "en"))
    return general[language if scores[language] else "en"]


def paced_pieces(text: str) -> list[str]:
    """Return a text cut into pieces as a model would send them: words, or a few characters without spaces."""
    return re.findall(r"\s*[^\s\u3040-\u30ff\u4e00-\u9fff]+|\s*[\u3040-\u30ff\u4e00-\u9fff]{1,3}|\s+$", text)


def _hits(topic: Topic, plain: str) -> int:
    return sum(len(word) for word in topic.words if _folded(word) in plain)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())


def _some(points: Sequence[Point], number: int, chance: random.Random) -> list[Point]:
    """Return some of the points in their order."""
    chosen = sorted(chance.sample(range(len(points)), min(number, len(points))))
    return [points[place] for place in chosen]


def _laid_out(points: Sequence[Point], habits: Habits) -> list[str]:
    heads = [f"**{point.head}**" if habits.bold else point.head for point in points]
    match habits.form:
        case Form.PROSE:
            return [" ".join(point.text for point in points)] if not habits.wordy else [point.text for point in points]
        case Form.BULLETS:
            return ["\n".join(f"- {head}: {point.text}" for head, point in zip(heads, points, strict=True))]
        case Form.NUMBERED:
            numbered = enumerate(zip(heads, points, strict=True), start=1)
            return ["\n".join(f"{number}. {head}: {point.text}" for number, (head, point) in numbered)]
        case Form.HEADED:
            return [f"### {point.head}\n\n{point.text}" for point in points]


def _chance(seed: str) -> random.Random:
    """Return the chance that belongs to a text, the same on every machine."""
    digest = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))  # noqa: S311 - It plays a model; it guards nothing.
