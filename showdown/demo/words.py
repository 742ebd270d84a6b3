"""The words of the demo network: what people ask in each language, and the parts of which answers are put together.

They lie in ``words/<language>.toml``. A topic's questions hold ``{a}`` and ``{b}``, each filled from its list; so do
some openings of answers.
"""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_FOLDER: Final = Path(__file__).resolve().parent / "words"
FALLBACK: Final = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Something that people ask about: ``ask`` are whole questions, ``facts`` sentences that only fit this topic."""

    category: str
    ask: tuple[str, ...]
    a: tuple[str, ...]
    b: tuple[str, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Everything that is written in one language; ``points`` are (head, text)."""

    language: str
    manners: tuple[str, ...]
    openings: tuple[str, ...]
    points: tuple[tuple[str, str], ...]
    closings: tuple[str, ...]
    topics: tuple[Topic, ...]


@functools.cache
def all_words() -> Mapping[str, Words]:
    """Return the words of every language that there are words in, by BCP 47 code."""
    return {path.stem: _read(path) for path in sorted(_FOLDER.glob("*.toml"))}


def _read(path: Path) -> Words:
    with path.open("rb") as file:
        told: dict[str, Any] = tomllib.load(file)
    return Words(
        language=path.stem,
        manners=tuple(told["manners"]),
        openings=tuple(told["openings"]),
        points=tuple((head, text) for head, text in told["points"]),
        closings=tuple(told["closings"]),
        topics=tuple(
            Topic(
                category=topic["category"],
                ask=tuple(topic["ask"]),
                a=tuple(topic["a"]),
                b=tuple(topic.get("b", ("",))),
                facts=tuple(topic.get("facts", ())),
            )
            for topic in told["topic"]
        ),
    )
