"""How the boards' attributes and their values are named in the reader's language."""

from collections.abc import Callable
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from apps.battles.models import ImportedDataset
from apps.contributors.domain.demography import AgeBand, Education
from apps.contributors.domain.professions import profession_name
from apps.contributors.models import ProofLevel
from apps.prompts.models import Category
from apps.rankings.domain.segments import EVERYONE
from apps.web.domain import wording

Words = str | Promise

#: Each attribute: its name in a sentence, the label of its filter, and the filter's empty choice.
ATTRIBUTE_WORDS: Final[dict[str, tuple[Words, Words, Words]]] = {
    "country": (_("country"), _("Voters in"), _("Every country")),
    "language": (_("language"), _("Questions in"), _("Every language")),
    "profession": (_("profession"), _("Profession"), _("Every profession")),
    "age_band": (_("age band"), _("Age"), _("Every age")),
    "education": (_("education"), _("Education"), _("Every level")),
    "category": (_("prompt category"), _("Category"), _("Every category")),
    "proof": (_("level of proof"), _("Proof"), _("Every level of proof")),
    "dataset": (_("imported file"), _("Imported votes"), _("None of them")),
}

_AGES: Final[dict[str, Words]] = {
    AgeBand.FROM_18: _("18 to 24"),
    AgeBand.FROM_25: _("25 to 34"),
    AgeBand.FROM_35: _("35 to 44"),
    AgeBand.FROM_45: _("45 to 54"),
    AgeBand.FROM_55: _("55 to 64"),
    AgeBand.FROM_65: _("65 or older"),
    AgeBand.MINOR: _("younger than 18"),
}
_LEVELS: Final[dict[str, Words]] = {
    Education.NONE: _("No school completed"),
    Education.PRIMARY: _("Primary school"),
    Education.LOWER_SECONDARY: _("Lower secondary school"),
    Education.UPPER_SECONDARY: _("Upper secondary school"),
    Education.POST_SECONDARY: _("Training after school, not at a university"),
    Education.SHORT_TERTIARY: _("Short course at a college or university"),
    Education.BACHELOR: _("Bachelor's degree or equal"),
    Education.MASTER: _("Master's degree or equal"),
    Education.DOCTORATE: _("Doctorate or equal"),
}
_CATEGORIES: Final[dict[str, Words]] = {str(value): label for value, label in Category.choices}
_PROOFS: Final[dict[str, Words]] = {str(value): label for value, label in ProofLevel.choices}


def attribute_name(attribute: str) -> str:
    """Name an attribute as it stands in a sentence; one that nobody knows stays as it is."""
    # The published tables of who voted call the level of proof by its column.
    return str(ATTRIBUTE_WORDS.get(attribute.removesuffix("_level"), (attribute,))[0])


def value_name(attribute: str, value: str, datasets: dict[str, str] | None = None) -> str:
    """Name one value of an attribute; a code that nobody knows stays as it is, and none at all are the others."""
    if not value:
        return gettext("all others")
    language = get_language() or "en"
    named: dict[str, Callable[[str], Words]] = {
        "country": lambda code: wording.country_name(code, language=language),
        "language": lambda code: wording.language_name(code, language=language),
        "profession": _profession,
        "age_band": lambda code: _AGES.get(code, code),
        "education": lambda code: _LEVELS.get(code, code),
        "category": lambda code: _CATEGORIES.get(code, code),
        "proof": lambda code: _PROOFS.get(code, code),
        "dataset": lambda code: (datasets or {}).get(code, code),
    }
    name = str(named.get(attribute.removesuffix("_level"), str)(value))
    return name[:1].upper() + name[1:]


def _profession(code: str) -> str:
    # ISCO's official titles exist in English, French and Spanish alone; the code is the same for everybody.
    name = profession_name(code)
    return name if name == code else f"{name} ({code})"


def segment_name(segment: str) -> str:
    """Name a segment such as ``language=pt,age_band=65+`` by its values."""
    if segment == EVERYONE:
        return gettext("Everybody")
    pairs = (condition.partition("=") for condition in segment.split(","))
    return ", ".join(value_name(attribute, value) for attribute, _is, value in pairs)


def dataset_names() -> dict[str, str]:
    """Return the imported files by their number as an address writes it."""
    return {str(dataset.pk): dataset.name for dataset in ImportedDataset.objects.filter(is_complete=True)}
