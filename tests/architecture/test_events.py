"""Everything that can stand in the log has one name, in its own app, and a line in docs/log.md."""

import re
from collections import Counter
from enum import StrEnum
from importlib import import_module
from pathlib import Path

import pytest

from apps.audit.domain.canonical import is_event_name

ROOT = Path(__file__).parents[2]
APPS = sorted(path.parent.name for path in (ROOT / "apps").glob("*/events.py"))


def events_of(app: str) -> list[str]:
    module = import_module(f"apps.{app}.events")
    kinds = [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, StrEnum) and kind.__module__ == module.__name__
    ]
    assert kinds, f"apps/{app}/events.py names no event"
    return [member.value for kind in kinds for member in kind.__members__.values()]


def documented() -> list[str]:
    return re.findall(r"^\| `([^`/]+\.[^`/]+)` \|", (ROOT / "docs" / "log.md").read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize("app", APPS)
def test_an_event_is_named_after_its_app(app: str) -> None:
    for name in events_of(app):
        assert is_event_name(name), name
        assert name.startswith(f"{app}."), name


def test_no_two_events_share_a_name() -> None:
    counted = Counter(name for app in APPS for name in events_of(app))
    assert [name for name, times in counted.items() if times > 1] == []


def test_every_event_is_explained_in_the_documentation() -> None:
    named = sorted(name for app in APPS for name in events_of(app))
    assert sorted(documented()) == named


def test_every_event_is_written_somewhere() -> None:
    for app in APPS:
        sources = [
            path.read_text()
            for path in (ROOT / "apps" / app).rglob("*.py")
            if path.name != "events.py" and "migrations" not in path.parts
        ]
        for kind in vars(import_module(f"apps.{app}.events")).values():
            if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum:
                for member in kind:
                    words = f"{kind.__name__}.{member.name}"
                    assert any(re.search(rf"\b{re.escape(words)}\b", text) for text in sources), (
                        f"nobody writes {words}"
                    )
