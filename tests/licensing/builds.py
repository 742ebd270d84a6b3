"""A release that is sealed and about to be built, and what a test does with its editions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.licensing.domain import edition as edition_domain
from apps.licensing.domain import sorting
from apps.licensing.domain.edition import PARQUET
from apps.licensing.flows import build_due_editions, retire_due_clusters, seal
from apps.licensing.gateways import EditionStore
from apps.licensing.models import Edition, Release
from apps.licensing.queries import rows as rows_query
from apps.licensing.services import Sealing, draft_release
from tests.licensing.crowds import HERMIT, crowd, voted
from tests.licensing.world import World

NIGHT = Actor.system("licensing.retire_due")
BUILDER = Actor.system("licensing.sweep")
ITEMS, ROWS = 13, 12


class Killed(BaseException):
    """The process is gone: nothing catches it, and nobody tidies up."""


@pytest.fixture
def store(tmp_path: Path) -> EditionStore:
    """A folder of one's own for editions."""
    return EditionStore(tmp_path / "releases")


@pytest.fixture
def sealed(world: World, margaret: User) -> Release:
    """A sealed release of thirteen battles on two prompts: eleven teachers voted, and one hermit unlike anybody."""
    sky, _cluster = world.prompt()
    strange, _other = world.prompt('Por que o céu é azul?\r\nعربي, <b>&amp;</b> "🌍"\n\\.\nNULL')
    *teachers, hermit = crowd(world, 12)
    voted(world, sky, teachers)
    voted(world, strange, teachers[:1])
    voted(world, strange, [hermit], HERMIT)
    retire_due_clusters(actor=NIGHT)
    release = draft_release(
        actor=margaret.as_actor(), licensee=world.licensee, title="The sky", filters={}, now=timezone.now()
    )
    return seal(actor=margaret.as_actor(), release_id=release.pk, mode=Sealing.ALL_OR_NOTHING)


def built(release: Release, store: EditionStore, **more: Any) -> Edition:
    assert build_due_editions(actor=BUILDER, store=store, **more) == 1
    return Edition.objects.get(release=release)


def rebuilt(world: World) -> None:
    """Let an edition be due as if it had never been built."""
    world.rewritten("licensing_editionrevision", "DELETE FROM licensing_editionrevision")
    world.owner.execute("DELETE FROM licensing_edition")
    world.rewritten("licensing_offer", "UPDATE licensing_offer SET state = 'building', digest = ''")
    world.owner.execute("UPDATE jobs_jobrun SET state = 'due', done = 0")


def table_of(folder: Path) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in sorted(folder.glob(f"*{PARQUET}"))])


def contents(root: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def in_small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make row groups of two rows and files of four, so that a dozen rows are many."""
    monkeypatch.setattr(edition_domain, "ROWS_PER_GROUP", 2)
    monkeypatch.setattr(edition_domain, "GROUPS_PER_FILE", 2)
    monkeypatch.setattr(rows_query, "ITEMS_PER_PIECE", 5)
    monkeypatch.setattr(sorting, "ROWS_PER_PIECE", 3)


def phases_of(sealed: Release, store: EditionStore) -> list[tuple[str, int]]:
    """Return every moment at which a build tells how far it is."""
    seen: list[tuple[str, int]] = []
    built(sealed, store, report=lambda phase, done, _total: seen.append((phase, done)))
    return seen


def dying(store: EditionStore, moment: tuple[str, int]) -> tuple[EditionStore, Callable[[str, int, int], None]]:
    """Return a store that nobody tidies up, and a report that ends the process at a moment."""

    def report(phase: str, done: int, _total: int) -> None:
        if (phase, done) == moment:
            raise Killed

    class Untidied(EditionStore):
        def discard(self, name: str) -> None:
            """Do nothing: the process is gone."""

    return Untidied(store.root), report
