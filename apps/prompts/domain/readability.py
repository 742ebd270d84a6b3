"""Clause P8: text that people can read, without control characters or payloads in disguise."""

import re
import unicodedata
from typing import Final

from apps.prompts.domain.findings import MOST_SHOWN, Finding, FindingKind
from apps.prompts.domain.normalisation import REPLACEMENT

_CLAUSE: Final = "P8"
_HARMLESS: Final = frozenset("\n\t")
# Controls, lone surrogates, private use and what Unicode has not assigned.
_UNREADABLE: Final = frozenset({"Cc", "Cs", "Co", "Cn"})
# Overrides turn the order of letters around, so that a reader and a model see two different texts.
_OVERRIDES: Final = frozenset("\u202d\u202e")
# Tags are invisible copies of ASCII. Only flags such as Scotland's may hold them: a black flag, tags, the closing tag.
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{1,6}\U000e007f")
_TAGS = re.compile("[\U000e0000-\U000e007f]")
_PAYLOAD = re.compile(r"[A-Za-z0-9+/_-]{160,}={0,2}")


def find_unreadable(text: str) -> Finding | None:
    """Return the characters that no reader can see or read, and long encoded payloads; None when there are none."""
    flags = [(found.start(), found.end()) for found in _FLAG.finditer(text)]
    places = [
        place
        for place, character in enumerate(text)
        if character not in _HARMLESS
        and (
            character == REPLACEMENT
            or character in _OVERRIDES
            or unicodedata.category(character) in _UNREADABLE
            or (_TAGS.match(character) and not any(start <= place < end for start, end in flags))
        )
    ]
    payloads = [found for found in _PAYLOAD.finditer(text) if _looks_encoded(found[0])]
    if not places and not payloads:
        return None
    return Finding(
        kind=FindingKind.CONTROL_CHARACTERS,
        clause=_CLAUSE,
        needs_review=True,
        evidence={
            "count": len(places),
            "characters": [{"at": place, "code": f"U+{ord(text[place]):04X}"} for place in places[:MOST_SHOWN]],
            "payloads": [
                {"start": found.start(), "end": found.end(), "length": found.end() - found.start()}
                for found in payloads[:MOST_SHOWN]
            ],
        },
    )


def _looks_encoded(run: str) -> bool:
    # A long word or a row of dashes is one kind of character; an encoding mixes three.
    kinds = (str.islower, str.isupper, str.isdigit)
    return sum(any(kind(character) for character in run) for kind in kinds) == len(kinds)
