"""Fills an arena, computes its nights, and copies the same columns bare; prints the seconds as JSON."""

import json
import os
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

os.environ.setdefault("SHOWDOWN_RANKINGS", tempfile.mkdtemp(prefix="bench-months-"))

import django
import psycopg

django.setup()

from apps.audit.domain.actor import Actor  # noqa: E402 - Models need Django to be set up.
from apps.contributors.models import Contributor, Network  # noqa: E402
from apps.organizations.models import Organization  # noqa: E402
from apps.prompts.models import Cluster, Prompt, PromptState  # noqa: E402
from apps.rankings.flows import recompute_open_run  # noqa: E402
from apps.rankings.models import Snapshot  # noqa: E402
from apps.rankings.queries.columns import BARE_COPY  # noqa: E402
from apps.rankings.services import request_refit  # noqa: E402
from benchmarks.inside.arena import Arena  # noqa: E402

_NIGHT: Final = Actor.system("benchmark")
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Splits:
    """How long each phase took, by what the run reports."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock, self._phase, self._since = clock, "", clock()
        self.seconds: dict[str, float] = {}

    def report(self, phase: str, _done: int, _total: int) -> None:
        """Take the run's word for where it is."""
        now = self._clock()
        if self._phase:
            self.seconds[self._phase] = self.seconds.get(self._phase, 0.0) + now - self._since
        self._phase, self._since = phase, now


def a_prompt() -> Prompt:
    """Return the one prompt that everybody voted on; the boards do not look at it."""
    network = Network.objects.create(name="The benchmark's network")
    author = Contributor.objects.create(network=network, standing="active", joined_at=NOW, activated_at=NOW)
    return Prompt.objects.create(
        author=author,
        text="Which of the two is better?",
        text_sha256="0" * 64,
        language="en",
        state=PromptState.APPROVED,
        cluster=Cluster.objects.create(founded_at=NOW),
        submission_key=uuid.uuid4(),
        submitted_at=NOW,
        screened_at=NOW,
        decided_at=NOW,
        decided_clause="P1",
    )


def bare_copy() -> float:
    """Return the seconds that a binary COPY of the same columns takes, thrown away as it comes."""
    began = time.perf_counter()
    with (
        psycopg.connect(os.environ["DATABASE_URL"]) as connection,
        connection.cursor() as cursor,
        cursor.copy(BARE_COPY.encode()) as messages,
    ):
        for _message in messages:
            pass
    return time.perf_counter() - began


def night() -> tuple[Snapshot, float, dict[str, float]]:
    """Compute one night, and return its snapshot, the seconds, and those of each phase."""
    splits, began = Splits(), time.perf_counter()
    request_refit(actor=_NIGHT, now=datetime.now(UTC))
    snapshot = recompute_open_run(actor=_NIGHT, report=splits.report)
    seconds = time.perf_counter() - began
    splits.report("", 0, 0)
    assert snapshot is not None
    return snapshot, seconds, splits.seconds


def measure(votes: int) -> dict[str, Any]:
    """Measure the first night on so many votes and the one after, when some were cast."""
    prompt = a_prompt()
    arena = Arena(votes=votes, people=min(100_000, max(2_000, votes // 50)))
    organization = Organization.objects.create(name="Lab", slug="lab", is_lab=True)
    began = time.perf_counter()
    arena.load(network=prompt.author.network_id, organization=organization.pk, prompt=prompt.pk)
    sys.stderr.write(f"loaded {votes:,} votes in {time.perf_counter() - began:.0f} s\n")
    _first, first_seconds, _phases = night()
    arena.cast_today(max(votes // 500, 2_000), prompt=prompt.pk)
    bare_copy()
    bare = bare_copy()
    second, seconds, phases = night()
    boards = second.moves["boards"]
    return {
        "votes": second.votes_counted,
        "boards": boards,
        "first_night": first_seconds,
        "night": seconds,
        "phases": phases,
        "bare": bare,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Measure so many votes and print the numbers as JSON."""
    json.dump(measure(int(sys.argv[1])), sys.stdout)


if __name__ == "__main__":
    main()
