"""A snapshot computed again: it holds, it differs, or it holds but for votes erased since; and who corrects one."""

import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.queries import commitment_opens, trail_of
from apps.audit.services import ReauthenticationNeeded
from apps.battles.models import Vote
from apps.contributors.models import Contributor
from apps.rankings.domain.following import what_does_not_follow
from apps.rankings.domain.version import ENGINE_VERSION
from apps.rankings.events import RankingEvent
from apps.rankings.flows import Verdict, Verification, recompute_open_run, verify_snapshot, verifying
from apps.rankings.models import Board, FactKind, Snapshot
from apps.rankings.queries import boards_made_in, correction_notice, published_facts
from apps.rankings.services import CorrectionSaysNothing, correct_snapshot
from apps.web.services import erase_contributor
from tests.conftest import NOON
from tests.licensing.offered import proved
from tests.rankings.grove import plant_votes
from tests.rankings.test_recomputation import NIGHT, recomputed


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.RANKINGS_DIR = tmp_path / "rankings"
    return tmp_path / "rankings"


def failing(found: Verification) -> list[str]:
    return [check.says for check in found.checks if not check.holds]


def told(snapshot: Snapshot) -> tuple[int, str]:
    """Return the command's exit status and its words."""
    out, err = StringIO(), StringIO()
    try:
        call_command("verify_snapshot", str(snapshot.pk), stdout=out, stderr=err)
    except CommandError as failure:
        return failure.returncode, f"{out.getvalue()}{failure}"
    return 0, out.getvalue()


def test_what_was_published_holds_here_and_on_another_machine(db: None, folder: Path) -> None:
    votes = plant_votes(480)
    Vote.objects.filter(pk__in=[vote.pk for vote in votes[:9]]).update(excluded_under="I1", excluded_at=NOON)
    snapshot = recomputed()
    Vote.objects.filter(pk__in=[vote.pk for vote in votes[:12]]).update(excluded_under="I1", excluded_at=NOON)
    found = verify_snapshot(snapshot=snapshot)
    assert (found.verdict, failing(found), found.bits, found.erased) == (Verdict.HOLDS, [], True, 0)
    assert any("sealed input is what these votes give" in check.says for check in found.checks)
    assert any("9 votes were left out" in check.says for check in found.checks)
    shutil.rmtree(folder)
    status, words = told(snapshot)
    assert status == 0
    assert f"Snapshot {snapshot.pk} holds; compared to the last bit." in words
    assert "is not on this machine" in words
    # What was decided later is in the next snapshot, which the first one's standings leave alone.
    assert verify_snapshot(snapshot=recomputed()).verdict is Verdict.HOLDS
    assert verify_snapshot(snapshot=snapshot).verdict is Verdict.HOLDS


def test_every_published_number_is_compared(db: None, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_votes(480)
    snapshot = recomputed()
    real = boards_made_in(snapshot)
    assert {board.segment for board in real} >= {"everyone", "country=BR", "language=en"}

    def differs(change: Callable[[Board], None], segment: str = "everyone", method: str = "plain") -> Verification:
        boards = boards_made_in(snapshot)
        change(next(one for one in boards if (one.segment, one.method) == (segment, method)))
        with monkeypatch.context() as patched:
            patched.setattr(verifying, "boards_made_in", lambda _snapshot: boards)
            found = verify_snapshot(snapshot=snapshot)
        assert found.verdict is Verdict.DIFFERS
        return found

    for field in ("rating", "upper", "rank_high", "votes", "contributors"):

        def one_more(board: Board, field: str = field) -> None:
            line = board.ratings.all()[1]
            setattr(line, field, getattr(line, field) + 1_000_000)

        found = differs(one_more)
        assert [one.board for one in found.differences] == ["everyone (plain)"]
        assert field in found.largest[0].what
    assert "everyone (plain)" in found.sentence()

    def of_a_country(board: Board) -> None:
        board.ratings.all()[0].rating += 7_000_000

    found = differs(of_a_country, "country=BR")
    assert (found.largest[0].points, found.largest[0].board) == (7.0, "country=BR (plain)")

    def of_evidence(board: Board) -> None:
        board.facts.all()[0].data["gradient" if "gradient" in board.facts.all()[0].data else "pairs"] = []

    differs(of_evidence)
    for name, value in (("votes_root", "0" * 64), ("left_out", {"excluded": 3}), ("votes_counted", 479)):
        before = getattr(snapshot, name)
        setattr(snapshot, name, value)
        assert len(failing(verify_snapshot(snapshot=snapshot))) >= 2, "against the votes, and against the log"
        setattr(snapshot, name, before)
    snapshot.code_version = f"{ENGINE_VERSION}0 (numba)"
    by_integers = verify_snapshot(snapshot=snapshot)
    assert (by_integers.verdict, by_integers.bits) == (Verdict.HOLDS, False)
    assert "whole published numbers" in by_integers.sentence()
    file = folder / "sealed" / f"{snapshot.input_sha256}.parquet"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert [says for says in failing(verify_snapshot(snapshot=snapshot)) if "sealed input" in says]


def test_numbers_that_do_not_follow_from_the_evidence_are_found(db: None) -> None:
    plant_votes(240)
    board = next(one for one in boards_made_in(recomputed()) if one.segment == "everyone")
    ratings = {line.model_id: (line.rating, line.lower, line.upper) for line in board.ratings.all()}
    evidence = board.facts.get(kind=FactKind.EVIDENCE).data
    parameters = board.fit["parameters"]
    assert what_does_not_follow(evidence, parameters, ratings) == []
    first = evidence["models"][0]
    rating, lower, upper = ratings[first]
    assert lower is not None
    assert upper is not None
    for wrong, says in (
        ({**evidence, "gradient": [0.01, -0.01, 0.0]}, "no optimum"),
        ({**evidence, "hessian": [[0.0] * 3] * 3}, "not that of a maximum"),
        ({**evidence, "hessian": [[1.0]]}, "do not fit"),
        ({**evidence, "gradient": []}, "do not fit"),
    ):
        assert says in " ".join(what_does_not_follow(wrong, parameters, ratings))
    moved = {**ratings, first: (rating + 9, lower + 9, upper + 9)}
    assert "The rating" in what_does_not_follow(evidence, parameters, moved)[0]
    wider = {**ratings, first: (rating, lower - 9, upper + 9)}
    assert "The interval" in what_does_not_follow(evidence, parameters, wider)[0]
    assert parameters["intervals"] == "cv3"
    as_sandwich = {**parameters, "intervals": "cr1"}
    assert "The covariance" in " ".join(what_does_not_follow(evidence, as_sandwich, ratings))
    del ratings[first]
    assert "models of the evidence" in " ".join(what_does_not_follow(evidence, parameters, ratings))


def test_somebody_erased_since_leaves_the_root_and_is_told_apart(db: None, person: Callable[..., User]) -> None:
    votes = plant_votes(480)
    snapshot = recomputed()
    leaver = Contributor.objects.get(pk=votes[13].contributor_id)
    Contributor.objects.filter(pk=leaver.pk).update(account=person("leaver", Role.CONTRIBUTOR))
    erase_contributor(actor=Actor.system("web.erase"), contributor_id=leaver.pk, now=timezone.now())
    found = verify_snapshot(snapshot=snapshot)
    assert (found.verdict, found.erased) == (Verdict.HOLDS_BUT, 20)
    assert found.without_them is not None
    assert found.without_them > 0
    assert {one.board.partition("=")[0] for one in found.differences} <= {"country"}
    status, words = told(snapshot)
    assert status == 0
    assert "holds but for 20 votes erased since: the root still holds" in words
    assert f"differ by at most {found.without_them:g} points" in words
    # An erasure excuses segments, and nothing of the whole.
    snapshot.votes_root = "0" * 64
    assert verify_snapshot(snapshot=snapshot).verdict is Verdict.DIFFERS


@pytest.mark.committed
def test_a_vote_that_was_changed_is_found(owner_connection: psycopg.Connection[Any]) -> None:
    votes = plant_votes(240)
    snapshot = recomputed()
    owner_connection.execute("ALTER TABLE battles_vote DISABLE TRIGGER USER")
    owner_connection.execute(
        "UPDATE battles_vote SET choice = CASE choice WHEN 'left' THEN 'right' ELSE 'left' END WHERE id = %s",
        [votes[5].pk],
    )
    owner_connection.execute("ALTER TABLE battles_vote ENABLE TRIGGER USER")
    status, words = told(snapshot)
    assert status == 1
    assert "DIFFERS  the root over the counted votes" in words
    assert f"Snapshot {snapshot.pk} differs" in words
    assert "everyone (plain)" in words
    with pytest.raises(CommandError, match="no published snapshot"):
        call_command("verify_snapshot", "999999")


def test_a_correction_says_what_it_corrects_and_the_old_one_stays(db: None, person: Callable[..., User]) -> None:
    plant_votes(120)
    wrong = recomputed()
    nadia = person("nadia", Role.NETWORK_ADMIN)
    admin = proved(nadia)
    now = timezone.now()
    with pytest.raises(NotPermitted):
        correct_snapshot(actor=proved(person("joan", Role.AUDITOR)), snapshot_id=wrong.pk, reason="Wrong.", now=now)
    with pytest.raises(ReauthenticationNeeded):
        correct_snapshot(actor=nadia.as_actor(), snapshot_id=wrong.pk, reason="Wrong.", now=now)
    for reason in ("  ", "x" * 501):
        with pytest.raises(CorrectionSaysNothing):
            correct_snapshot(actor=admin, snapshot_id=wrong.pk, reason=reason, now=now)
    with pytest.raises(CorrectionSaysNothing):
        correct_snapshot(actor=admin, snapshot_id=wrong.pk + 999, reason="Wrong.", now=now)
    assert correction_notice(wrong) == ""
    correct_snapshot(actor=admin, snapshot_id=wrong.pk, reason="Votes of one morning\nwere missing.", now=now)
    right = recompute_open_run(actor=NIGHT)
    assert right is not None
    assert (right.corrects, right.correction) == (wrong, "Votes of one morning were missing.")
    assert correction_notice(wrong) == f"Snapshot {right.pk} corrects this one: Votes of one morning were missing."
    assert trail_of(wrong.ref) == [RankingEvent.PUBLISHED, RankingEvent.CORRECTION_REQUESTED]
    said = published_facts(right)
    assert said["corrects"] == wrong.ref
    assert commitment_opens(said["reason"], right.correction)
    assert Snapshot.objects.published().filter(pk=wrong.pk).exists()
