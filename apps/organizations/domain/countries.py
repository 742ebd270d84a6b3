"""The countries that somebody can come from: ISO 3166-1 alpha-2 codes, named by CLDR in any language."""

import unicodedata
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError

# The codes of ISO 3166-1 in force and XK, which everybody uses for Kosovo. AQ, BV, HM and TF, where nobody lives, are
# left out.
_SPELT = (
    "AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA CC CD "
    "CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD "
    "GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH "
    "KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV "
    "MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA "
    "SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM "
    "US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
)
CODES: Final = frozenset(_SPELT.split())


def locale_of(language: str) -> Locale:
    """Return the CLDR locale of one of Django's language codes (``pt-br``); what is unknown reads as English."""
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def sorting_key(name: str) -> str:
    """Return what a name is sorted by, so that letters with marks stand beside those without."""
    plain = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()


@lru_cache(maxsize=32)
def country_choices(language: str) -> tuple[tuple[str, str], ...]:
    """Return (code, name) of every country, in the alphabetical order of the names in a language."""
    names = locale_of(language).territories
    found = ((code, str(names.get(code, code))) for code in CODES)
    return tuple(sorted(found, key=lambda choice: sorting_key(choice[1])))
