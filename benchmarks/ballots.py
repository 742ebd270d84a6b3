"""Votes cast per second through the service, beside the bare statements that it sends, on one database."""

from typing import Final

from benchmarks.postgres import measured_inside
from benchmarks.tables import Section, Table

ROUNDS: Final = 7
VOTES: Final = 600


def run(quick: bool) -> Table:
    """Measure on a PostgreSQL of its own, which writes to the disk as a real one does."""
    votes, rounds = (60, 1) if quick else (VOTES, ROUNDS)
    found: list[dict[str, float]] = measured_inside("casting", str(votes), str(rounds))
    return Table(
        heads=("connections", "bare statements", "through the service", "of the bare speed"),
        rows=tuple(
            (
                f"{row['connections']:.0f}",
                f"{row['bare']:,.0f} votes/s",
                f"{row['service']:,.0f} votes/s",
                f"{row['service'] / row['bare']:.0%}",
            )
            for row in found
        ),
        notes=(
            "Each vote is a transaction of its own, with the wall's triggers and a commit to the disk. The bare side "
            "sends the battle's UPDATE and the INSERTs of salt, vote and log entry, exactly as the service sends them, "
            f"and nothing else: no lock, no rule. The service adds {found[0]['statements'] - found[0]['writes']:.0f} "
            "reads. It is Python, in threads of one process; the platform runs several processes. Medians of "
            f"{rounds} runs of {votes} votes, both sides in turn.",
        ),
    )


SECTION: Final = Section(name="ballots", title="Casting votes", run=run)
