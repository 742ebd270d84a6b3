"""What a file says about its voters, in the codes that the platform's own claims have."""

from typing import Final

from apps.battles.domain.formats.rows import BattleRow
from apps.contributors.domain import languages, professions
from apps.contributors.domain.demography import AgeBand, Education
from apps.organizations.domain import countries

ATTRIBUTES: Final = ("country", "language", "profession", "age_band", "education")

_KNOWN: Final = {
    "country": countries.CODES,
    "language": languages.CODES,
    "profession": professions.CODES,
    "age_band": frozenset(band.value for band in AgeBand),
    "education": frozenset(level.value for level in Education),
}


def declared(row: BattleRow, attribute: str) -> str:
    """Return the code of one of ``ATTRIBUTES``, or nothing where the file has none or one that nobody knows.

    Cutting a word to the length of a code would invent a country. Of a language's tag its first part counts.
    """
    said: str = (getattr(row, attribute) or "").strip()
    if attribute == "country":
        said = said.upper()
    elif attribute == "language":
        said = said.replace("_", "-").partition("-")[0].lower()
    return said if said in _KNOWN[attribute] else ""


def is_unknown(row: BattleRow, attribute: str) -> bool:
    """Say whether the file has a value there that is no code."""
    return bool((getattr(row, attribute) or "").strip()) and not declared(row, attribute)
