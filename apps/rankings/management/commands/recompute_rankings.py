"""``manage.py recompute_rankings``: recompute every board now, show how far it is, and say what moved."""

import argparse
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.core.management.base import CommandError
from django.utils import timezone

from apps.audit.management.base import RecordedCommand
from apps.battles.models import LanguageModel
from apps.rankings.flows import NoRoomToSeal, preview_night, recompute_open_run
from apps.rankings.models import Method, RefitRun, RunState, Snapshot
from apps.rankings.queries import open_run
from apps.rankings.services import RefitAlreadyRunning, end_run_cancelled, request_refit

_MICRO: Final = 1_000_000
_SHOWN: Final = 20
_PAUSE: Final = 0.5
_INTERRUPTED: Final = 130


class Command(RecordedCommand):
    """Recompute every board and publish the snapshot."""

    help = "Recompute every board from the votes and publish the snapshot. Finishes a run that a dead worker left."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take whether to publish."""
        parser.add_argument(
            "--dry-run", action="store_true", help="compute everything, publish nothing, and say what would change"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the recomputation in this process, together with any workers that there are."""
        self._phase, self._since = "", time.monotonic()
        if options["dry_run"]:
            self._preview()
            return
        mine: RefitRun | None = None
        try:
            mine = request_refit(actor=self.actor, now=timezone.now())
        except RefitAlreadyRunning:
            self.stderr.write("A recomputation is already open; this one works on whatever is left of it.")
        run = mine or open_run()
        started = time.monotonic()
        try:
            snapshot = self._see_through(run)
        except KeyboardInterrupt as stopped:
            self._stop(mine)
            raise CommandError("Stopped. The last snapshot stays up.", returncode=_INTERRUPTED) from stopped
        self.stdout.write(
            f"Published {snapshot.ref}: {snapshot.votes_counted:,} votes, {snapshot.boards.count()} boards, "
            f"{time.monotonic() - started:.1f} s."
        )
        self._tell_moves(snapshot.moves)

    def _preview(self) -> None:
        found = preview_night(actor=self.actor, report=self._report, now=timezone.now())
        self.stdout.write(
            f"Nothing was published. It would be {found.votes_counted:,} votes on {found.boards} boards, "
            f"{found.left_out:,} left out, root {found.votes_root}; {found.seconds:.1f} s."
        )
        self._tell_moves(found.moves)

    def _see_through(self, run: RefitRun | None) -> Snapshot:
        """Work on the run until it ends, here or in the hands of whoever has the last part."""
        while run is not None:
            try:
                snapshot = recompute_open_run(actor=self.actor, report=self._report)
            except NoRoomToSeal as full:
                raise CommandError(f"{full}. Nothing was published; the run stays due and goes on by itself.") from full
            if snapshot is not None:
                return snapshot
            run.refresh_from_db()
            if run.state == RunState.DONE:
                return run.snapshot
            if run.state == RunState.CANCELLED:
                raise CommandError("Somebody stopped this recomputation. The last snapshot stays up.")
            if run.state == RunState.FAILED:
                raise CommandError("This recomputation failed; the page “Work in progress” says why.")
            job = RefitRun.objects.select_related("job").get(pk=run.pk).job
            self._report(job.phase, job.done, job.total)
            time.sleep(_PAUSE)
        raise CommandError("Another process has just published. Run it again for a snapshot of this moment.")

    def _stop(self, mine: RefitRun | None) -> None:
        if mine is None:
            self.stderr.write("The recomputation was asked for by somebody else and goes on without this process.")
            return
        end_run_cancelled(actor=self.actor, run_id=mine.pk, now=timezone.now())

    def _report(self, phase: str, done: int, total: int) -> None:
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._since = phase, now
        left = ""
        if 0 < done < total:
            remaining = timedelta(seconds=round((now - self._since) * (total - done) / done))
            left = f", about {remaining} left"
        end = "\r" if sys.stderr.isatty() else "\n"
        self.stderr.write(f"{phase}: {done:,} of {total:,}{left}".ljust(70), ending=end)

    def _tell_moves(self, moves: Mapping[str, Any]) -> None:
        boards = moves.get("boards", {})
        self.stdout.write(
            f"Boards: {boards.get('anew', 0)} computed anew, {boards.get('standing', 0)} stand as they were, "
            f"{boards.get('hidden', 0)} hidden."
        )
        for method in (Method.PLAIN, Method.STYLED):
            found = moves.get(method.value, {})
            self._tell_board(method, found)

    def _tell_board(self, method: Method, found: Mapping[str, Any]) -> None:
        if found.get("stands"):
            self.stdout.write(f"{method.label}: stands as it was, since too few people's votes changed.")
            return
        moved = found.get("models", ())
        named = [*found.get("entered", ()), *found.get("left", ()), *(line["model"] for line in moved)]
        names = dict(LanguageModel.objects.filter(pk__in=named).values_list("pk", "name"))
        entered = ", ".join(names.get(one, "?") for one in found.get("entered", ())) or "none"
        left = ", ".join(names.get(one, "?") for one in found.get("left", ())) or "none"
        self.stdout.write(f"{method.label}: {found.get('moved', 0)} models moved; new: {entered}; gone: {left}.")
        for line in moved[:_SHOWN]:
            by = (line["rating"] - line["rating_before"]) / _MICRO
            self.stdout.write(
                f"  {line['rank_before']:>4} → {line['rank']:<4} {names.get(line['model'], '?')} ({by:+.1f} points)"
            )
