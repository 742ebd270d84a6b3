"""Proving an entry from the stored tree, when it has ten million leaves."""

from typing import Final

from benchmarks.postgres import measured_inside
from benchmarks.tables import Section, Table, seconds

LEAVES: Final = 10_000_000


def run(quick: bool) -> Table:
    """Measure on a PostgreSQL of its own."""
    sizes = (20_000,) if quick else (100_000, LEAVES)
    found: list[dict[str, float]] = [measured_inside("proving", str(size)) for size in sizes]
    return Table(
        heads=("leaves", "queries", "our processor time", "by the clock"),
        rows=tuple(
            (
                f"{row['size']:,.0f}",
                f"{row['queries']:.0f}",
                f"{row['own'] * 1000:.2f} ms",
                f"{row['wall'] * 1000:.2f} ms",
            )
            for row in found
        ),
        notes=(
            "From the number of an entry to the entry, its bytes, its leaf and its proof, checked. Medians "
            "of 500 entries at random places, the second time around. Building the largest tree took "
            f"{seconds(found[-1]['built'])}.",
        ),
    )


SECTION: Final = Section(name="proving", title="Proving an entry", run=run)
