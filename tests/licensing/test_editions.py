"""Building an edition: the same bytes every time, nothing half, and nothing that says who is who."""

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import time_text
from apps.audit.domain.refusal import NotPermitted
from apps.battles.models import Battle
from apps.jobs.models import JobRun, JobState
from apps.jobs.services import request_cancel
from apps.licensing.domain import edition as edition_domain
from apps.licensing.domain import sorting
from apps.licensing.domain.edition import MANIFEST, PARQUET, SCHEMA, sha256_of
from apps.licensing.domain.items import item_leaf, items_root
from apps.licensing.events import LicensingEvent
from apps.licensing.flows import build_due_editions, cancel, retire_due_clusters, seal, sweep
from apps.licensing.gateways import EditionStore
from apps.licensing.models import (
    Edition,
    EditionRevision,
    OfferLicensee,
    OfferState,
    PersonGeneralization,
    PseudonymKey,
    Release,
)
from apps.licensing.queries import due_editions, holding_the_build_lock, items_of, leaves_of
from apps.licensing.queries import rows as rows_query
from apps.licensing.queries.editions import folder_of
from apps.licensing.services import (
    NothingToBuild,
    Sealing,
    add_licensee,
    begin_building,
    draft_release,
    request_edition,
)
from apps.organizations.services import register_organization
from tests.audit.dumps import dump, restored
from tests.licensing.crowds import HERMIT, crowd, voted
from tests.licensing.world import SYSTEM, World
from tests.trails import trail_of

pytestmark = pytest.mark.committed

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
    world.owner.execute("UPDATE licensing_offer SET state = 'building'")
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


def test_an_edition_is_files_and_a_manifest_that_names_them(
    sealed: Release, store: EditionStore, tmp_path: Path, world: World
) -> None:
    edition = built(sealed, store)
    folder = tmp_path / "releases" / edition.path
    told = (folder / MANIFEST).read_bytes()
    assert sha256_of(folder / MANIFEST) == edition.manifest_sha256
    manifest = json.loads(told)
    assert json.dumps(manifest, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode() == told
    assert manifest["rows"] == edition.rows == ROWS
    assert manifest["release"]["items_root"] == sealed.items_root
    assert manifest["release"]["policy_version"] == sealed.policy_version
    assert manifest["release"]["taken_out"] == {"W1": 0, "W2": 0, "W3": 0}
    assert sealed.sealed_at is not None
    assert manifest["release"]["sealed_at"] == time_text(sealed.sealed_at)
    assert manifest["licensee"]["name"] == "Meridian University"
    assert manifest["edition"] == {"editions_before": 0, "revision": 0}
    assert manifest["gone"] == {"held_back": [], "withdrawn": []}
    assert {file["name"] for file in manifest["files"]} == {
        "README.md", "battles-00000.parquet", "croissant.json", "policy.md"
    }  # fmt: skip
    for file in manifest["files"]:
        assert file["sha256"] == sha256_of(folder / file["name"])
        assert file["bytes"] == (folder / file["name"]).stat().st_size
    assert {path.stat().st_mode & 0o077 for path in [folder, *folder.iterdir()]} == {0}
    table = table_of(folder)
    assert table.schema.equals(SCHEMA)
    assert set(table["prompt"].to_pylist()) == {
        "Why is the sky blue?", "Por que o céu é azul?\r\nعربي, <b>&amp;</b> \"🌍\"\n\\.\nNULL"
    }  # fmt: skip
    assert set(table["outcome"].to_pylist()) == {"a"}
    assert set(table["model_a"].to_pylist()) == {world.models[0].name}
    assert trail_of(edition) == [LicensingEvent.EDITION_BUILT]
    assert JobRun.objects.get().state == JobState.DONE
    assert edition.offer.state == OfferState.AWAITING
    assert EditionRevision.objects.get().manifest_sha256 == edition.manifest_sha256


def test_whoever_is_unlike_anybody_is_left_out(sealed: Release, store: EditionStore, tmp_path: Path) -> None:
    edition = built(sealed, store)
    assert edition.manifest["contributors"] == {
        "clause": "W7",
        "hierarchies": "showdown-hierarchies/1",
        "k": 10,
        "levels": {
            "age_band": "declared band",
            "country": "country",
            "education": "ISCED level",
            "language": "language",
            "profession": "unit group (4 digits)",
        },
        "order": ["country", "profession", "education", "age_band", "language"],
        "people": 12,
        "people_held_back": 0,
        "people_left_out": 1,
        "rows_left_out": 1,
    }
    rows = table_of(tmp_path / "releases" / edition.path).to_pylist()
    facts = ("voter_country", "voter_language", "voter_profession", "voter_age_band", "voter_education")
    assert {tuple(row[fact] for fact in facts) for row in rows} == {("BR", "en", "2310", "35-44", "7")}
    assert len({row["voter"] for row in rows}) == PersonGeneralization.objects.count() == 11
    assert trail_of(sealed)[-1] == LicensingEvent.PEOPLE_FITTED


def test_the_root_commits_to_every_item_and_its_certificates(sealed: Release) -> None:
    items = list(items_of(sealed.pk))
    told = {"release_id": sealed.pk, "policy_version": sealed.policy_version}
    assert items_root(items=items, **told) == (sealed.items_root, ITEMS)
    assert items_root(items=items[:-1], **told)[0] != sealed.items_root
    with pytest.raises(ValueError, match="does not follow"):
        items_root(items=reversed(items), **told)
    # The database spells the leaves as the canonical writer does.
    assert list(leaves_of(sealed.pk)) == [item_leaf(item) for item in items]


def test_a_copy_does_not_say_who_is_who_or_what_came_first(
    sealed: Release, store: EditionStore, tmp_path: Path, world: World
) -> None:
    edition = built(sealed, store)
    folder = tmp_path / "releases" / edition.path
    rows = table_of(folder).to_pylist()
    key = bytes(PseudonymKey.objects.get(licensee=world.licensee).key)
    everything = b"".join(contents(folder).values())
    voter_id = world.author.contributor.voter_id
    for name in (str(voter_id), voter_id.hex, world.author.pseudonym, world.author.email):
        assert name.encode() not in everything
    assert key not in everything
    assert key.hex().encode() not in everything
    assert {row["month"] for row in rows} == {Battle.objects.earliest("pk").opened_at.strftime("%Y-%m")}
    assert [row["row"] for row in rows] == sorted(row["row"] for row in rows)
    assert len({row["author"] for row in rows}) == 1
    assert not {row["author"] for row in rows} & {row["voter"] for row in rows}


def test_every_licensee_of_an_offer_gets_names_of_their_own(
    sealed: Release, store: EditionStore, tmp_path: Path, margaret: User
) -> None:
    other = add_licensee(
        actor=margaret.as_actor(),
        organization=register_organization(
            actor=SYSTEM, name="Corvid Analytics", country="NO", is_lab=False, now=timezone.now()
        ),
        contact=None,
        purpose="Reports",
        agreement="They may read it.",
        now=timezone.now(),
    )
    OfferLicensee.objects.create(offer=sealed.offers.get(), licensee=other)
    assert build_due_editions(actor=BUILDER, store=store) == 2
    first, second = [table_of(tmp_path / "releases" / each.path) for each in Edition.objects.order_by("pk")]
    for column in ("row", "author", "voter"):
        assert not set(first[column].to_pylist()) & set(second[column].to_pylist())
    assert sorted(first["answer_a"].to_pylist()) == sorted(second["answer_a"].to_pylist())
    assert set(first["voter_country"].to_pylist()) == set(second["voter_country"].to_pylist())
    assert sealed.offers.get().state == OfferState.AWAITING
    assert JobRun.objects.get().state == JobState.DONE


def test_the_editions_of_a_licensee_are_counted(
    sealed: Release, store: EditionStore, world: World, margaret: User
) -> None:
    assert built(sealed, store).ordinal == 0
    prompt, _cluster = world.prompt("What is a cloud?")
    voted(world, prompt, crowd(world, 10))
    retire_due_clusters(actor=NIGHT)
    later = draft_release(
        actor=margaret.as_actor(), licensee=world.licensee, title="Clouds", filters={}, now=timezone.now()
    )
    later = seal(actor=margaret.as_actor(), release_id=later.pk, mode=Sealing.PAST_THE_WALL)
    edition = built(later, store)
    assert (edition.ordinal, edition.manifest["edition"]["editions_before"]) == (1, 1)


def test_built_twice_the_bytes_are_the_same(
    sealed: Release, tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_groups(monkeypatch)
    first, second = EditionStore(tmp_path / "one"), EditionStore(tmp_path / "two")
    built(sealed, first)
    rebuilt(world)
    monkeypatch.setattr(rows_query, "ITEMS_PER_PIECE", 3)
    monkeypatch.setattr(sorting, "ROWS_PER_PIECE", 2)
    built(sealed, second)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert len(contents(tmp_path / "one")) == 7


def test_built_on_a_restored_database_the_bytes_are_the_same(sealed: Release, tmp_path: Path, world: World) -> None:
    there, here = EditionStore(tmp_path / "there"), EditionStore(tmp_path / "here")
    file = dump(tmp_path)
    built(sealed, here)
    with restored(file):
        assert not Edition.objects.exists()
        built(sealed, there)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


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


def test_killed_at_any_stage_the_next_look_finishes_it(
    sealed: Release, store: EditionStore, tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_groups(monkeypatch)
    whole = EditionStore(tmp_path / "whole")
    moments = phases_of(sealed, whole)
    expected = contents(tmp_path / "whole")
    assert {phase for phase, _done in moments} == {
        "reading rows", "writing rows", "writing the manifest", "publishing", "published"
    }  # fmt: skip
    name = folder_of(sealed.pk, world.licensee.pk)
    for moment in dict.fromkeys(moments):
        rebuilt(world)
        store.remove(name)
        untidied, report = dying(store, moment)
        with pytest.raises(Killed):
            build_due_editions(actor=BUILDER, store=untidied, report=report)
        assert not Edition.objects.exists()
        # What can be seen under its own name is whole, or nothing.
        assert store.names() == ([name] if moment[0] == "published" else [])
        assert JobRun.objects.get().state == JobState.RUNNING
        sweep(actor=BUILDER, store=store)
        assert contents(store.root) == expected, moment
        assert Edition.objects.get().rows == ROWS


def test_an_edition_that_was_touched_before_it_was_confirmed_is_built_anew(
    sealed: Release, store: EditionStore, world: World
) -> None:
    untidied, report = dying(store, ("published", ROWS))
    with pytest.raises(Killed):
        build_due_editions(actor=BUILDER, store=untidied, report=report)
    file = store.root / folder_of(sealed.pk, world.licensee.pk) / "battles-00000.parquet"
    before = file.read_bytes()
    file.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    sweep(actor=BUILDER, store=store)
    assert file.read_bytes() == before
    assert Edition.objects.get().rows == ROWS


def test_a_full_disk_fails_the_build_and_leaves_nothing(
    sealed: Release, store: EditionStore, margaret: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_store: EditionStore, _name: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(EditionStore, "publish", full)
        assert build_due_editions(actor=BUILDER, store=store) == 0
    job = JobRun.objects.get()
    assert job.state == JobState.FAILED
    assert job.error.startswith("No space left on device")
    assert contents(store.root) == {}
    assert trail_of(sealed)[-1] == LicensingEvent.BUILD_STOPPED
    # Nobody tries by themselves for ever; the officer asks again.
    assert sweep(actor=BUILDER, store=store) == 0
    request_edition(actor=margaret.as_actor(), release_id=sealed.pk, now=timezone.now())
    with pytest.raises(NothingToBuild):
        request_edition(actor=margaret.as_actor(), release_id=sealed.pk, now=timezone.now())
    assert sweep(actor=BUILDER, store=store) == 1


def test_an_officer_stops_a_build(
    sealed: Release, store: EditionStore, margaret: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_groups(monkeypatch)

    def stop_at_five(phase: str, done: int, _total: int) -> None:
        if (phase, done) == ("reading rows", 5):
            request_cancel(actor=margaret.as_actor(), job_id=JobRun.objects.get().pk, now=timezone.now())

    assert build_due_editions(actor=BUILDER, store=store, report=stop_at_five) == 0
    assert JobRun.objects.get().state == JobState.CANCELLED
    assert contents(store.root) == {}
    assert due_editions() == []


def test_a_release_cancelled_while_it_is_built_leaves_no_file(
    sealed: Release, store: EditionStore, margaret: User
) -> None:
    def cancel_it(phase: str, _done: int, _total: int) -> None:
        if phase == "published":
            cancel(actor=margaret.as_actor(), release_id=sealed.pk, store=EditionStore(store.root / "elsewhere"))

    assert build_due_editions(actor=BUILDER, store=store, report=cancel_it) == 0
    assert not Edition.objects.exists()
    assert contents(store.root) == {}


def test_cancelling_takes_the_edition_off_the_disk(
    sealed: Release, store: EditionStore, margaret: User, world: World
) -> None:
    built(sealed, store)
    cancel(actor=margaret.as_actor(), release_id=sealed.pk, store=store)
    assert contents(store.root) == {}
    # The sweeper does the same for a process that died in between.
    name = folder_of(sealed.pk, world.licensee.pk)
    (store.root / name).mkdir()
    (store.root / ".building" / name).mkdir(parents=True)
    sweep(actor=BUILDER, store=store)
    assert store.names() == store.left_behind() == []


def test_a_row_that_lost_its_words_fails_the_build(sealed: Release, store: EditionStore, world: World) -> None:
    world.owner.execute("DELETE FROM battles_response WHERE battle_id = (SELECT min(battle_id) FROM release_item)")
    assert build_due_editions(actor=BUILDER, store=store) == 0
    assert JobRun.objects.get().error == "1 of the release's rows are not complete any more."
    assert contents(store.root) == {}


def test_one_process_builds_while_another_looks_away(sealed: Release, world: World) -> None:
    with holding_the_build_lock(sealed.pk) as is_ours:
        assert is_ours
        taken = world.value("SELECT pg_try_advisory_lock(%s, %s)", 0x5D0E, sealed.pk)
        assert taken is False


def test_only_the_platform_builds(sealed: Release, margaret: User) -> None:
    [due] = due_editions()
    with pytest.raises(NotPermitted):
        begin_building(actor=margaret.as_actor(), due=due, now=timezone.now())
