"""A small network in a database, seen by the application: whatever a page shows, something of it is there."""

import json
import os
import random
import uuid
from collections import Counter

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import authenticate
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from apps.accounts.domain.roles import Role
from apps.accounts.models import InboxMessage, User
from apps.audit.domain.actor import Actor
from apps.audit.services import sequence_waiting
from apps.battles.models import Battle, BattleCluster, BattleState, Vote
from apps.battles.services import open_battle
from apps.contributors.models import Consent, Contributor
from apps.integrity.models import Exclusion, Finding
from apps.licensing.models import (
    Edition,
    Licensee,
    Offer,
    OfferState,
    Release,
    ReleaseItem,
    ReleaseState,
    RetiredCluster,
)
from apps.licensing.services import retire_cluster
from apps.moderation.models import Appeal, Case, CaseState, Decision
from apps.policy.domain.reading import Look, digest_of
from apps.policy.models import ContentLook, ReadingBatch
from apps.prompts.models import Cluster, Prompt, PromptState
from apps.rankings.models import Method, Snapshot
from apps.rankings.queries import board_view, latest_snapshot
from showdown.demo.loading import tables
from showdown.demo.loading.tables import COLUMNS, require_known_columns
from showdown.demo.network import SEED, make_network
from showdown.demo.people import Habit
from showdown.supervisor.demo import PEOPLE
from tests.showdown.demo.conftest import SMALL
from tests.showdown.demo.databases import as_owner_of
from tests.trails import facts_about

ROLES = {
    "ada": Role.CONTRIBUTOR, "grace": Role.MODERATOR, "alan": Role.MODERATOR, "radia": Role.NETWORK_ADMIN,
    "margaret": Role.LICENSING_OFFICER, "katherine": Role.APPROVER, "dorothy": Role.APPROVER,
    "ingrid": Role.LICENSEE, "barbara": Role.AUDITOR,
}  # fmt: skip


def rows_of_the_log(columns: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM audit_entry ORDER BY id")
        return list(cursor.fetchall())


def test_nine_people_sign_in_with_the_password_of_the_installation(
    small_demo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(ROLES) == set(PEOPLE)
    for name, role in ROLES.items():
        user = User.objects.get(email=f"{name}@demo.example")
        assert user.check_password(os.environ["SHOWDOWN_DEMO_PASSWORD"])
        assert user.roles_held() == {role.value}
        assert EmailAddress.objects.get(user=user).verified
        assert not authenticate(None, email=user.email, password="another")


def test_the_load_tells_what_it_does(small_demo: str) -> None:
    assert "battles and votes (" in small_demo
    assert "tonight's ranking" in small_demo


def test_its_sizes_are_those_asked_for(small_demo: str) -> None:
    assert Contributor.objects.active().count() == SMALL.contributors
    assert Prompt.objects.count() == SMALL.prompts
    assert 0.75 * SMALL.votes < Vote.objects.count() < 1.25 * SMALL.votes
    assert set(Battle.objects.values_list("state", flat=True)) >= {"voted", "expired", "skipped", "voided", "ready"}


def test_every_battle_lies_in_the_cluster_of_its_prompt(small_demo: str) -> None:
    in_clusters = set(BattleCluster.objects.values_list("battle_id", "cluster_id"))
    assert in_clusters == set(Battle.objects.values_list("id", "prompt__cluster_id"))
    # Near-duplicates share a cluster, and most prompts have one of their own.
    assert 0.5 * SMALL.prompts < Cluster.objects.count() < SMALL.prompts


def test_a_quarter_or_more_of_the_clusters_is_past_the_wall(small_demo: str) -> None:
    fought = BattleCluster.objects.values("cluster_id").distinct().count()
    assert 0.25 < RetiredCluster.objects.count() / fought < 0.5


def test_a_retirement_reads_as_the_service_writes_it(loaded_database: tuple[str, str], small_demo: str) -> None:
    """One certificate is taken back by the owner and given again by the service; both entries say the same."""
    with as_owner_of(loaded_database[0]), transaction.atomic():
        untouched = (
            RetiredCluster.objects.exclude(pk__in=ReleaseItem.objects.values("battle__clusters__cluster_id"))
            .order_by("pk")[0]
            .pk
        )
        subject = Cluster(pk=untouched).ref
        by_load = [facts for about, facts in _facts_of("licensing.cluster_retired") if about == subject][-1]
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM eligible_battle WHERE battle_id IN"
                " (SELECT battle_id FROM eligible_battle_cluster WHERE cluster_id = %s)",
                [untouched],
            )
            cursor.execute("DELETE FROM retired_cluster WHERE cluster_id = %s", [untouched])
        retire_cluster(actor=Actor.system("licensing.retire_due"), cluster_id=untouched, now=timezone.now())
        by_service = next(
            facts for about, facts in reversed(_facts_of("licensing.cluster_retired")) if about == subject
        )
        transaction.set_rollback(True)
    assert by_load.pop("retired_at") < by_service.pop("retired_at")
    assert by_load == by_service


def test_entries_stand_in_the_order_of_time(small_demo: str) -> None:
    times = [at for (at,) in rows_of_the_log("recorded_at")]
    assert times == sorted(times)  # type: ignore[type-var]


def test_every_vote_has_its_entry_and_its_commitment(small_demo: str) -> None:
    told = {(subject, facts["vote"], facts["choice"]) for subject, facts in _facts_of("battles.vote_cast")}
    assert told == {
        (f"battles.battle:{battle_id}", f"battles.vote:{public_id}", commitment)
        for battle_id, public_id, commitment in Vote.objects.values_list("battle_id", "public_id", "commitment")
    }


def _facts_of(event: str) -> list[tuple[str, dict[str, str]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject, convert_from(body, 'UTF8')::jsonb -> 'facts' FROM audit_entry"
            " WHERE event = %s ORDER BY id",
            [event],
        )
        return [(subject, json.loads(facts)) for subject, facts in cursor.fetchall()]


def test_the_sequencer_takes_all_of_it(small_demo: str) -> None:
    waiting = len(rows_of_the_log("id"))
    taken = 0
    while batch := sequence_waiting(using="sequencer", limit=5_000, now=timezone.now()):
        taken += batch
    assert taken == waiting


def test_the_board_stands(small_demo: str) -> None:
    snapshot = latest_snapshot()
    assert snapshot is not None
    board = board_view(snapshot=snapshot, method=Method.STYLED)
    assert board is not None
    assert len(board.rows) == 14
    # Whether so small a network leaves a voter out depends on the hour at which it was invented.
    excluded = Vote.objects.excluded().filter(cast_at__lte=snapshot.taken_at).count()
    assert snapshot.left_out.get("excluded", 0) == excluded
    assert snapshot.votes_counted + sum(snapshot.left_out.values()) == Vote.objects.count()


def test_four_nights_can_be_compared(small_demo: str) -> None:
    snapshots = list(Snapshot.objects.published().order_by("taken_at"))
    assert len(snapshots) == 4
    counted = [snapshot.votes_counted + snapshot.left_out.get("excluded", 0) for snapshot in snapshots]
    assert counted == sorted(counted)


def test_an_auditor_finds_refusals(small_demo: str) -> None:
    codes = Counter(facts["code"] for _subject, facts in _facts_of("audit.refused"))
    assert codes["already-voted"] > 5
    assert codes["taken-out"] == 2


def test_planted_cheats_are_found(small_demo: str) -> None:
    network = make_network(seed=SEED, scale=SMALL, now=timezone.now())
    cheats = {person.voter_id for person in network.people if person.habit is not Habit.HONEST}
    found = set(Finding.objects.values_list("contributor__voter_id", flat=True))
    assert len(found & cheats) >= 0.6 * len(cheats)
    assert len(found - cheats) <= 1


def test_votes_left_out_stand_in_the_ledger(small_demo: str) -> None:
    for line in Exclusion.objects.filter(restored_at=None):
        assert Vote.objects.filter(contributor=line.contributor).excluded().count() >= line.votes > 0


def test_cases_wait_were_decided_and_appealed(small_demo: str) -> None:
    by_state = Counter(Case.objects.values_list("state", flat=True))
    assert by_state[CaseState.OPEN] > 3
    assert by_state[CaseState.DECIDED] > 50
    assert Decision.objects.filter(action="reject").count() > 3
    assert Appeal.objects.exists()
    assert set(Prompt.objects.values_list("state", flat=True)) >= {"approved", "rejected", "awaiting_review"}
    waiting = Prompt.objects.filter(state=PromptState.AWAITING_REVIEW)
    assert set(waiting.values_list("pk", flat=True)) <= set(Case.objects.open().values_list("prompt_id", flat=True))


def test_what_moderators_decided_on_they_had_read_before(small_demo: str) -> None:
    decided = Decision.objects.filter(source="person", prompt__isnull=False)
    read = {
        (reader, subject)
        for reader, subjects in ContentLook.objects.values_list("batch__reader", "subjects")
        for subject in subjects
    }
    wanted = decided.values_list("decided_by__pseudonym", "prompt")
    assert {(reader, f"prompts.prompt:{pk}") for reader, pk in wanted} <= read
    closed = ReadingBatch.objects.exclude(closed_at=None).order_by("pk")
    assert closed.count() > 10
    for batch in closed:
        looks = [
            Look(at=look.at, subjects=tuple(look.subjects), counted=look.counted) for look in batch.looks.order_by("pk")
        ]
        assert digest_of(looks) == batch.digest
        assert facts_about(batch)["digest"] == batch.digest


def test_releases_were_refused_sealed_and_drafted(small_demo: str) -> None:
    assert Licensee.objects.count() == 2
    refused = Release.objects.filter(state=ReleaseState.REFUSED)
    assert set(refused.values_list("refused_clause", flat=True)) == {"W1", "W2"}
    sealed = Release.objects.filter(state=ReleaseState.SEALED)
    for release in sealed:
        edition = Edition.objects.get(release=release)
        assert ReleaseItem.objects.filter(release=release).count() == release.items >= edition.rows > 0
    assert set(Offer.objects.filter(release__in=sealed).values_list("state", flat=True)) == {
        OfferState.OPEN,
        OfferState.ANNOUNCED,
        OfferState.AWAITING,
    }
    assert Release.objects.filter(state__in=[ReleaseState.DRAFT, ReleaseState.CANCELLED]).exists()


def test_some_consents_were_refused_and_some_taken_back(small_demo: str) -> None:
    given = Counter(Consent.objects.values_list("kind", flat=True))
    assert given["participation"] == SMALL.contributors > given["publication"] > given["licensing"]


def test_ada_has_a_history(small_demo: str) -> None:
    ada = Contributor.objects.get(account__email="ada@demo.example")
    states = set(ada.prompts.values_list("state", flat=True))
    assert states >= {"approved", "awaiting_review", "rejected"}
    assert ada.votes.count() > 10
    notices = InboxMessage.objects.filter(recipient=ada.account)
    assert notices.filter(read_at=None).exists()
    assert any("number" in notice.body for notice in notices), "the reason reads as the moderator wrote it"
    assert Battle.objects.filter(contributor=ada, state=BattleState.READY).exists()


def test_people_go_on_where_the_history_ends(small_demo: str) -> None:
    """Whatever the load wrote with ids of its own, the next row has a free one, also for the application's role."""
    ada = User.objects.get(email="ada@demo.example")
    prompt = Prompt.objects.approved().exclude(author__account=ada).order_by("-pk")[0]
    with transaction.atomic():
        battle = open_battle(
            actor=ada.as_actor(), prompt=prompt, opening_key=uuid.uuid4(), now=timezone.now(), rng=random.Random(1)
        )
        assert battle.state == BattleState.OPENED
        transaction.set_rollback(True)


def test_a_new_column_is_noticed(small_demo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    require_known_columns()
    shorter: dict[type[Model], tuple[str, ...]] = {**COLUMNS, Vote: COLUMNS[Vote][:-1]}
    monkeypatch.setattr(tables, "COLUMNS", shorter)
    with pytest.raises(RuntimeError, match="excluded_at"):
        require_known_columns()
