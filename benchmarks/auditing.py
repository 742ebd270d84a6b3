"""What an entry costs: votes through the service, with their entry in the log and without it."""

from typing import Final

from benchmarks.postgres import measured_inside
from benchmarks.tables import Section, Table

PAIRS: Final = 7
VOTES: Final = 800


def run(quick: bool) -> Table:
    """Measure on a PostgreSQL of its own."""
    votes, pairs = (80, 1) if quick else (VOTES, PAIRS)
    found: list[dict[str, float]] = measured_inside("auditing", str(votes), str(pairs))
    return Table(
        heads=("clients", "with the entry", "without it", "of the speed without"),
        rows=tuple(
            (
                f"{row['clients']:.0f}",
                f"{row['audited']:,.0f} votes/s",
                f"{row['bare']:,.0f} votes/s",
                f"{row['ratio']:.2f} ({row['least']:.2f} to {row['most']:.2f})",
            )
            for row in found
        ),
        notes=(
            "The same service casts the same kind of vote, with its commitment and the salt on both sides; on one side "
            "it does not write the entry and does not gather its facts. Each vote is a transaction with a commit to "
            "the disk. Clients are threads of one process. "
            f"Medians of {pairs} pairs of runs of {votes} votes, in turn; the ratio is the median of the pairs' own, "
            "with the least and the most of them.",
        ),
    )


SECTION: Final = Section(name="auditing", title="What an entry costs", run=run)
