"""The family of each language that people declare or write in, after Glottolog 5 (Hammarström et al., MPI-EVA Leipzig).

Only the topmost family is named. Haitian counts as Indo-European, as Glottolog places creoles with the language that
their words come from; Basque stands alone and is its own family. A language that is not listed has no family here and
generalises to everything at once.
"""

from typing import Final

_SPELT: Final = {
    "afro-asiatic": "am ar ha he mt om so ti",
    "atlantic-congo": "ig lg ln ny rw sn st sw tn ts wo xh yo zu",
    "austroasiatic": "km vi",
    "austronesian": "id jv mg mi ms sm su tl",
    "aymaran": "ay",
    "basque": "eu",
    "dravidian": "kn ml ta te",
    "indo-european": "af as be bg bn bs ca cs cy da de el en es fa fo fr ga gl gu hi hr ht hy is it ku lb lt lv mk mr "
    "nb ne nl nn no or pa pl ps pt ro ru sd si sk sl sq sr sv tg uk ur",
    "japonic": "ja",
    "kartvelian": "ka",
    "koreanic": "ko",
    "mongolic-khitan": "mn",
    "quechuan": "qu",
    "sino-tibetan": "my zh",
    "tai-kadai": "lo th",
    "tupian": "gn",
    "turkic": "az kk ky tk tr uz",
    "uralic": "et fi hu",
}
FAMILIES: Final = tuple(_SPELT)
_FAMILY_OF: Final = {code: family for family, codes in _SPELT.items() for code in codes.split()}


def family_of(language: str) -> str:
    """Return the family of a BCP 47 code, whose region and script do not matter; empty when it is not listed."""
    return _FAMILY_OF.get(language.partition("-")[0].lower(), "")
