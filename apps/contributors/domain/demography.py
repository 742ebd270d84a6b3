"""Age bands and levels of education: the codes that claims hold. Their words are the forms' business."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from apps.contributors.domain import languages, professions
from apps.organizations.domain import countries

MOST_LANGUAGES: Final = 4


class AgeBand(StrEnum):
    """Bands of age; the youngest can be said, so that nobody needs to lie, but is never kept."""

    MINOR = "under-18"
    FROM_18 = "18-24"
    FROM_25 = "25-34"
    FROM_35 = "35-44"
    FROM_45 = "45-54"
    FROM_55 = "55-64"
    FROM_65 = "65+"


class Education(StrEnum):
    """Highest level completed: ISCED 2011 (UNESCO), levels 0 to 8."""

    NONE = "0"
    PRIMARY = "1"
    LOWER_SECONDARY = "2"
    UPPER_SECONDARY = "3"
    POST_SECONDARY = "4"
    SHORT_TERTIARY = "5"
    BACHELOR = "6"
    MASTER = "7"
    DOCTORATE = "8"


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfDescription:
    """What somebody says about themselves, in codes; the first language is the one they write best."""

    country: str
    languages: tuple[str, ...]
    profession: str
    age_band: str
    education: str

    def unknown_codes(self) -> tuple[str, ...]:
        """Return the names of the attributes whose codes nobody knows; empty when all is well."""
        is_known = {
            "country": self.country in countries.CODES,
            "language": (
                1 <= len(self.languages) <= MOST_LANGUAGES
                and len(set(self.languages)) == len(self.languages)
                and set(self.languages) <= languages.CODES
            ),
            "profession": self.profession in professions.CODES,
            "age_band": self.age_band in set(AgeBand),
            "education": self.education in set(Education),
        }
        return tuple(attribute for attribute, known in is_known.items() if not known)
