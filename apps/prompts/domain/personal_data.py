"""Clause P2: addresses, telephone numbers, cards, accounts and identity numbers, each by its own form and check digit.

Names and postal addresses are asked about on the form and not guessed here.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import phonenumbers
from stdnum import iban, luhn
from stdnum.ar import cuit
from stdnum.br import cpf
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.de import idnr as german_idnr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.in_ import aadhaar, pan
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.tr import tckimlik
from stdnum.us import ssn
from stdnum.za import idnr as south_african_idnr

from apps.prompts.domain.findings import MOST_SHOWN, Finding, FindingKind, masked

_CLAUSE: Final = "P2"
_MOST_READ: Final = 20_000

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@((?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24})\b")
# Names that nobody can own (RFC 2606): whoever writes an example uses them.
_EXAMPLE_DOMAIN = re.compile(r"(?:^|\.)(?:example\.(?:com|net|org)|example|test|invalid|localhost)$", re.IGNORECASE)

_CARD = re.compile(r"(?<![\d.,-])\d(?:[ -]?\d){12,18}(?![\d.,-]?\d)")
_CARD_ISSUER = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|6(?:011|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}"
)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,8}(?!\w)")

# A number in groups divided by spaces alone may be a sum; near one of these words it is a telephone's.
_TELEPHONE_WORD = re.compile(
    r"t[eé]l|phone|fone|call|whats|zap|telegram|sms|cell|celular|m[oó]vil|mobil|handy|ligu?e|ligar|ll[aá]m|appel|ruf"
    r"|numm?er|n[uú]mero|num[eé]ro|номер|тел|звон|फ़?ोन|नंबर|هاتف|جوال|رقم|اتصل|電話|携帯|电话|手机|전화",
    re.IGNORECASE,
)
_BEFORE_A_NUMBER: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    what: str
    start: int
    end: int


# Written as people write them, and each checked by its own rule: one number in ten passes a check digit by chance.
_IDENTITY_NUMBERS: Final[tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...]] = tuple(
    (country, re.compile(rf"(?<![\w.-])(?<!\d )(?:{pattern})(?![\w-])(?! \d)"), is_valid)
    for country, pattern, is_valid in (
        ("AR", r"\d{2}-\d{8}-\d", cuit.is_valid),
        ("BR", r"\d{3}\.\d{3}\.\d{3}-\d{2}", cpf.is_valid),
        ("CL", r"\d{1,2}\.\d{3}\.\d{3}-[\dkK]", rut.is_valid),
        ("CN", r"\d{17}[\dX]", ric.is_valid),
        ("DE", r"\d{2} \d{3} \d{3} \d{3}", german_idnr.is_valid),
        ("ES", r"\d{8}-?[A-Z]", dni.is_valid),
        ("ES", r"[XYZ]-?\d{7}-?[A-Z]", nie.is_valid),
        ("FI", r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]", hetu.is_valid),
        ("FR", r"[12] ?\d{2} ?[0-1]\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}", nir.is_valid),
        ("IN", r"\d{4} \d{4} \d{4}", aadhaar.is_valid),
        ("IN", r"[A-Z]{3}[PHF][A-Z]\d{4}[A-Z]", pan.is_valid),
        ("IT", r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", codicefiscale.is_valid),
        ("KR", r"\d{6}-\d{7}", rrn.is_valid),
        ("MX", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d", curp.is_valid),
        ("PL", r"\d{11}", pesel.is_valid),
        ("SE", r"(?:\d{2})?\d{6}[-+]\d{4}", personnummer.is_valid),
        ("TR", r"[1-9]\d{10}", tckimlik.is_valid),
        ("US", r"\d{3}-\d{2}-\d{4}", ssn.is_valid),
        ("ZA", r"\d{6} ?\d{4} ?\d{3}", south_african_idnr.is_valid),
    )
)


def find_personal_data(text: str, *, country: str) -> Finding | None:
    """Return where a text seems to hold personal data; None when nowhere.

    ``country`` is the author's (ISO 3166-1 alpha-2, or empty) and tells how telephone numbers without a country code
    are written there. The evidence holds places in the text and fragments with their middle hidden.
    """
    read = text[:_MOST_READ]
    found: list[_Found] = []
    for search in (_emails, _ibans, _cards, _identity_numbers):
        found += [item for item in search(read) if not _overlaps(item, found)]
    found += [item for item in _telephones(read, country) if not _overlaps(item, found)]
    if not found:
        return None
    found.sort(key=lambda item: item.start)
    return Finding(
        kind=FindingKind.PERSONAL_DATA,
        clause=_CLAUSE,
        needs_review=True,
        evidence={
            "count": len(found),
            "found": [
                {
                    "what": item.what,
                    "start": item.start,
                    "end": item.end,
                    "fragment": masked(read[item.start : item.end]),
                }
                for item in found[:MOST_SHOWN]
            ],
        },
    )


def _overlaps(item: _Found, found: list[_Found]) -> bool:
    return any(item.start < other.end and other.start < item.end for other in found)


def _emails(text: str) -> Iterator[_Found]:
    for match in _EMAIL.finditer(text):
        if not _EXAMPLE_DOMAIN.search(match[1]):
            yield _Found(what="email", start=match.start(), end=match.end())


def _ibans(text: str) -> Iterator[_Found]:
    for match in _IBAN.finditer(text):
        # The words after an account number can look like a part of it, so it is tried without its last groups.
        number = match[0]
        while number:
            if iban.is_valid(number):
                yield _Found(what="account", start=match.start(), end=match.start() + len(number))
                break
            number = number.rpartition(" ")[0]


def _identity_numbers(text: str) -> Iterator[_Found]:
    for country, pattern, is_valid in _IDENTITY_NUMBERS:
        for match in pattern.finditer(text):
            if is_valid(match[0]):
                yield _Found(what=f"identity_number_{country.lower()}", start=match.start(), end=match.end())


def _cards(text: str) -> Iterator[_Found]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _CARD_ISSUER.fullmatch(digits) and luhn.is_valid(digits):
            yield _Found(what="card", start=match.start(), end=match.end())


def _telephones(text: str, country: str) -> Iterator[_Found]:
    region = country if country in phonenumbers.SUPPORTED_REGIONS else None
    matcher = phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID, max_tries=200)
    for match in matcher:
        written = match.raw_string
        is_international = written.startswith(("+", "("))
        has_marks = any(mark in written for mark in "-.()/")
        before = text[max(0, match.start - _BEFORE_A_NUMBER) : match.start]
        if is_international or has_marks or _TELEPHONE_WORD.search(before):
            yield _Found(what="telephone", start=match.start, end=match.end)
