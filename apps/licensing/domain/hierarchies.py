"""Clause W7's hierarchies: how each fact about a person is told more and more coarsely, until it says nothing.

Every attribute has levels from 0, as it was declared, to its height, where all values are one. A value has one parent
on each level, so two people who agree on a level agree on all above it. What was not declared stays apart from what
was until the top.

Sources: regions are the United Nations' (Standard M49); professions ISCO-08 (International Labour Organization);
families of languages Glottolog 5; education ISCED 2011 in the three groups in which Eurostat and the OECD publish it
(levels 0 to 2, 3 and 4, 5 to 8).
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from apps.licensing.domain.families import family_of
from apps.licensing.domain.regions import region_of

VERSION: Final = "showdown-hierarchies/1"
ALL: Final = "*"
UNDECLARED: Final = ""


class Attribute(StrEnum):
    """A fact about a person that a copy tells, in the order in which copies tell them."""

    COUNTRY = "country"
    LANGUAGE = "language"
    PROFESSION = "profession"
    AGE_BAND = "age_band"
    EDUCATION = "education"


_BANDS: Final = {
    "under-18": "18-34",
    "18-24": "18-34",
    "25-34": "18-34",
    "35-44": "35-54",
    "45-54": "35-54",
    "55-64": "55+",
    "65+": "55+",
}
_EDUCATION: Final = {
    level: group for group, levels in (("low", "012"), ("medium", "34"), ("high", "5678")) for level in levels
}

# Level by level above the declared value, without the last, which is everything. A value that a table does not know
# is told as everything at once: nobody can say what it would be alike to.
_STEPS: Final[Mapping[Attribute, tuple[Callable[[str], str], ...]]] = {
    Attribute.COUNTRY: (lambda code: region_of(code) or ALL,),
    Attribute.LANGUAGE: (lambda code: family_of(code) or ALL,),
    Attribute.PROFESSION: (lambda code: code[:2], lambda code: code[:1]),
    Attribute.AGE_BAND: (lambda code: _BANDS.get(code, ALL),),
    Attribute.EDUCATION: (lambda code: _EDUCATION.get(code, ALL),),
}
LEVEL_NAMES: Final[Mapping[Attribute, tuple[str, ...]]] = {
    Attribute.COUNTRY: ("country", "region", "world"),
    Attribute.LANGUAGE: ("language", "family", "all languages"),
    Attribute.PROFESSION: ("unit group (4 digits)", "sub-major group (2 digits)", "major group (1 digit)", "all"),
    Attribute.AGE_BAND: ("declared band", "three bands", "all ages"),
    Attribute.EDUCATION: ("ISCED level", "low, medium or high", "all"),
}

Levels = Mapping[Attribute, int]


def height(attribute: Attribute) -> int:
    """Return the topmost level of an attribute, on which all values are one."""
    return len(_STEPS[attribute]) + 1


def generalised(attribute: Attribute, value: str, level: int) -> str:
    """Return a declared value as it is told on a level; raises ``ValueError`` for a level that there is not."""
    if not 0 <= level <= height(attribute):
        raise ValueError(f"{attribute.value} has no level {level}.")
    if level == height(attribute):
        return ALL
    if level == 0 or value == UNDECLARED:
        return value
    return _STEPS[attribute][level - 1](value)


def path(order: tuple[Attribute, ...]) -> list[dict[Attribute, int]]:
    """Return the combinations of levels that are tried, from nothing generalised to everything.

    Each step raises one attribute by one level: the first of the order, then the second, and so on to the last, and
    again from the first for those that have levels left. Raises ``ValueError`` unless the order names each attribute
    once.
    """
    if sorted(order) != sorted(Attribute):
        raise ValueError("The order names each of the five attributes once.")
    levels = dict.fromkeys(Attribute, 0)
    steps = [dict(levels)]
    while any(levels[each] < height(each) for each in order):
        for each in order:
            if levels[each] < height(each):
                levels[each] += 1
                steps.append(dict(levels))
    return steps
