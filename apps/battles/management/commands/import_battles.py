"""``manage.py import_battles``: read a public file of votes into a board of its own."""

import hashlib
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from apps.audit.management.base import RecordedCommand
from apps.battles.domain.declared import ATTRIBUTES, is_unknown
from apps.battles.domain.formats.registry import FORMATS, guess_format, read_battles
from apps.battles.domain.formats.rows import BattleRow, Reading, UnreadableFile
from apps.battles.services.importing import begin_import, finish_import, import_rows

BATCH = 2000
SHOWN = 20
BETWEEN_LOOKS = 0.5  # seconds


class Command(RecordedCommand):
    """Import a file of votes, or say line by line why it cannot be imported."""

    help = (
        "Read a public file of votes. The file is checked whole first; with bad rows nothing is imported unless "
        "--skip-bad-rows is given. An import that broke off goes on where it stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        importable = sorted(name for name, known in FORMATS.items() if known.single_votes)
        parser.add_argument("path", type=Path, help="CSV, JSON, JSONL or Parquet, by its suffix")
        parser.add_argument("--format", choices=importable, help="guessed from the columns unless given")
        parser.add_argument("--name", help="name of the dataset on its board; the file's or folder's unless given")
        parser.add_argument("--licence", default="", help="licence of the votes, shown with the board")
        parser.add_argument("--dry-run", action="store_true", help="list the bad rows and import nothing")
        parser.add_argument("--skip-bad-rows", action="store_true", help="import the good rows in spite of bad ones")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check the file, then import it batch by batch."""
        path: Path = options["path"]
        try:
            found = FORMATS[options["format"]] if options["format"] else guess_format(path)
            if not found.single_votes:
                raise CommandError(f"{found.name} holds totals, not votes; rank it with showdown-rank.")
            rows = self._check(path, found.name, options)
            if options["dry_run"]:
                self.stdout.write(f"{path}: {rows:,} votes in the format {found.name} could be imported.")
                return
            self._import(path, found.name, rows, options)
        except UnreadableFile as unusable:
            raise CommandError(str(unusable)) from unusable

    def _check(self, path: Path, format_name: str, options: dict[str, Any]) -> int:
        reading = read_battles(path, format_name, latest=timezone.now())
        rows = 0
        unknown = Counter[str]()
        for row in self._watched(reading, "checking"):
            rows += 1
            unknown.update(attribute for attribute in ATTRIBUTES if is_unknown(row, attribute))
        for attribute, times in unknown.items():
            self.stderr.write(f"{attribute}: {times:,} values are no known code and are left out; their votes count.")
        for bad in reading.bad[:SHOWN]:
            self.stderr.write(str(bad))
        if reading.bad_total > SHOWN:
            self.stderr.write(f"… and {reading.bad_total - SHOWN:,} more bad rows.")
        if reading.bad_total and not options["skip_bad_rows"] and not options["dry_run"]:
            are = "bad row" if reading.bad_total == 1 else "bad rows"
            raise CommandError(
                f"{path} has {reading.bad_total:,} {are}; nothing was imported. Mend them, or give --skip-bad-rows."
            )
        if not rows:
            raise CommandError(f"{path} has no vote that could be imported.")
        return rows

    def _import(self, path: Path, format_name: str, total: int, options: dict[str, Any]) -> None:
        now = timezone.now()
        dataset = begin_import(
            actor=self.actor,
            name=options["name"] or (path.parent.name if format_name == "llmfao" else path.stem),
            format_name=format_name,
            licence=options["licence"],
            source_sha256=_sha256(path),
            now=now,
        )
        if dataset.rows:
            self.stderr.write(f"An earlier import stopped after {dataset.rows:,} votes; going on from there.")
        rows = self._watched(read_battles(path, format_name, latest=now), "importing")
        done = sum(1 for _row in islice(rows, dataset.rows))
        while batch := list(islice(rows, BATCH)):
            import_rows(actor=self.actor, dataset_id=dataset.pk, after=done, rows=batch, now=timezone.now())
            done += len(batch)
        finish_import(actor=self.actor, dataset_id=dataset.pk, now=timezone.now())
        self.stdout.write(
            f"Imported {total:,} votes as “{dataset.name}”. Their board appears with the next recomputation "
            "(manage.py recompute_rankings)."
        )

    def _watched(self, reading: Reading, phase: str) -> Iterator[BattleRow]:
        """Pass the rows on and show how far the file is read, on a terminal twice a second."""
        shown_at = time.monotonic()
        for row in reading:
            if sys.stderr.isatty() and time.monotonic() - shown_at > BETWEEN_LOOKS:
                shown_at = time.monotonic()
                self.stderr.write(f"{phase}: {reading.progress:4.0%}, {reading.rows:,} rows".ljust(60), ending="\r")
            yield row


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
