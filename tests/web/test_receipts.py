"""Ada's receipt: where her vote stands, in which snapshots it counted, and never what she chose."""

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.audit.domain.merkle import verify_inclusion
from apps.audit.domain.proof_text import read_proof
from apps.audit.queries import commitments_about
from apps.audit.services import forget_text
from apps.battles.models import Choice, Vote
from apps.battles.services import cast_vote
from apps.rankings.flows import recompute_open_run
from apps.rankings.models import Snapshot
from apps.rankings.services import request_refit
from tests.audit.garden import ROBOT
from tests.audit.witnessed import WitnessedPress
from tests.battles.arena import Arena
from tests.conftest import NOON
from tests.trails import refusals
from tests.web.test_samples import text_of

pytestmark = pytest.mark.committed

ROOT = Path(__file__).parents[2]


@pytest.fixture
def vote(arena: Arena, ada: User) -> Vote:
    return cast_vote(actor=ada.as_actor(), battle=arena.ready(ada), choice=Choice.BOTH_BAD, now=NOON)


@pytest.fixture
def contributor(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


def night(number: int) -> Snapshot:
    at = NOON + timedelta(days=number)
    request_refit(actor=ROBOT, now=at)
    snapshot = recompute_open_run(actor=ROBOT, clock=lambda: at)
    assert snapshot is not None
    return snapshot


def page_of(client: Client, vote: Vote) -> str:
    answer = client.get(f"/receipts/{vote.battle_id}/")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return text_of(answer.content)


def verified(folder: Path, press: WitnessedPress, *files: str) -> subprocess.CompletedProcess[str]:
    (folder / "trusted").write_text(f"{press.vkey}\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "clients" / "verify")}
    program = [sys.executable, "-m", "showdown_verify", *files, "--keys", "trusted"]
    return subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_receipt_says_where_the_vote_is_and_that_it_counted(
    contributor: Client, vote: Vote, press: WitnessedPress
) -> None:
    assert "Your vote waits for its place in the log" in page_of(contributor, vote)
    press.publish()
    assert re.search(r"Your vote is leaf \d+, and the next snapshot counts it", page_of(contributor, vote))
    snapshot = night(1)
    page = page_of(contributor, vote)
    assert f"counted in snapshot {snapshot.pk}, the newest" in page
    assert "checked now, it holds" in page
    assert "vote 0 of 1" in page
    assert f"{snapshot.pk} until now counted" in page


def test_a_vote_that_was_left_out_is_told_why_and_since_when(
    contributor: Client, vote: Vote, press: WitnessedPress
) -> None:
    press.publish()
    first = night(1)
    Vote.objects.update(excluded_under="I1", excluded_at=NOON)
    second = night(2)
    page = page_of(contributor, vote)
    assert f"snapshot {second.pk} left it out" in page
    assert "left out by a decision" in page
    assert "Votes are cast with care" in page
    assert f"{first.pk} counted" in page
    document = json.loads(contributor.get(f"/receipts/{vote.battle_id}/receipt.json").content)
    assert "counted" not in document


def test_the_downloads_are_checked_offline_by_the_verifier(
    contributor: Client, vote: Vote, press: WitnessedPress, tmp_path: Path
) -> None:
    press.publish()
    night(1)
    for name in ("receipt.json", "receipt.tlog-proof", "entry.json"):
        answer = contributor.get(f"/receipts/{vote.battle_id}/{name}")
        assert answer["Content-Disposition"].startswith("attachment")
        (tmp_path / name).write_bytes(answer.content)
    for files in (["receipt.json"], ["receipt.tlog-proof", "--entry", "entry.json"]):
        said = verified(tmp_path, press, *files)
        assert said.returncode == 0, said.stdout + said.stderr
    other = (tmp_path / "entry.json").read_bytes().replace(b'"clause":"B1"', b'"clause":"B2"')
    (tmp_path / "entry.json").write_bytes(other)
    assert verified(tmp_path, press, "receipt.tlog-proof", "--entry", "entry.json").returncode == 1


def test_the_receipt_proves_that_the_vote_was_counted(contributor: Client, vote: Vote, press: WitnessedPress) -> None:
    press.publish()
    snapshot = night(1)
    counted = json.loads(contributor.get(f"/receipts/{vote.battle_id}/receipt.json").content)["counted"]
    assert counted["snapshot"] == snapshot.pk
    assert counted["votes_root"] == snapshot.votes_root
    verify_inclusion(
        leaf=bytes.fromhex(counted["leaf_hash"]),
        index=counted["index"],
        size=counted["votes"],
        proof=[bytes.fromhex(value) for value in counted["proof"]],
        root=bytes.fromhex(counted["votes_root"]),
    )


@pytest.mark.parametrize("choice", list(Choice))
def test_nothing_of_it_tells_the_choice(
    contributor: Client, ada: User, arena: Arena, press: WitnessedPress, choice: Choice
) -> None:
    vote = cast_vote(actor=ada.as_actor(), battle=arena.ready(ada), choice=choice, now=NOON)
    press.publish()
    night(1)
    address = f"/receipts/{vote.battle_id}/"
    for name in ("", "receipt.json", "receipt.tlog-proof", "entry.json"):
        shown = contributor.get(address + name).content.decode()
        # The draw says which model stood on which side, as it does for everybody after the vote.
        shown = re.sub(r'"draw":\{[^}]*\}', "", shown)
        assert not [value for value in Choice.values if re.search(rf"[\"' >]{value}[\"' <]", shown)], name
        assert bytes(vote.nonce).hex() not in shown, name
        assert str(choice.label) not in shown, name


def test_nobody_reads_anothers_receipt(
    contributor: Client, mallory: User, barbara: User, vote: Vote, press: WitnessedPress
) -> None:
    press.publish()
    for somebody in (mallory, barbara):
        other = Client()
        other.force_login(somebody)
        for name in ("", "receipt.json", "receipt.tlog-proof", "entry.json"):
            assert other.get(f"/receipts/{vote.battle_id}/{name}").status_code == 404
    assert Client().get(f"/receipts/{vote.battle_id}/").status_code == 302
    for number in (0, 10**17, 10**25):
        assert contributor.get(f"/receipts/{number}/").status_code == 404


def test_a_receipt_that_is_not_ready_is_refused_by_name(contributor: Client, vote: Vote, press: WitnessedPress) -> None:
    assert contributor.get(f"/receipts/{vote.battle_id}/receipt.json").status_code == 409
    assert contributor.get(f"/receipts/{vote.battle_id}/receipt.tlog-proof").status_code == 409
    assert refusals() == ["receipt-not-ready", "receipt-not-ready"]


def test_forgetting_the_choice_leaves_the_receipt_as_it_was(
    contributor: Client, vote: Vote, press: WitnessedPress, tmp_path: Path
) -> None:
    """A receipt that was downloaded before, and the one of today, hold; and nobody can open either."""
    press.publish()
    before = contributor.get(f"/receipts/{vote.battle_id}/receipt.json").content
    (commitment,) = commitments_about(vote.ref)
    forget_text(actor=ROBOT, commitment=commitment, now=NOON)
    press.publish()
    after = contributor.get(f"/receipts/{vote.battle_id}/receipt.json").content
    assert json.loads(after)["entry"] == json.loads(before)["entry"]
    for name, content in (("before.json", before), ("after.json", after)):
        (tmp_path / name).write_bytes(content)
        answer = verified(tmp_path, press, name)
        assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "checked now, it holds" in page_of(contributor, vote)
    assert commitments_about(vote.ref) == []


def test_the_text_form_is_the_one_of_the_specification(contributor: Client, vote: Vote, press: WitnessedPress) -> None:
    press.add_witness("barbara.example/w1")
    checkpoint = press.publish()
    text = contributor.get(f"/receipts/{vote.battle_id}/receipt.tlog-proof").content.decode()
    told = read_proof(text)
    assert told.checkpoint == checkpoint.whole_note
    assert "barbara.example/w1" in text


def test_a_receipt_costs_a_bounded_number_of_queries(
    contributor: Client, vote: Vote, press: WitnessedPress, django_assert_max_num_queries: Any
) -> None:
    press.publish()
    for number in range(1, 6):
        night(number)
    contributor.get(f"/receipts/{vote.battle_id}/")
    with django_assert_max_num_queries(24):
        contributor.get(f"/receipts/{vote.battle_id}/")
