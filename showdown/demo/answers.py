"""The invented answers: short texts whose length and Markdown are their model's habit, and the times shown."""

from dataclasses import dataclass
from random import Random
from typing import Final

from apps.battles.domain.measures import Measures, count_tokens, measure
from showdown.demo.chance import happens
from showdown.demo.labs import ModelSpec
from showdown.demo.words import Topic, Words

_SPREAD: Final = 0.3
# A character of a script without spaces counts as a token, so answers in one count about twice as many.
_UNSPACED: Final = frozenset({"ja", "th"})
_UNSPACED_FACTOR: Final = 2.2
_PACE: Final = (28.0, 60.0)  # tokens a second, of the slowest and the quickest model


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAnswer:
    """One model's answer to one prompt, with its measures and when its first and last token were shown."""

    text: str
    measures: Measures
    first_token_ms: int
    last_token_ms: int


def scale_of(language: str) -> float:
    """Return how many times as many tokens the same answer has in a language."""
    return _UNSPACED_FACTOR if language in _UNSPACED else 1.0


def make_answer(chance: Random, words: Words, topic: Topic, *, a: str, b: str, model: ModelSpec) -> DemoAnswer:
    """Return a model's answer to one question on a topic."""
    wanted = model.tokens * scale_of(words.language) * chance.lognormvariate(0.0, _SPREAD)
    opening = chance.choice(words.openings).replace("{a}", a).replace("{b}", b or a)
    points = [("", fact) for fact in topic.facts] + list(words.points)
    chance.shuffle(points)
    chosen: list[tuple[str, str]] = []
    length = count_tokens(opening)
    while points and (length < wanted or not chosen):
        chosen.append(points.pop())
        length += count_tokens(chosen[-1][1]) + 1
    parts = [opening, *_laid_out(chance, chosen, model.markdown)]
    if length < wanted or happens(chance, 0.4):
        parts.append(chance.choice(words.closings))
    text = "\n\n".join(parts)
    measures = measure(text)
    first = round(model.first_token_ms * chance.lognormvariate(0.0, 0.25))
    pace = chance.uniform(*_PACE) * scale_of(words.language)
    return DemoAnswer(
        text=text,
        measures=measures,
        first_token_ms=first,
        last_token_ms=first + round(1000 * measures.tokens / pace),
    )


def _laid_out(chance: Random, points: list[tuple[str, str]], markdown: float) -> list[str]:
    """Lay the points out as headed sections, a list or prose; the fonder of Markdown, the more of it."""
    bold = happens(chance, markdown)
    form = chance.random()
    if form < markdown * 0.35:
        return [f"### {head}\n\n{text}" if head else text for head, text in points]
    if form < markdown:
        is_numbered = happens(chance, 0.5)
        lines = [
            f"{f'{place}.' if is_numbered else '-'} {_headed(head, text, bold=bold)}"
            for place, (head, text) in enumerate(points, start=1)
        ]
        return ["\n".join(lines)]
    half = (len(points) + 1) // 2
    sentences = [_headed(head, text, bold=bold and place == 0) for place, (head, text) in enumerate(points)]
    return [" ".join(part) for part in (sentences[:half], sentences[half:]) if part]


def _headed(head: str, text: str, *, bold: bool) -> str:
    return f"**{head}:** {text}" if head and bold else text
