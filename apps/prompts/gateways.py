"""Telling the language of a text: a heavy detector that lives in one worker, and its twin that always abstains."""

from functools import cache
from typing import Final, Protocol

from apps.contributors.domain.languages import CODES
from apps.prompts.domain.language import ABSTAINED, Detection

# The first page of a text tells its language as well as the whole.
_MOST_READ: Final = 1_000


class LanguageDetector(Protocol):
    """Something that can tell some languages (BCP 47 codes) apart."""

    @property
    def languages(self) -> frozenset[str]:
        """The languages that it knows."""
        ...

    def detect(self, text: str) -> Detection:
        """Return the language that a text seems to be in."""
        ...


class NullDetector:
    """Knows no language and always abstains: for tests, and for work that must not wait for a detector."""

    languages: frozenset[str] = frozenset()

    def detect(self, text: str) -> Detection:
        """Abstain."""
        return ABSTAINED


class LinguaDetector:
    """The detector of the package ``lingua``, for those of the given languages that it knows.

    Its models are read on first use; all of them together take about a gigabyte, so it belongs into the worker of the
    queue ``language`` and never into a web process.
    """

    def __init__(self, codes: frozenset[str] = CODES) -> None:
        # The package is imported here, so that only the process that detects loads it.
        from lingua import Language, LanguageDetectorBuilder  # noqa: PLC0415

        spoken = [language for language in Language.all() if language.iso_code_639_1.name.lower() in codes]
        self.languages = frozenset(language.iso_code_639_1.name.lower() for language in spoken)
        self._detector = LanguageDetectorBuilder.from_languages(*spoken).build()

    def detect(self, text: str) -> Detection:
        """Return the likeliest language with its confidence among all that this detector knows."""
        values = self._detector.compute_language_confidence_values(text[:_MOST_READ])
        if not values or not values[0].value:
            return ABSTAINED
        return Detection(language=values[0].language.iso_code_639_1.name.lower(), confidence=float(values[0].value))


@cache
def language_detector() -> LanguageDetector:
    """Return this process's detector for every language on offer, made on first use."""
    return LinguaDetector()
