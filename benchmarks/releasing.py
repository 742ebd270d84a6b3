"""What a release costs: a fifth of five million battles, from the filters to the manifest, beside a bare COPY."""

from typing import Any, Final

from benchmarks.postgres import measured_inside
from benchmarks.tables import Section, Table, seconds

BATTLES: Final = 5_000_000
ROUNDS: Final = 3


def run(quick: bool) -> Table:
    """Measure on a PostgreSQL of its own."""
    battles, rounds = (BATTLES // 20, 1) if quick else (BATTLES, ROUNDS)
    return table_of(measured_inside("releasing", str(battles), str(rounds)), rounds=rounds)


def table_of(found: dict[str, Any], *, rounds: int) -> Table:
    """Return the table of one measurement."""
    phases: dict[str, float] = found["phases"]
    total = sum(phases.values())
    rows = [("bare COPY to CSV, and its SHA-256", seconds(found["bare"]), "1")]
    rows += [(name, seconds(value), f"{value / found['bare']:.2f}") for name, value in phases.items()]
    rows += [("all of a release", seconds(total), f"{total / found['bare']:.2f}")]
    splits = ", ".join(f"{name} {seconds(value)}" for name, value in found["splits"].items())
    return Table(
        heads=("what", "time", "of the bare COPY"),
        rows=tuple(rows),
        notes=(
            f"A release of {found['items']:,} battles from {found['battles']:,}, to one licensee: "
            f"{found['csv_bytes'] / 2**20:,.0f} MiB of CSV, {found['parquet_bytes'] / 2**20:,.0f} MiB of Parquet, "
            f"{found['rows']:,} rows after {found['left_out']:,} people were left out. The edition: {splits}. "
            f"At most {found['peak_mib']:,.0f} MiB of memory in the process, with Python and Django in it. The bare "
            f"COPY joins the same tables under no rule but the filter and writes one file; the median of {rounds} "
            "after one that warmed the caches. The release is made once, as every release is.",
        ),
    )


SECTION: Final = Section(name="releasing", title="Making a release", run=run)
