"""Noticing that an answer says who wrote it: then the reader is not blind any more, and the battle is void."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

# Letters of scripts that are often written without a space between them and a Latin name.
_OTHER_SCRIPTS: Final = "\u0590-\u1fff\u2e80-\uffef"
_SEAM: Final = re.compile(f"(?<=[a-z0-9])(?=[{_OTHER_SCRIPTS}])|(?<=[{_OTHER_SCRIPTS}])(?=[a-z0-9])")
_NOT_A_WORD: Final = re.compile(r"[^\w]+|_+")
_SHORTEST: Final = 2
# How a model introduces itself, in the languages of the interface, as `_plain` spells it.
_INTRODUCTIONS: Final = (
    *("i am", "i m", "my name is", "made by", "created by", "developed by", "trained by", "built by", "called"),
    *(
        "eu sou",
        "sou o",
        "sou a",
        "meu nome e",
        "me chamo",
        "criado por",
        "criada por",
        "desenvolvido por",
        "desenvolvida por",
        "treinado por",
    ),
    *("soy", "me llamo", "mi nombre es", "creado por", "desarrollado por", "entrenado por"),
    *("je suis", "je m appelle", "mon nom est", "cree par", "concu par", "developpe par", "entraine par"),
    *("ich bin", "ich heisse", "mein name ist", "entwickelt von", "trainiert von"),
    *(
        "मैं",
        "मेरा नाम",
        "द्वारा विकसित",
        "أنا",
        "اسمي",
        "طورتني",
        "طورته",
        "من تطوير",
        "私は",
        "わたしは",
        "僕は",
        "が開発した",
        "によって開発",
    ),
)
_REACH: Final = 40  # characters on either side of a name in which an introduction may stand


def telling_names(model: str, maker: str, remote_name: str) -> tuple[str, ...]:
    """Return the names that give a model away: its own, its maker's, and the provider's for it.

    Of the last, such as ``"labs/tamarind-70b"``, the end counts, unless it is an everyday word such as ``"latest"``.
    """
    remote = remote_name.rpartition("/")[2]
    is_a_name = any(sign.isalpha() for sign in remote) and any(sign.isdigit() or sign in "-_" for sign in remote)
    return (model, maker, remote) if is_a_name else (model, maker)


def named_in(text: str, *, names: Iterable[str], prompt: str = "") -> str | None:
    """Return the name under which an answer gives its model or maker away, or None.

    A name gives away wherever it stands as whole words, whatever its case, spacing or invisible characters. When the
    question itself uses it, as in one about a comet that shares a name with a model, only an introduction does.
    """
    plain_text, plain_prompt = _plain(text), _plain(prompt)
    for name in names:
        plain_name = _plain(name)
        if len(plain_name.strip()) < _SHORTEST or plain_name not in plain_text:
            continue
        if plain_name not in plain_prompt or _introduces(plain_text, plain_name):
            return name
    return None


def _plain(text: str) -> str:
    """Return the words of a text between single spaces: no case, no accents, no invisible characters."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    # Accents of Latin letters go; the vowel signs of other scripts belong to their words.
    shown = "".join(sign for sign in folded if not "\u0300" <= sign <= "\u036f" and unicodedata.category(sign) != "Cf")
    # Composed again, so that a syllable is one character wherever it can be.
    words = unicodedata.normalize("NFC", shown)
    return f" {_NOT_A_WORD.sub(' ', _with_marks(_SEAM.sub(' ', words))).strip()} "


def _with_marks(text: str) -> str:
    """Replace vowel signs, which ``\\w`` does not know, by one letter, the same in text and name."""
    return "".join("x" if unicodedata.category(sign) in {"Mn", "Mc"} else sign for sign in text)


def _introduces(plain_text: str, plain_name: str) -> bool:
    introductions = [_plain(phrase) for phrase in _INTRODUCTIONS]
    start = plain_text.find(plain_name)
    while start >= 0:
        end = start + len(plain_name) - 1
        around = (plain_text[max(0, start - _REACH) : start + 1], plain_text[end : end + _REACH])
        if any(phrase in words for phrase in introductions for words in around):
            return True
        start = plain_text.find(plain_name, start + 1)
    return False
