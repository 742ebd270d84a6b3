"""What the wall costs whoever opens a battle, and what it costs to ask whether one is live."""

from typing import Final

from benchmarks.postgres import measured_inside
from benchmarks.tables import Section, Table

ROUNDS: Final = 7
OPENINGS: Final = 400


def run(quick: bool) -> Table:
    """Measure on a PostgreSQL of its own, which writes to the disk as a real one does."""
    openings, rounds = (40, 1) if quick else (OPENINGS, ROUNDS)
    found: dict[str, float] = measured_inside("opening", str(openings), str(rounds))
    return Table(
        heads=("what", "without the wall", "with it", "more"),
        rows=(
            (
                "opening a battle through the service",
                f"{found['without'] * 1000:.2f} ms",
                f"{found['with'] * 1000:.2f} ms",
                f"{found['with'] / found['without'] - 1:.1%}",
            ),
            ("asking whether a battle is live", "", f"{found['liveness'] * 1000:.2f} ms", ""),
        ),
        notes=(
            "One connection, a commit to the disk for each battle. Without the wall, its triggers on battles and their "
            "clusters are asleep and the service holds no cluster; everything else is the same. Medians of "
            f"{rounds} pairs of {openings} openings, both sides in turn; asked about {found['battles']:,.0f} battles, "
            "one at a time.",
        ),
    )


SECTION: Final = Section(name="walling", title="The wall in the way of a battle", run=run)
