"""Building an edition: the same bytes every time, nothing half, and nothing that says who is who."""

import json
from pathlib import Path

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.canonical import time_text
from apps.audit.domain.refusal import NotPermitted
from apps.battles.models import Battle
from apps.jobs.models import JobRun, JobState
from apps.licensing.domain import sorting
from apps.licensing.domain.edition import MANIFEST, SCHEMA, sha256_of
from apps.licensing.domain.items import item_leaf, items_root
from apps.licensing.events import LicensingEvent
from apps.licensing.flows import build_due_editions, retire_due_clusters, seal
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
from apps.licensing.services import (
    Sealing,
    add_licensee,
    begin_building,
    draft_release,
)
from apps.organizations.services import register_organization
from tests.audit.dumps import dump, restored
from tests.licensing.builds import (
    BUILDER,
    ITEMS,
    NIGHT,
    ROWS,
    built,
    contents,
    in_small_groups,
    rebuilt,
    sealed,
    store,
    table_of,
)
from tests.licensing.crowds import crowd, voted
from tests.licensing.world import SYSTEM, World
from tests.trails import trail_of

__all__ = ["sealed", "store"]

pytestmark = pytest.mark.committed


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


def test_one_process_builds_while_another_looks_away(sealed: Release, world: World) -> None:
    with holding_the_build_lock(sealed.pk) as is_ours:
        assert is_ours
        taken = world.value("SELECT pg_try_advisory_lock(%s, %s)", 0x5D0E, sealed.pk)
        assert taken is False


def test_only_the_platform_builds(sealed: Release, margaret: User) -> None:
    [due] = due_editions()
    with pytest.raises(NotPermitted):
        begin_building(actor=margaret.as_actor(), due=due, now=timezone.now())
