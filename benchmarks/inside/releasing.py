"""Makes a release and its edition of a fifth of some million battles, beside a bare COPY of the same columns."""

import hashlib
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import django
import psycopg

django.setup()

from apps.accounts.models import Role  # noqa: E402 - Models need Django to be set up.
from apps.audit.domain.actor import Actor, ActorKind  # noqa: E402
from apps.battles.models import Endpoint  # noqa: E402
from apps.licensing.flows import build_due_editions, seal  # noqa: E402
from apps.licensing.gateways import EditionStore  # noqa: E402
from apps.licensing.models import Edition, ReleaseFit  # noqa: E402
from apps.licensing.services import Sealing, add_licensee, draft_release  # noqa: E402
from apps.organizations.services import register_organization  # noqa: E402
from benchmarks.inside.past import Past  # noqa: E402
from tests.battles.arena import SYSTEM, add_lab, add_model  # noqa: E402
from tests.conftest import NOON, make_contributor, make_person  # noqa: E402

# The columns of an edition as they stand in the tables, for whoever has no rules.
_BARE: Final = """
COPY (
  SELECT b.id, p.author_id, v.contributor_id, v.country, v.language, v.profession, v.age_band, v.education, b.language,
    b.category, to_char(v.cast_at AT TIME ZONE 'UTC', 'YYYY-MM'), lm.name, rm.name, v.choice, p.text, ls.text, rs.text
  FROM battles_battle b
  JOIN battles_vote v ON v.battle_id = b.id
  JOIN prompts_prompt p ON p.id = b.prompt_id
  JOIN battles_languagemodel lm ON lm.id = b.left_model_id
  JOIN battles_languagemodel rm ON rm.id = b.right_model_id
  JOIN battles_response ls ON ls.battle_id = b.id AND ls.side = 'left'
  JOIN battles_response rs ON rs.battle_id = b.id AND rs.side = 'right'
  WHERE b.language = 'pt' AND b.voted ORDER BY b.id
) TO STDOUT (FORMAT csv)
"""


def bare_copy(folder: Path) -> int:
    """Write the columns into one CSV file, read it once for its SHA-256, and return its size."""
    path = folder / "bare.csv"
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection, path.open("wb") as file:
        with connection.cursor() as cursor, cursor.copy(_BARE.encode()) as lines:
            for line in lines:
                file.write(line)
        file.flush()
        os.fsync(file.fileno())
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")
    size = path.stat().st_size
    path.unlink()
    return size


@contextmanager
def timed(phases: dict[str, float], name: str) -> Iterator[None]:
    """Put down how long something took."""
    began = time.perf_counter()
    yield
    phases[name] = phases.get(name, 0.0) + time.perf_counter() - began


class Splits:
    """How long each phase of a build took, by what it reports."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock, self._phase, self._since = clock, "", clock()
        self.seconds: dict[str, float] = {}

    def report(self, phase: str, _done: int, _total: int) -> None:
        """Take the build's word for where it is."""
        now = self._clock()
        if phase != self._phase:
            if self._phase:
                self.seconds[self._phase] = self.seconds.get(self._phase, 0.0) + now - self._since
            self._phase, self._since = phase, now


def measure(battles: int, rounds: int) -> dict[str, Any]:
    """Copy, then draft, seal and build, and return the seconds of each."""
    make_contributor(make_person("ada"))
    lab = add_lab("Fjord AI")
    for number in range(12):
        add_model(f"Cobalt {number}", lab)
    Endpoint.objects.update(redistribution_allowed=True)
    officer = make_person("margaret", Role.LICENSING_OFFICER)
    actor = Actor(
        kind=ActorKind.PERSON,
        account_id=officer.pk,
        pseudonym=officer.pseudonym,
        roles=officer.as_actor().roles,
        reauthenticated_at=None,
        request_id="benchmark",
    )
    university = register_organization(actor=SYSTEM, name="Meridian", country="NO", is_lab=False, now=NOON)
    licensee = add_licensee(
        actor=actor, organization=university, contact=None, purpose="Research", agreement="Read it.", now=NOON
    )
    loaded: dict[str, float] = {}
    with timed(loaded, "loading"):
        Past(battles=battles).load()
    sys.stderr.write(f"loaded {battles:,} battles in {loaded['loading']:.0f} s\n")
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        folder = Path(made)
        bare, size = [], 0
        for _round in range(rounds + 1):
            phases: dict[str, float] = {}
            with timed(phases, "copy"):
                size = bare_copy(folder)
            bare.append(phases["copy"])
        phases = {}
        with timed(phases, "selection"):
            release = draft_release(
                actor=actor, licensee=licensee, title="Everything", filters={"languages": ["pt"]}, now=NOON
            )
        with timed(phases, "rules 1 to 3, sealing, root"):
            sealed = seal(actor=actor, release_id=release.pk, mode=Sealing.ALL_OR_NOTHING)
        splits = Splits()
        with timed(phases, "rule 7 and the edition"):
            built = build_due_editions(
                actor=Actor.system("benchmark"), store=EditionStore(folder / "releases"), report=splits.report
            )
        edition = Edition.objects.get()
        fit = ReleaseFit.objects.get()
        assert built == 1
        return {
            "battles": battles,
            "items": sealed.items,
            "rows": edition.rows,
            "left_out": fit.left_out,
            "levels": fit.levels,
            "csv_bytes": size,
            "parquet_bytes": sum(file["bytes"] for file in edition.manifest["files"]),
            # The first copy warms the caches up.
            "bare": statistics.median(bare[1:]),
            "phases": phases,
            "splits": splits.seconds,
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


def main() -> None:
    """Measure so many battles, with so many bare copies, and print the numbers as JSON."""
    battles, rounds = map(int, sys.argv[1:])
    json.dump(measure(battles, rounds), sys.stdout)


if __name__ == "__main__":
    main()
