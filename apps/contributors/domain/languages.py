"""The languages that somebody can declare and write prompts in: BCP 47 codes, named by CLDR in any language."""

from functools import lru_cache
from typing import Final

from apps.organizations.domain.countries import locale_of, sorting_key

_SPELT = (
    "af am ar as ay az be bg bn bs ca cs cy da de el en es et eu fa fi fo fr ga gl gn gu ha he hi hr ht hu hy id ig is "
    "it ja jv ka kk km kn ko ku ky lb lg lo lt lv mg mi mk ml mn mr ms mt my nb ne nl nn ny om or pa pl ps pt qu ro ru "
    "rw sd si sk sl sn so sq sr st su sv sw ta te tg th ti tk tl tn tr ts uk ur uz vi wo xh yo zh zu"
)
CODES: Final = frozenset(_SPELT.split())


@lru_cache(maxsize=32)
def language_choices(language: str) -> tuple[tuple[str, str], ...]:
    """Return (code, name) of every language on offer, in the alphabetical order of the names in a language."""
    names = locale_of(language).languages
    found = ((code, _capitalised(str(names.get(code, code)))) for code in CODES)
    return tuple(sorted(found, key=lambda choice: sorting_key(choice[1])))


def _capitalised(name: str) -> str:
    # CLDR writes names as they stand inside a sentence; in a list they begin a line.
    return name[:1].upper() + name[1:]
