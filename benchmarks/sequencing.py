"""The sequencer with its tiles, beside COPY of the rows that it writes."""

from typing import Final

from benchmarks.postgres import measured_inside
from benchmarks.tables import Section, Table

ROUNDS: Final = 5
ENTRIES: Final = 100_000


def run(quick: bool) -> Table:
    """Measure on a PostgreSQL of its own."""
    count, rounds = (3_000, 1) if quick else (ENTRIES, ROUNDS)
    found: dict[str, float] = measured_inside("sequencing", str(count), str(rounds))
    return Table(
        heads=("what", "speed", "of COPY's"),
        rows=(
            (
                "leaves, tree, bundles, tiles, signed checkpoints",
                f"{found['published']:,.0f} leaves/s",
                f"{found['ratio']:.2f}",
            ),
            (
                "leaves and tree alone",
                f"{found['sequenced']:,.0f} leaves/s",
                f"{found['sequenced'] / found['copied']:.2f}",
            ),
            ("the same rows by COPY", f"{found['copied']:,.0f} leaves/s", "1"),
        ),
        notes=(
            f"A backlog of {count:,} entries of {found['bytes']:.0f} bytes, as a vote writes them, is worked off in "
            "batches of 10,000, with a publication each second and at the end; every file and every transaction is on "
            "the disk. COPY writes leaves and nodes that lie ready in memory, into tables with the same indexes and "
            f"without foreign keys. Medians of {rounds} rounds, each on a log that has grown by the ones before.",
            f"With everything, a leaf takes {found['ours'] * 1e6:.0f} µs of our processor time and "
            f"{found['databases'] * 1e6:.0f} µs of the database's, one after the other.",
        ),
    )


SECTION: Final = Section(name="sequencing", title="Giving leaves and publishing", run=run)
