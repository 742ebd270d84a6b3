"""The invented contributors: where they live, what they speak and do, how much they vote, and who cheats."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import Any, Final

from apps.contributors.domain.demography import AgeBand
from showdown.demo.chance import happens, weighted

# Country: how many of 1,000 contributors live there (uneven on purpose), and the languages spoken, the likeliest first.
COUNTRIES: Final[Mapping[str, tuple[int, tuple[str, ...]]]] = {
    "BR": (118, ("pt",)), "IN": (104, ("hi", "en", "ta", "bn")), "US": (82, ("en", "es")), "DE": (58, ("de",)),
    "FR": (46, ("fr",)), "MX": (44, ("es",)), "JP": (42, ("ja",)), "GB": (38, ("en",)), "ID": (36, ("id",)),
    "ES": (32, ("es", "ca")), "KE": (30, ("sw", "en")), "EG": (28, ("ar",)), "NG": (26, ("en", "yo")),
    "PT": (22, ("pt",)), "IT": (20, ("it",)), "TR": (20, ("tr",)), "PL": (18, ("pl",)), "KR": (17, ("ko",)),
    "AR": (16, ("es",)), "CO": (15, ("es",)), "MA": (14, ("ar", "fr")), "SA": (12, ("ar",)), "CA": (12, ("en", "fr")),
    "VN": (10, ("vi",)), "UA": (10, ("uk",)), "NL": (9, ("nl",)), "PH": (9, ("tl", "en")), "TH": (8, ("th",)),
    "BD": (8, ("bn",)), "ZA": (8, ("en", "zu")), "CL": (7, ("es",)), "PE": (7, ("es",)), "SE": (6, ("sv",)),
    "RO": (6, ("ro",)), "GR": (6, ("el",)), "CZ": (5, ("cs",)), "AT": (5, ("de",)), "CH": (5, ("de", "fr", "it")),
    "BE": (5, ("nl", "fr")), "PK": (5, ("ur",)), "IR": (5, ("fa",)), "TZ": (5, ("sw",)), "GH": (4, ("en",)),
    "SN": (4, ("fr",)), "DZ": (4, ("ar",)), "TN": (4, ("ar", "fr")), "HU": (4, ("hu",)), "FI": (3, ("fi",)),
    "DK": (3, ("da",)), "NO": (3, ("nb",)), "IL": (3, ("he",)), "AO": (3, ("pt",)), "MZ": (3, ("pt",)),
    "EC": (3, ("es",)), "BO": (2, ("es",)), "PY": (2, ("es",)), "UY": (2, ("es",)), "NZ": (2, ("en",)),
    "AU": (4, ("en",)), "IE": (2, ("en",)), "MY": (3, ("ms", "en")),
}  # fmt: skip

# ISCO-08 unit groups and how many of 1,000 hold them.
PROFESSIONS: Final[Mapping[str, int]] = {
    "2512": 92, "2330": 66, "2341": 52, "5223": 50, "4110": 46, "2411": 38, "2221": 36, "2310": 34, "2431": 30,
    "3313": 28, "2642": 26, "2166": 24, "2211": 24, "2142": 22, "2611": 22, "5120": 20, "8322": 20, "6111": 18,
    "2421": 18, "3343": 18, "2522": 16, "2635": 16, "2632": 14, "2643": 14, "4311": 14, "1221": 14, "1420": 12,
    "2634": 12, "5311": 12, "3221": 12, "7231": 12, "7411": 10, "7115": 10, "2120": 10, "2131": 10, "2161": 10,
    "2262": 9, "2513": 9, "3412": 9, "5131": 8, "5141": 8, "9112": 8, "2651": 8, "2655": 6, "2250": 6, "2113": 6,
    "1345": 6, "3142": 5, "2622": 5, "1343": 5,
}  # fmt: skip

AGES: Final[Mapping[str, int]] = {
    AgeBand.FROM_18: 190, AgeBand.FROM_25: 310, AgeBand.FROM_35: 230, AgeBand.FROM_45: 140, AgeBand.FROM_55: 85,
    AgeBand.FROM_65: 45,
}  # fmt: skip
EDUCATION: Final[Mapping[str, int]] = {"2": 30, "3": 190, "4": 60, "5": 110, "6": 360, "7": 200, "8": 50}
SECOND_LANGUAGE: Final[Mapping[str, int]] = {"en": 860, "fr": 60, "es": 50, "de": 30}

# Invented employers that stand in no register; many work for nobody, or would rather not say whom.
EMPLOYERS: Final = (
    "Riverside School", "Padaria Três Sinos", "Anand Textiles", "Café Lindenhof", "Savanna Logistics",
    "Atelier Mirabelle", "Hospital São Lucas do Vale", "Nordwind Reederei", "Estudio Palomar", "Minato Printing",
    "Bluegate Clinic", "Cooperativa El Roble", "Zephyr Bikes", "Lumen Architects", "Tamar Books", "Harbour Choir",
)  # fmt: skip
GIVEN_NAMES: Final = (
    "Amara", "Bruno", "Chiara", "Daniel", "Elif", "Farah", "Gustavo", "Hana", "Ivo", "Jelena", "Kofi", "Lúcia",
    "Mateus", "Nadia", "Omar", "Priya", "Quentin", "Rosa", "Sanjay", "Tomás", "Uma", "Vera", "Wanjiru", "Ximena",
    "Yuki", "Zofia",
)  # fmt: skip

FOUNDERS: Final = 0.55
"""The share of contributors who were there on the first day; the others join evenly over the time."""


OPEN: Final = "Everyone"
NETWORKS: Final[Mapping[str, str]] = {
    "BR": "Leitores do Atlântico", "PT": "Leitores do Atlântico", "AO": "Leitores do Atlântico",
    "MZ": "Leitores do Atlântico", "IN": "Monsoon Circle", "BD": "Monsoon Circle", "PK": "Monsoon Circle",
    "KE": "Savanna Readers", "TZ": "Savanna Readers", "NG": "Savanna Readers", "GH": "Savanna Readers",
    "DE": "Lesekreis Mitte", "AT": "Lesekreis Mitte", "CH": "Lesekreis Mitte",
}  # fmt: skip
"""Partner networks by country; everybody else came by themselves."""


class Habit(StrEnum):
    """How somebody votes; all but the first are planted for the integrity tests to find."""

    HONEST = "honest"
    COIN = "coin"
    LEFT = "left"
    RIGGING = "rigging"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One invented contributor; ``activity`` is proportional to how many votes they cast.

    ``joins_at`` is the share of the time after which they join; ``licensing`` says what they answered to the consent
    of that name, and ``withdraws`` whether they took it back later. ``employer`` is the slug of a registered
    organization, another name, or empty for nobody; ``network`` is one of ``NETWORKS``.
    """

    number: int
    name: str
    pseudonym: str
    voter_id: uuid.UUID
    network: str
    country: str
    languages: tuple[str, ...]
    profession: str
    age_band: str
    education: str
    activity: float
    joins_at: float
    habit: Habit
    publication: bool
    licensing: bool
    withdraws: bool
    employer: str


def spread_over(random: Random, wanted: int, weights: Mapping[str, int]) -> list[str]:
    """Return ``wanted`` keys by weight in random order; of many, each key at least once."""
    keys = list(weights)
    once = keys if wanted >= _MANY * len(keys) else []
    chosen = once + random.choices(keys, weights=list(weights.values()), k=wanted - len(once))
    random.shuffle(chosen)
    return chosen


_MANY: Final = 5
ADA: Final = 0
"""Ada's number: the contributor whom a visitor of the demo can be."""
# A coin is found later than a fee: its votes are wrong half of the time only.
_BUSY: Final[Mapping[Habit, float]] = {Habit.COIN: 9.0, Habit.LEFT: 4.5, Habit.RIGGING: 4.5}
LATE: Final = 0.87
"""When the last cheats joined, as a share of the time."""
_ADA_IS: Final[Mapping[str, Any]] = {
    "name": "Ada", "country": "BR", "languages": ("pt", "en"), "profession": "2310", "age_band": AgeBand.FROM_35,
    "education": "7", "activity": 2.0, "joins_at": 0.0, "publication": True, "licensing": True, "withdraws": False,
    "employer": "",
}  # fmt: skip


def make_people(random: Random, count: int, *, labs: Sequence[str] = ()) -> list[Person]:
    """Return ``count`` invented contributors, Ada first; about one in fifty votes by coin, by side or for a fee.

    ``labs`` are the registered organizations that a few of them work for.
    """
    countries = spread_over(random, count, {code: weight for code, (weight, _spoken) in COUNTRIES.items()})
    professions = spread_over(random, count, PROFESSIONS)
    habits = [Habit.HONEST, *_cheats(count)]
    people = []
    for number in range(count):
        spoken = COUNTRIES[countries[number]][1]
        first = random.choices(spoken, weights=[4 ** (len(spoken) - place) for place in range(len(spoken))])[0]
        second = weighted(random, SECOND_LANGUAGE)
        languages = (first, second) if second != first and happens(random, 0.8) else (first,)
        habit = habits[number] if number < len(habits) else Habit.HONEST
        licensing = happens(random, 0.78)
        person = Person(
            number=number,
            name=random.choice(GIVEN_NAMES),
            pseudonym=f"p-{random.getrandbits(40):010x}",
            voter_id=uuid.UUID(int=random.getrandbits(128), version=4),
            network=NETWORKS.get(countries[number], OPEN) if happens(random, 0.6) else OPEN,
            country=countries[number],
            languages=languages,
            profession=professions[number],
            age_band=weighted(random, AGES),
            education=weighted(random, EDUCATION),
            # A long tail of activity, as every crowd has it; cheats are busy.
            activity=_BUSY.get(habit) or random.lognormvariate(0.0, 0.9),
            joins_at=_joins_at(random, number, habit),
            habit=habit,
            publication=happens(random, 0.86),
            licensing=licensing,
            withdraws=licensing and happens(random, 0.03),
            employer=_employer(random, labs),
        )
        people.append(replace(person, **_ADA_IS) if number == ADA else person)
    return people


def _joins_at(random: Random, number: int, habit: Habit) -> float:
    if habit is Habit.HONEST:
        return 0.0 if happens(random, FOUNDERS) else random.random() * 0.8
    # Most cheats are found and judged in the course of the history; some came lately, and nobody has judged them yet.
    return 0.0 if number % 3 else LATE


def _cheats(count: int) -> list[Habit]:
    """Return the habits of those who do not say what they think."""
    return (
        [Habit.COIN] * max(1, count // 150)
        + [Habit.LEFT] * max(1, count // 300)
        + [Habit.RIGGING] * max(1, count // 200)
    )


def _employer(random: Random, labs: Sequence[str]) -> str:
    if labs and happens(random, 0.02):
        return random.choice(labs)
    return random.choice(EMPLOYERS) if happens(random, 0.33) else ""
