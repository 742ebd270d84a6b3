"""How votes come out of PostgreSQL as columns: our reader beside what else could read them."""

from typing import Any, Final

from benchmarks.postgres import measured_inside
from benchmarks.tables import Section, Table, seconds

VOTES: Final = 1_000_000
ROUNDS: Final = 3


def run(quick: bool) -> Table:
    """Measure on a PostgreSQL of its own."""
    votes, rounds = (VOTES // 10, 1) if quick else (VOTES, ROUNDS)
    return table_of(measured_inside("reading", str(votes), str(rounds)), votes=votes, rounds=rounds)


def table_of(found: dict[str, Any], *, votes: int, rounds: int) -> Table:
    """Return the table of one measurement."""
    bare = found["bare"][0]
    rows = [
        (name, seconds(wall), seconds(ours), f"{wall / bare:.2f}")
        for name, (wall, ours) in (("bare binary COPY, thrown away", found["bare"]), *found["ways"].items())
    ]
    return Table(
        heads=("way", "time", "processor time of the reader", "of the bare COPY"),
        rows=tuple(rows),
        notes=(
            f"{votes:,} votes with both answers' measures, 26 columns. Medians of {rounds}. Processor time is the "
            f"reader's alone; most of the rest is the server joining and sending. {found['note']}",
        ),
    )


SECTION: Final = Section(name="reading", title="Reading votes as columns", run=run)
