"""What a way out of the platform is."""

from dataclasses import dataclass
from enum import StrEnum


class WayKind(StrEnum):
    """What kind of way out it is."""

    PAGE = "page"
    AGGREGATE = "aggregate"
    LOG = "log"
    OWN_DATA = "own_data"
    RELEASE = "release"
    PROVIDER = "provider"
    MAIL = "mail"
    WITNESS = "witness"
    AUDIT = "audit"
    OPERATION = "operation"
    SIDE_COPY = "side_copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """One way out; ``holds_content`` is whether words or single outcomes of live battles can be in it.

    ``exits`` are names as ``tests/architecture/exits.py`` finds them in the code; a backup, which is no code, has none.
    """

    name: str
    kind: WayKind
    title: str
    owner: str
    carries: str
    because: str
    exits: tuple[str, ...] = ()
    holds_content: bool = False
