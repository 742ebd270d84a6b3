"""From what the database tells of a release to a licensee's rows: who stays, and under which names."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from apps.licensing.domain.edition import COLUMNS, SCHEMA
from apps.licensing.domain.manifest import Gone
from apps.licensing.domain.pseudonyms import Pseudonyms


class Mark(StrEnum):
    """What becomes of an item of a release in an edition."""

    STANDS = "s"
    WITHDRAWN = "w"  # Taken back by somebody or for somebody.
    HELD_BACK = "h"  # Its voter's combination became too small after it was told.
    LEFT_OUT = "l"  # Its voter's combination was too small from the beginning.
    MISSING = "m"  # The vote, the prompt or an answer is not there any more.


# As the database tells them: the ids, the mark, and then the columns of the files without those that are names.
_TOLD: Final = tuple(column.name for column in COLUMNS if column.name not in {"row", "author", "voter"})
RAW: Final = pa.schema(
    [
        ("battle", pa.int64()),
        ("author_id", pa.int64()),
        ("voter_id", pa.int64()),
        ("mark", pa.string()),
        *((name, pa.string()) for name in _TOLD),
    ]
)


@dataclass(slots=True)
class Named:
    """What was seen so far: how many items there were of each kind, and the names of the rows that are gone."""

    counts: dict[Mark, int] = field(default_factory=lambda: dict.fromkeys(Mark, 0))
    withdrawn: list[str] = field(default_factory=list)
    held_back: list[str] = field(default_factory=list)

    @property
    def seen(self) -> int:
        """How many items there were."""
        return sum(self.counts.values())

    def gone(self) -> Gone:
        """Return the rows that are gone, in the order of their names."""
        return Gone(withdrawn=tuple(sorted(self.withdrawn)), held_back=tuple(sorted(self.held_back)))


class Naming:
    """Turns tables of the database into rows for one licensee, and keeps count of what it leaves out."""

    def __init__(self, names: Pseudonyms) -> None:
        self._names = names
        self._people: dict[int, str] = {}
        self.seen = Named()

    def rows(self, raw: pa.Table) -> pa.Table:
        """Return the rows that stand, in the files' columns; the others are counted, and named where they are gone."""
        marks = pc.value_counts(raw["mark"])
        for found in marks.to_pylist():
            self.seen.counts[Mark(found["values"])] += found["counts"]
        self.seen.withdrawn += self._row_names(raw.filter(pc.equal(raw["mark"], Mark.WITHDRAWN.value)))
        self.seen.held_back += self._row_names(raw.filter(pc.equal(raw["mark"], Mark.HELD_BACK.value)))
        standing = raw.filter(pc.equal(raw["mark"], Mark.STANDS.value))
        named = {
            "row": pa.array(self._row_names(standing), pa.string()),
            "author": self._person_names(standing["author_id"]),
            "voter": self._person_names(standing["voter_id"]),
        }
        columns = [named[name] if name in named else standing[name] for name in SCHEMA.names]
        return pa.Table.from_arrays(columns, schema=SCHEMA)

    def _row_names(self, table: pa.Table) -> list[str]:
        name = self._names.row
        return [name(battle).hex() for battle in table["battle"].to_pylist()]

    def _person_names(self, column: pa.ChunkedArray) -> pa.Array:
        people, places = np.unique(column.to_numpy(), return_inverse=True)
        for person in people.tolist():
            if person not in self._people:
                self._people[person] = self._names.person(person)
        return pa.array([self._people[person] for person in people.tolist()], pa.string()).take(pa.array(places))
