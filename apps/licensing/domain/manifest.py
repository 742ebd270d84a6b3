"""What an edition says about itself: one canonical manifest that names every file of it.

An edition has revisions. The first, number 0, is the one that two people approve; a later one lacks rows that were
taken back, and names the first, its predecessor, and every row that is gone. Nothing says when it was written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import rfc8785

from apps.audit.domain.canonical import JSON
from apps.licensing.domain.edition import COLUMNS, FORMAT, WRITER, FileEntry
from apps.licensing.domain.hierarchies import LEVEL_NAMES, VERSION, Attribute, Levels

CARD: Final = "README.md"
POLICY: Final = "policy.md"
CROISSANT: Final = "croissant.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How the people of a release are told (clause W7), in numbers; ``held_back`` were told and are not any more."""

    k: int
    order: tuple[Attribute, ...]
    levels: Levels
    people: int
    people_left_out: int
    rows_left_out: int
    people_held_back: int = 0

    def to_json(self) -> dict[str, JSON]:
        """Return the numbers as the manifest has them."""
        return {
            "clause": "W7",
            "hierarchies": VERSION,
            "k": self.k,
            "levels": {each.value: LEVEL_NAMES[each][self.levels.get(each, 0)] for each in Attribute},
            "order": [each.value for each in self.order],
            "people": self.people,
            "people_held_back": self.people_held_back,
            "people_left_out": self.people_left_out,
            "rows_left_out": self.rows_left_out,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Rows that this copy does not hold any more, by their names in order; nothing else is said about them.

    ``withdrawn`` were taken back by or for a person; ``held_back`` stand in a combination that fewer than k people
    share since others were taken back.
    """

    withdrawn: tuple[str, ...] = ()
    held_back: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which edition of a licensee this is, counted from 0, and which revision of it; digests are SHA-256 in hex."""

    ordinal: int
    revision: int = 0
    approved: str = ""
    predecessor: str = ""

    def to_json(self) -> dict[str, JSON]:
        """Return the place as the manifest has it; only a later revision has something to supersede."""
        told: dict[str, JSON] = {"editions_before": self.ordinal, "revision": self.revision}
        if self.revision:
            told["supersedes"] = {"approved": self.approved, "predecessor": self.predecessor}
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Everything that a manifest says beside its files; ``release``, ``licensee`` and the rest go in as they are."""

    release: Mapping[str, JSON]
    licensee: Mapping[str, JSON]
    near_duplicates: Mapping[str, JSON]
    place: Place
    kind: Kind
    gone: Gone = field(default_factory=Gone)


def manifest_of(about: About, files: Sequence[FileEntry]) -> dict[str, Any]:
    """Return a manifest, ready for canonical JSON."""
    return {
        "columns": [{"holds": column.holds, "name": column.name, "type": "string"} for column in COLUMNS],
        "contributors": about.kind.to_json(),
        "edition": about.place.to_json(),
        "files": [{name: value for name, value in asdict(file).items() if value is not None} for file in files],
        "format": FORMAT,
        "gone": {"held_back": list(about.gone.held_back), "withdrawn": list(about.gone.withdrawn)},
        "licensee": dict(about.licensee),
        "near_duplicates": dict(about.near_duplicates),
        "release": dict(about.release),
        "rows": sum(file.rows or 0 for file in files),
        "writer": WRITER,
    }


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """Return a manifest as canonical JSON (RFC 8785)."""
    return rfc8785.dumps(dict(manifest))
