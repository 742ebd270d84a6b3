"""What people typed, read or refused by name, for every service of the licensees."""

from django.utils.translation import gettext as _

from apps.audit.domain.refusal import Refused
from apps.licensing.domain.words import WordsFault, many_lines, one_line
from apps.licensing.models import Licensee


class UnfitWords(Refused):
    """Words are missing, too long, or cannot be read."""


class UnknownLicensee(Refused):
    """There is no such licensee."""


def line_of(words: str, *, longest: int) -> str:
    """Return words as one readable line. Raises ``UnfitWords``."""
    try:
        return one_line(words, longest=longest)
    except WordsFault as fault:
        raise UnfitWords(str(fault)) from fault


def text_of(words: str) -> str:
    """Return words with plain line breaks. Raises ``UnfitWords``."""
    try:
        return many_lines(words)
    except WordsFault as fault:
        raise UnfitWords(str(fault)) from fault


def held_licensee(licensee_id: int) -> Licensee:
    """Return a licensee whose row is held, so that acts on one licensee come one after the other."""
    found = Licensee.objects.select_for_update(no_key=True).filter(pk=licensee_id).first()
    if found is None:
        raise UnknownLicensee(_("There is no such licensee."))
    return found
