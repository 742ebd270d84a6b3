"""What a licensee may use the data for: codes of GA4GH's Data Use Ontology where one fits, and names of our own.

The ontology was made for data about health. Five of its terms mean here what they mean there; what it does not know,
such as training a language model, has a name in our own namespace and is never dressed up as one of its codes.
Source of the terms and of their definitions: EBISPOT/DUO, release 2021-02-23.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_DUO: Final = "http://purl.obolibrary.org/obo/DUO_"


class Bearing(StrEnum):
    """Whether a code allows something, or narrows what others allow."""

    PERMISSION = "permission"
    CONDITION = "condition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """One code with its name and its meaning here."""

    code: str
    name: str
    meaning: str
    bearing: Bearing

    @property
    def address(self) -> str:
        """Where the ontology defines the term; nothing for a name of our own."""
        return _DUO + self.code.removeprefix("DUO:") if self.code.startswith("DUO:") else ""


class PurposeFault(ValueError):
    """The codes do not make a purpose."""


PURPOSES: Final = (
    Purpose(
        code="DUO:0000042",
        name="General research use",
        meaning="Any research question, in any field.",
        bearing=Bearing.PERMISSION,
    ),
    Purpose(
        code="showdown:evaluation",
        name="Evaluating language models",
        meaning="Measuring models, the licensee's own among them, without training any.",
        bearing=Bearing.PERMISSION,
    ),
    Purpose(
        code="showdown:training",
        name="Training language models",
        meaning="Training or tuning models, reward models among them.",
        bearing=Bearing.PERMISSION,
    ),
    Purpose(
        code="showdown:statistics",
        name="Published statistics",
        meaning="Numbers about models and languages, published without any row.",
        bearing=Bearing.PERMISSION,
    ),
    Purpose(
        code="DUO:0000045",
        name="Not for profit organisation use only",
        meaning="Only organizations that make no profit may use it.",
        bearing=Bearing.CONDITION,
    ),
    Purpose(
        code="DUO:0000046",
        name="Non-commercial use only",
        meaning="A company may use it for research, and nobody for commercial ends.",
        bearing=Bearing.CONDITION,
    ),
    Purpose(
        code="DUO:0000027",
        name="Project specific restriction",
        meaning="Only within the project that the request names.",
        bearing=Bearing.CONDITION,
    ),
    Purpose(
        code="DUO:0000025",
        name="Time limit on use",
        meaning="Until the agreement expires; then every copy is deleted.",
        bearing=Bearing.CONDITION,
    ),
    Purpose(
        code="showdown:no-resale",
        name="No product made of rows",
        meaning="Nothing may be sold from which rows could be read again.",
        bearing=Bearing.CONDITION,
    ),
)
BY_CODE: Final = {purpose.code: purpose for purpose in PURPOSES}
PERMISSIONS: Final = tuple(purpose for purpose in PURPOSES if purpose.bearing is Bearing.PERMISSION)
GENERAL_RESEARCH: Final = "DUO:0000042"


def read_purposes(codes: Iterable[str]) -> list[str]:
    """Return codes in our order, each once; raises ``PurposeFault`` unless all are known and one allows something."""
    told = list(codes)
    if unknown := [code for code in told if code not in BY_CODE]:
        raise PurposeFault(f"{unknown[0][:40]!r} is no purpose that we know.")
    found = [purpose for purpose in PURPOSES if purpose.code in told]
    if not any(purpose.bearing is Bearing.PERMISSION for purpose in found):
        raise PurposeFault("Something must be allowed, not only narrowed.")
    return [purpose.code for purpose in found]


def named(codes: Iterable[str]) -> tuple[Purpose, ...]:
    """Return the purposes of codes that were read before, in their order."""
    return tuple(BY_CODE[code] for code in codes)


def allows(agreed: Iterable[str], wanted: str) -> bool:
    """Whether an agreement with these codes allows one thing that is wanted; conditions go with all of them."""
    known = BY_CODE.get(wanted)
    return known is not None and known.bearing is Bearing.PERMISSION and wanted in set(agreed)
