"""What a draft asks for: languages, countries, categories, models and a span of days."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

MOST_VALUES: Final = 200

_LISTS: Final = ("languages", "countries", "categories", "models")
_DATES: Final = ("since", "until")
_FORMS: Final = {
    "languages": re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*"),
    "countries": re.compile(r"[A-Z]{2}"),
    "categories": re.compile(r"[a-z_]{1,16}"),
    "models": re.compile(r"[-a-zA-Z0-9_]{1,120}"),
}


class FilterFault(ValueError):
    """The filters say something that cannot be asked; ``field`` names which part."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFilters:
    """Which voted battles are wanted; an empty part means all.

    ``languages`` are the prompts' (BCP 47), ``countries`` the voters' when they voted (ISO 3166-1 alpha-2),
    ``models`` slugs of which at least one took part; ``since`` and ``until`` are days in UTC on which the battle was
    opened, both included.
    """

    languages: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        for name in _LISTS:
            values = getattr(self, name)
            if len(values) > MOST_VALUES:
                raise FilterFault(name, f"At most {MOST_VALUES} values can be asked for at once.")
            for value in values:
                if not _FORMS[name].fullmatch(value):
                    raise FilterFault(name, f"{value[:40]!r} is not one that can be asked for.")
        if self.since is not None and self.until is not None and self.until < self.since:
            raise FilterFault("until", "The last day lies before the first.")

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """Read filters as they are stored or sent; raises ``FilterFault`` at the first thing that is not one."""
        if unknown := set(told) - {*_LISTS, *_DATES}:
            raise FilterFault(min(unknown), "There is no such filter.")
        lists = {name: _listed(name, told.get(name, ())) for name in _LISTS}
        days = {name: _day(name, told.get(name)) for name in _DATES}
        return cls(
            languages=lists["languages"],
            countries=lists["countries"],
            categories=lists["categories"],
            models=lists["models"],
            since=days["since"],
            until=days["until"],
        )

    def to_json(self) -> dict[str, Any]:
        """Return the filters as they are stored: parts that mean all are left out."""
        told: dict[str, Any] = {name: list(getattr(self, name)) for name in _LISTS if getattr(self, name)}
        return told | {name: getattr(self, name).isoformat() for name in _DATES if getattr(self, name)}


def _listed(name: str, told: object) -> tuple[str, ...]:
    if isinstance(told, str) or not isinstance(told, Iterable):
        raise FilterFault(name, "This must be a list.")
    values = list(told)
    if not all(isinstance(value, str) for value in values):
        raise FilterFault(name, "This must be a list of codes.")
    return tuple(sorted(set(values)))


def _day(name: str, told: object) -> date | None:
    if told is None or told == "":
        return None
    try:
        return date.fromisoformat(str(told))
    except ValueError as wrong:
        raise FilterFault(name, "This must be a day, such as 2026-09-14.") from wrong
