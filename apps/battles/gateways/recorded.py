"""The recorded provider: sample answers written for the demo, spoken to nobody, paced like a model."""

import asyncio
import functools
import tomllib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from apps.battles.domain.recorded import Point, Topic, answer_of, habits_of, paced_pieces, topic_for
from apps.battles.models import Endpoint

_FOLDER: Final = Path(__file__).resolve().parent.parent / "recordings"


class RecordedProvider:
    """Answers from the recordings; which answer depends on the model's name and the question alone."""

    def __init__(self, *, haste: float = 1.0) -> None:
        self._haste = haste

    async def stream(self, prompt: str, endpoint: Endpoint) -> AsyncGenerator[str, None]:
        """Yield the answer word by word, ``haste`` times as fast as the model speaks."""
        pause = 1 / (habits_of(endpoint.remote_name).pace * self._haste)
        for piece in paced_pieces(recorded_answer(prompt, remote_name=endpoint.remote_name)):
            await asyncio.sleep(pause)
            yield piece


def recorded_answer(prompt: str, *, remote_name: str) -> str:
    """Return the whole answer of a recorded model; ``remote_name`` as in ``habits_of``."""
    topics, general = _recordings()
    topic = topic_for(prompt, topics=topics, general=general)
    return answer_of(topic, remote_name=remote_name, prompt=prompt)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleQuestion:
    """A question that the recordings have a fitting answer to; language in BCP 47, category as prompts have it."""

    language: str
    category: str
    text: str


def sample_questions() -> tuple[SampleQuestion, ...]:
    """Return every question that the recordings were written for."""
    topics, _general = _recordings()
    return tuple(
        SampleQuestion(language=topic.language, category=topic.category, text=question)
        for topic in topics
        for question in topic.questions
    )


@functools.cache
def _recordings() -> tuple[tuple[Topic, ...], dict[str, Topic]]:
    topics, general = [], {}
    for path in sorted(_FOLDER.glob("*.toml")):
        with path.open("rb") as file:
            recorded = tomllib.load(file)
        of_language = {key: recorded["general"][key] for key in ("greeting", "in_short")}
        topics += [_topic(path.stem, parts | of_language) for parts in recorded["topic"]]
        general[path.stem] = _topic(path.stem, recorded["general"])
    return tuple(topics), general


def _topic(language: str, parts: dict[str, Any]) -> Topic:
    return Topic(
        language=language,
        category=parts.get("category", "other"),
        questions=tuple(parts.get("questions", ())),
        words=tuple(parts["words"]),
        lead=parts["lead"],
        also=parts["also"],
        weak=parts["weak"],
        points=tuple(Point(head=head, text=text) for head, text in parts["points"]),
        caveat=parts["caveat"],
        slip=parts["slip"],
        code=parts.get("code", ""),
        greeting=parts["greeting"],
        in_short=parts["in_short"],
    )
