"""The tamper lab on the command line: what was done to copies of the log, and what the verifier said to each."""

import sys
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.audit.flows.tampering import Outcome, TamperLab, laboratory, open_export
from apps.audit.gateways.copies import NoExport
from apps.audit.gateways.verifier import VerifierProgram

_WIDTH: Final = 47
_SAID: Final = {0: "holds", 1: "broken", 2: "could not check"}


class Command(BaseCommand):
    """Changes nothing of the log and writes nothing into it; reads what is published, or the export that is given."""

    help = "Falsifies copies of the log in many ways and shows that showdown-verify notices each."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take an export, another verifier, and where to work."""
        parser.add_argument("--export", type=Path, metavar="PATH", help="a folder or .zip; without one, one is made")
        parser.add_argument("--verifier", type=Path, metavar="FILE", help="a showdown-verify.pyz; without one, ours")
        parser.add_argument("--folder", type=Path, metavar="FOLDER", help="where copies are made, and removed again")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the lab; the status is 0 only when every alteration was caught and the untouched copies hold."""
        try:
            with laboratory(options["folder"]) as folder:
                self._progress("reading the log")
                export = open_export(
                    folder,
                    options["export"],
                    log_files=Path(settings.LOG_FILES),
                    releases=Path(settings.RELEASES_DIR),
                    log_address=f"{settings.SITE_ADDRESS}/log",
                )
                lab = TamperLab(folder, export, VerifierProgram(options["verifier"]), now=timezone.now())
                outcomes = self._run(lab)
        except NoExport as none:
            raise CommandError(str(none)) from none
        except OSError as error:
            raise CommandError(f"The lab cannot work here: {error}. Name another place with --folder.") from error
        altered = [outcome for outcome in outcomes if outcome.is_altered]
        caught = sum(outcome.as_it_should for outcome in altered)
        untouched = all(outcome.as_it_should for outcome in outcomes if not outcome.is_altered)
        self.stdout.write(
            f"\n{caught} of {len(altered)} alterations were caught, and the untouched copies "
            f"{'hold' if untouched else 'DO NOT HOLD'}."
        )
        if caught != len(altered) or not untouched:
            raise CommandError("The verifier did not say what it should; the lines marked NO tell where.")

    def _run(self, lab: TamperLab) -> list[Outcome]:
        outcomes = []
        self._line("what was done to a copy", "who can", "what the verifier said", "")
        for number, outcome in enumerate(lab.run(), 1):
            self._progress("")
            verdict = outcome.verdict
            why = f"{verdict.reason}{f' at {verdict.where}' if verdict.where else ''}"
            said = _SAID.get(verdict.status, f"status {verdict.status}") + (f": {why}" if why else "")
            who = "-" if not outcome.is_altered else "the operator" if outcome.needs_key else "anybody"
            self._line(outcome.told, who, said, "yes" if outcome.as_it_should else "NO")
            if not outcome.as_it_should and verdict.message:
                self.stdout.write(f"      {verdict.message}")
            outcomes.append(outcome)
            self._progress(f"{number} of {lab.steps}")
        self._progress("")
        return outcomes

    def _line(self, told: str, who: str, said: str, mark: str) -> None:
        self.stdout.write(f"{mark:<4}{told:<{_WIDTH}}{who:<14}{said}".rstrip())
        self.stdout.flush()

    def _progress(self, words: str) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\r\x1b[K{words}", ending="")
            self.stderr.flush()
