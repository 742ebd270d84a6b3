"""What a whole night costs: votes in PostgreSQL to a published snapshot, beside a bare COPY of the same columns."""

from typing import Any, Final

from benchmarks.postgres import measured_inside
from benchmarks.tables import Section, Table, seconds

SIZES: Final = (1_000_000, 10_000_000)


def run(quick: bool) -> Table:
    """Measure each size on a PostgreSQL of its own."""
    sizes = (200_000,) if quick else SIZES
    return table_of([measured_inside("nights", str(size)) for size in sizes])


def table_of(found: list[dict[str, Any]]) -> Table:
    """Return the table of all sizes."""
    rows = []
    for one in found:
        rows.append((f"{one['votes']:,}", "bare binary COPY, thrown away", seconds(one["bare"]), "1"))
        rows += [
            ("", name, seconds(value), f"{value / one['bare']:.2f}")
            for name, value in one["phases"].items()
            if value > 0
        ]
        rows.append(("", "the whole night", seconds(one["night"]), f"{one['night'] / one['bare']:.2f}"))
        rows.append(
            ("", "the very first night", seconds(one["first_night"]), f"{one['first_night'] / one['bare']:.2f}")
        )
    boards = found[-1]["boards"]
    notes = [
        f"300 models, 24 months, {boards['anew']:,} boards computed anew, {boards['standing']:,} standing and "
        f"{boards['hidden']:,} hidden. A night is the one after some votes were cast: closed months lie in their "
        "files, and only what changed about a vote's standing is written. The very first one also writes the files "
        "and a standing for every vote. One process does everything. At most "
        f"{found[-1]['peak_mib']:,.0f} MiB of memory in it, with Python and Django."
    ]
    if len(found) > 1:
        grown, more = found[-1]["night"] / found[0]["night"], found[-1]["votes"] / found[0]["votes"]
        notes.append(f"With {more:.1f} times the votes a night takes {grown:.1f} times as long.")
    return Table(heads=("votes", "what", "time", "of the bare COPY"), rows=tuple(rows), notes=tuple(notes))


SECTION: Final = Section(name="nights", title="A whole night", run=run)
