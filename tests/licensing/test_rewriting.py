"""Rows that are taken back leave an edition, and whoever stands alone without them leaves as well."""

import json
from pathlib import Path

import psycopg
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.refusal import NotPermitted
from apps.licensing.domain.anonymity import small_cells
from apps.licensing.domain.edition import MANIFEST, sha256_of
from apps.licensing.domain.pseudonyms import Pseudonyms
from apps.licensing.events import LicensingEvent
from apps.licensing.flows import build_due_editions, retire_due_clusters, rewrite_editions, seal, sweep
from apps.licensing.gateways import EditionStore
from apps.licensing.models import (
    Edition,
    EditionRevision,
    LeftOut,
    Licensee,
    PersonGeneralization,
    PseudonymKey,
    Release,
    Tombstone,
    TombstoneReason,
)
from apps.licensing.queries import due_rewrites, too_few_alike
from apps.licensing.services import Sealing, draft_release, editions
from apps.licensing.services.tombstones import withdraw_release
from tests.licensing.builds import BUILDER, NIGHT, Killed, contents, dying, store, table_of
from tests.licensing.crowds import Facts, crowd, voted
from tests.licensing.offered import proved, under_new_rules
from tests.licensing.world import World
from tests.trails import trail_of

__all__ = ["store"]

pytestmark = pytest.mark.committed

# Written by hand and not with the code that is tested: combinations of what copies tell that fewer than ten share,
# over all releases that are sealed here.
SMALL_COMBINATIONS = """
SELECT g.country, g.language, g.profession, g.age_band, g.education, count(DISTINCT v.contributor_id)
FROM release_item i
JOIN battles_vote v USING (battle_id)
JOIN licensing_persongeneralization g USING (contributor_id)
LEFT JOIN licensing_tombstone t USING (battle_id)
LEFT JOIN licensing_leftout o ON o.release_id = i.release_id AND o.contributor_id = v.contributor_id
WHERE t.battle_id IS NULL AND o.id IS NULL
GROUP BY 1, 2, 3, 4, 5 HAVING count(DISTINCT v.contributor_id) < 10
"""
NURSES = Facts(country="JP", language="ja", profession="2221", age_band="25-34", education="6")


class Sale:
    """Releases one after the other to one licensee, as two people let them go."""

    def __init__(self, world: World, officer: User, store: EditionStore) -> None:
        self.world, self.officer, self.store = world, officer, store
        self.teachers, self.nurses = crowd(world, 12), crowd(world, 10)

    def release(self, *groups: tuple[list[int], Facts], is_open: bool = False) -> Release:
        """Seal and build what some people voted on a new prompt; open it by hand when asked to."""
        prompt, _cluster = self.world.prompt(f"What is the {Release.objects.count() + 1}th wonder of the world?")
        for people, facts in groups:
            voted(self.world, prompt, people, facts)
        retire_due_clusters(actor=NIGHT)
        draft = draft_release(
            actor=self.officer.as_actor(), licensee=self.world.licensee, title="Wonders", filters={}, now=timezone.now()
        )
        sealed = seal(actor=self.officer.as_actor(), release_id=draft.pk, mode=Sealing.PAST_THE_WALL)
        assert build_due_editions(actor=BUILDER, store=self.store) == 1
        if is_open:
            self.world.owner.execute(
                "ALTER TABLE licensing_offer DROP CONSTRAINT IF EXISTS licensing_announced_by_four"
            )
            self.world.rewritten(
                "licensing_offer",
                "UPDATE licensing_offer SET state = 'open', opens_at = now(), opened_at = now() WHERE release_id = %s",
                sealed.pk,
            )
        return sealed

    def take_back(self, release: Release, count: int, *, of: list[int]) -> list[int]:
        """Take back the rows of the first few of some people in a release; return the battles."""
        battles = [
            battle
            for (battle,) in self.world.owner.execute(
                "SELECT i.battle_id FROM release_item i JOIN battles_vote v USING (battle_id)"
                " WHERE i.release_id = %s AND v.contributor_id = ANY (%s) ORDER BY v.contributor_id LIMIT %s",
                [release.pk, of, count],
            ).fetchall()
        ]
        for battle in battles:
            Tombstone.objects.create(battle_id=battle, reason=TombstoneReason.CONSENT, at=timezone.now())
        return battles

    def small(self) -> list[tuple[object, ...]]:
        """Return the combinations that too few share, as the database's owner counts them."""
        return self.world.owner.execute(SMALL_COMBINATIONS).fetchall()


@pytest.fixture
def sale(world: World, margaret: User, store: EditionStore) -> Sale:
    """A desk with twelve teachers and ten nurses behind it."""
    return Sale(world, margaret, store)


def test_a_row_taken_back_leaves_and_the_successor_says_so(sale: Sale, store: EditionStore, world: World) -> None:
    release = sale.release((sale.teachers, Facts()))
    first = Edition.objects.get()
    assert (first.rows, due_rewrites()) == (12, [])
    [battle] = sale.take_back(release, 1, of=sale.teachers)
    assert due_rewrites() == [first.pk]
    assert rewrite_editions(actor=BUILDER, store=store) == 1
    assert due_rewrites() == []
    edition = Edition.objects.get()
    folder = store.root / edition.path
    manifest = json.loads((folder / MANIFEST).read_bytes())
    gone = Pseudonyms(bytes(PseudonymKey.objects.get(licensee=world.licensee).key)).row(battle).hex()
    assert (edition.revision, edition.rows) == (1, 11)
    assert manifest["gone"] == {"held_back": [], "withdrawn": [gone]}
    assert manifest["edition"] == {
        "editions_before": 0,
        "revision": 1,
        "supersedes": {"approved": first.manifest_sha256, "predecessor": first.manifest_sha256},
    }
    assert gone not in set(table_of(folder)["row"].to_pylist())
    assert sha256_of(folder / MANIFEST) == edition.manifest_sha256
    # The files of the revision before are gone, and its manifest stays to be read.
    assert store.names() == [edition.path]
    assert list(EditionRevision.objects.order_by("number").values_list("manifest_sha256", flat=True)) == [
        first.manifest_sha256,
        edition.manifest_sha256,
    ]
    assert trail_of(edition) == [LicensingEvent.EDITION_BUILT, LicensingEvent.EDITION_REWRITTEN]
    # The next one names the approved revision as well as the one before it.
    Tombstone.objects.create(
        battle_id=world.value("SELECT max(battle_id) FROM release_item"),
        reason=TombstoneReason.ERASED,
        at=timezone.now(),
    )
    rewrite_editions(actor=BUILDER, store=store)
    assert Edition.objects.get().manifest["edition"]["supersedes"] == {
        "approved": first.manifest_sha256,
        "predecessor": edition.manifest_sha256,
    }


def test_who_is_left_among_too_few_leaves_with_them(sale: Sale, store: EditionStore) -> None:
    release = sale.release((sale.teachers, Facts()), (sale.nurses, NURSES))
    assert Edition.objects.get().rows == 22
    sale.take_back(release, 1, of=sale.nurses)
    assert len(sale.small()) == 1
    assert len(too_few_alike(release.pk, k=10)) == 9
    assert rewrite_editions(actor=BUILDER, store=store) == 1
    edition = Edition.objects.get()
    assert edition.rows == 12
    assert len(edition.manifest["gone"]["withdrawn"]) == 1
    assert len(edition.manifest["gone"]["held_back"]) == 9
    assert edition.manifest["contributors"]["people_held_back"] == 9
    assert sale.small() == []
    assert LicensingEvent.PEOPLE_HELD_BACK in trail_of(release)
    # Nobody's facts were told anew.
    assert PersonGeneralization.objects.count() == 22
    assert LeftOut.objects.filter(is_later=True).count() == 9


def test_what_is_open_counts_for_others_and_changes_with_them(sale: Sale, store: EditionStore) -> None:
    opened = sale.release((sale.teachers, Facts()), (sale.nurses[:8], NURSES), is_open=True)
    # Eight nurses were too few by themselves; everybody was told more coarsely, or the nurses were left out.
    before = dict(PersonGeneralization.objects.values_list("contributor_id", "country"))
    later = sale.release((sale.nurses, NURSES), (sale.teachers[:1], Facts()))
    after = dict(PersonGeneralization.objects.values_list("contributor_id", "country"))
    assert {person: after[person] for person in before} == before
    assert sale.small() == []
    # One teacher alone can be read in the later release, because eleven others can be read in the open one.
    assert Edition.objects.get(release=later).rows == 11
    sale.take_back(opened, 3, of=sale.teachers[1:])
    assert rewrite_editions(actor=BUILDER, store=store) == 2
    assert sale.small() == []
    assert Edition.objects.get(release=later).rows == 10
    assert Edition.objects.get(release=opened).revision == 1


def test_a_larger_k_makes_editions_behind_once(sale: Sale, store: EditionStore, world: World) -> None:
    release = sale.release((sale.teachers, Facts()), (sale.nurses, NURSES))
    under_new_rules(world, "W7", k=12)
    assert due_rewrites() == [Edition.objects.get().pk]
    assert rewrite_editions(actor=BUILDER, store=store) == 1
    edition = Edition.objects.get()
    assert (edition.rows, edition.manifest["contributors"]["k"]) == (12, 12)
    assert due_rewrites() == []
    assert rewrite_editions(actor=BUILDER, store=store) == 0
    assert trail_of(release).count(LicensingEvent.PEOPLE_HELD_BACK) == 1


def test_a_larger_k_is_told_even_when_nobody_leaves(sale: Sale, store: EditionStore, world: World) -> None:
    sale.release((sale.teachers, Facts()))
    under_new_rules(world, "W7", k=12)
    assert rewrite_editions(actor=BUILDER, store=store) == 1
    edition = Edition.objects.get()
    assert (edition.rows, edition.manifest["contributors"]["k"]) == (12, 12)
    assert due_rewrites() == []


def test_a_release_withdrawn_is_missed_by_others(sale: Sale, store: EditionStore) -> None:
    opened = sale.release((sale.teachers, Facts()), is_open=True)
    later = sale.release((sale.nurses, NURSES), (sale.teachers[:1], Facts()))
    assert Edition.objects.get(release=later).rows == 11
    withdraw_release(actor=proved(sale.officer), release_id=opened.pk, is_urgent=True, now=timezone.now())
    assert len(too_few_alike(later.pk, k=10)) == 1
    sweep(actor=BUILDER, store=store)
    assert too_few_alike(later.pk, k=10) == frozenset()
    assert Edition.objects.get(release=later).rows == 10


def test_what_is_not_open_yet_fills_no_other_release_up(sale: Sale) -> None:
    sale.release((sale.teachers, Facts()))
    sale.release((sale.teachers[:1], Facts()))
    assert Edition.objects.latest("pk").rows == 0


def test_killed_while_rewriting_the_next_look_finishes_it(sale: Sale, store: EditionStore) -> None:
    release = sale.release((sale.teachers, Facts()))
    sale.take_back(release, 1, of=sale.teachers)
    seen: list[tuple[str, int]] = []
    for moment in [("reading rows", 0), ("writing rows", 0), ("publishing", 11), ("published", 11)]:
        untidied, report = dying(store, moment)
        with pytest.raises(Killed):
            rewrite_editions(actor=BUILDER, store=untidied, report=report)
        assert Edition.objects.get().revision == 0
        seen.append(moment)
    sweep(actor=BUILDER, store=store)
    edition = Edition.objects.get()
    assert (edition.revision, edition.rows) == (1, 11)
    assert store.names() == [edition.path]
    assert store.left_behind() == []
    assert len(seen) == 4


def test_the_same_rows_taken_back_make_the_same_bytes(
    sale: Sale, store: EditionStore, tmp_path: Path, world: World
) -> None:
    release = sale.release((sale.teachers, Facts()))
    sale.take_back(release, 1, of=sale.teachers)
    rewrite_editions(actor=BUILDER, store=store)
    once = contents(store.root)
    # As if the revision had never been written.
    world.rewritten("licensing_editionrevision", "DELETE FROM licensing_editionrevision WHERE number = 1")
    first = EditionRevision.objects.get()
    world.owner.execute(
        "UPDATE licensing_edition SET revision = 0, rows = 12, path = 'x', manifest_sha256 = %s, manifest = %s",
        [first.manifest_sha256, json.dumps(first.manifest)],
    )
    again = EditionStore(tmp_path / "again")
    assert rewrite_editions(actor=BUILDER, store=again) == 1
    assert contents(again.root) == once


def test_a_rewritten_copy_says_of_agreement_and_method_what_was_approved(
    sale: Sale, store: EditionStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = sale.release((sale.teachers, Facts()))
    approved = Edition.objects.get().manifest
    Licensee.objects.update(agreement_sha256="e" * 64, purpose="Something else since")
    since = {**approved["near_duplicates"], "algorithm": "another since"}
    monkeypatch.setattr(editions, "near_duplicates", lambda **_told: since)
    sale.take_back(release, 1, of=sale.teachers)
    rewrite_editions(actor=BUILDER, store=store)
    rewritten = Edition.objects.get()
    assert rewritten.revision == 1
    for part in ("licensee", "near_duplicates"):
        assert rewritten.manifest[part] == approved[part]
    # A new edition, with approvals of its own, says what is so today.
    sale.release((sale.teachers, Facts()))
    newest = Edition.objects.latest("pk").manifest
    assert newest["licensee"]["purpose"] == "Something else since"
    assert newest["near_duplicates"] == since


def test_what_is_told_of_somebody_is_written_once(sale: Sale, world: World) -> None:
    sale.release((sale.teachers, Facts()))
    for statement in (
        "UPDATE licensing_persongeneralization SET country = 'PT'",
        "DELETE FROM licensing_persongeneralization",
        "UPDATE licensing_releasefit SET k = 2",
        "DELETE FROM licensing_leftout",
        "UPDATE licensing_editionrevision SET rows = 1",
    ):
        with pytest.raises(psycopg.errors.RestrictViolation):
            world.owner.execute(statement.encode())
    told = PersonGeneralization.objects.latest("pk")
    with pytest.raises(IntegrityError), transaction.atomic():
        PersonGeneralization.objects.create(contributor_id=told.contributor_id, fit=told.fit, country="PT")
    told_now = {person: tuple(told) for person, *told in PersonGeneralization.objects.values_list(
        "contributor_id", "country", "language", "profession", "age_band", "education"
    )}  # fmt: skip
    assert small_cells(told_now, k=10) == frozenset()


def test_only_the_platform_rewrites(sale: Sale, store: EditionStore, margaret: User) -> None:
    release = sale.release((sale.teachers, Facts()))
    sale.take_back(release, 1, of=sale.teachers)
    with pytest.raises(NotPermitted):
        rewrite_editions(actor=margaret.as_actor(), store=store)
