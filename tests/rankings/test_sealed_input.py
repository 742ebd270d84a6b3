"""The sealed input of a snapshot: whole before anything is published, telling nobody who voted, ranked again alike."""

import errno
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from django.test import Client

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.audit.queries import trail_of
from apps.battles.models import Battle, Response, Side, Vote
from apps.rankings.cli import main
from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.method import FitMethod
from apps.rankings.domain.sealed import sealed
from apps.rankings.events import RankingEvent
from apps.rankings.flows import NoRoomToSeal, recompute_open_run, sealed_file
from apps.rankings.gateways import SealedFiles
from apps.rankings.models import RefitRun, RunState, SealedInput, Snapshot
from apps.rankings.services import request_refit
from tests.conftest import NOON
from tests.rankings.grove import plant_votes
from tests.rankings.test_evidence import drawn
from tests.rankings.test_recomputation import NIGHT, recomputed

STYLE = ["--style", "tokens,headers,lists,bold"]


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.RANKINGS_DIR = tmp_path / "rankings"
    return tmp_path / "rankings" / "sealed"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (*folder.glob("*"), *folder.glob(".*")))


def published(snapshot: Snapshot, method: str) -> list[tuple[object, ...]]:
    board = snapshot.boards.get(segment="everyone", method=method, is_without_released=False)
    lines = board.ratings.values_list(
        "model__name", "rating", "lower", "upper", "rank", "rank_low", "rank_high", "votes", "contributors"
    )
    return sorted(lines)


def ranked(file: Path, *options: str) -> list[tuple[object, ...]]:
    out = file.with_suffix(".json")
    assert main([str(file), "--format", "generic", "--seed", "20260902", "--json", str(out), *options]) == 0
    found = json.loads(out.read_text())
    return sorted(
        (
            line["model"],
            *(None if line[key] is None else round(line[key] * 1e6) for key in ("rating", "lower", "upper")),
            *(line[key] for key in ("rank", "rank_low", "rank_high", "votes", "contributors")),
        )
        for line in found["models"]
    )


def with_answers(votes: list[Vote]) -> None:
    """Give every battle two answers, of lengths that have a little to do with who won."""
    rng = np.random.default_rng(5)
    for vote in votes:
        for side in (Side.LEFT, Side.RIGHT):
            tokens = int(rng.integers(50, 400)) + 60 * (vote.choice == side.value)
            Response.objects.create(
                battle=Battle.objects.get(pk=vote.battle_id),
                side=side,
                text="An answer.",
                tokens=tokens,
                headers=int(rng.integers(0, 4)),
                lists=int(rng.integers(0, 5)),
                bold=int(rng.integers(0, 6)),
                first_token_ms=1,
                last_token_ms=2,
                created_at=NOON,
            )


def test_an_auditor_ranks_the_file_to_the_published_integers(
    db: None, folder: Path, client: Client, person: Callable[..., User], tmp_path: Path
) -> None:
    votes = plant_votes(240)
    with_answers(votes)
    snapshot = recomputed()
    assert names(folder) == [f"{snapshot.input_sha256}.parquet"]
    assert snapshot.sealed_rows == 240
    address = f"/api/v1/snapshots/{snapshot.pk}/input/"
    assert client.get(address).status_code == 403
    client.force_login(person("rosa", Role.CONTRIBUTOR))
    assert client.get(address).status_code == 403
    client.force_login(person("joan", Role.AUDITOR))
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer["X-Sealed-Input"] == "as-published"
    assert trail_of(snapshot.ref) == [RankingEvent.PUBLISHED, "audit.refused", RankingEvent.INPUT_FETCHED]
    file = tmp_path / "taken.parquet"
    file.write_bytes(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    assert ranked(file) == published(snapshot, "plain")
    assert ranked(file, *STYLE) == published(snapshot, "styled")
    table = pq.read_table(file)
    told = {"model_a", "model_b", "winner", "voter", "position", "weight"}
    assert set(table.column_names) == told | {f"{one}_{side}" for one in STYLE[1].split(",") for side in "ab"}
    words = file.read_bytes()
    for vote in votes[:20]:
        assert str(vote.public_id).encode() not in words
        assert vote.public_id.bytes not in words
        assert bytes(vote.nonce) not in words
        assert str(vote.contributor.voter_id).encode() not in words


def test_names_and_order_hold_for_one_snapshot_and_come_back_from_its_secret_alone(db: None, folder: Path) -> None:
    plant_votes(120)
    first = recomputed()
    before = folder / f"{first.input_sha256}.parquet"
    kept = before.read_bytes()
    before.unlink()
    again = sealed_file(first)
    assert again is not None
    assert again.is_the_same
    assert again.path.read_bytes() == kept
    second = recomputed()
    assert second.votes_root == first.votes_root
    assert second.input_sha256 != first.input_sha256
    voters = [
        set(pq.read_table(folder / f"{one.input_sha256}.parquet")["voter"].to_pylist()) for one in (first, second)
    ]
    assert len(voters[0]) == len(voters[1]) == 24
    assert not voters[0] & voters[1]
    SealedInput.objects.get(pk=first.pk)
    assert "secret" not in json.dumps([first.seeds, first.method, first.timings])


def test_rows_lead_neither_to_their_place_in_the_tree_nor_to_whose_they_are() -> None:
    votes, weight = drawn(), np.linspace(0.1, 1, 400)
    people = np.arange(12)[votes.contributor]
    found = sealed(votes, people, weight, b"x" * 32)
    assert sorted(found.weight) == sorted(weight)
    assert abs(np.corrcoef(found.weight, weight)[0, 1]) < 0.2
    place = np.argsort(found.weight)
    assert [found.models[code] for code in found.left[place]] == [votes.models[code] for code in votes.model_a]
    pairs = set(zip(found.voter[place].tolist(), people.tolist(), strict=True))
    assert len(pairs) == 12, "one name for each"
    other = sealed(replace(votes), people, weight, b"y" * 32)
    assert not set(found.voters) & set(other.voters)
    assert found.voters == tuple(sorted(found.voters))


def test_a_full_disk_publishes_nothing_and_the_run_stays_due(
    db: None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_votes(60)

    def no_room(_table: object, file: Any, **_options: object) -> None:
        file.write(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    request_refit(actor=NIGHT, now=NOON)
    with monkeypatch.context() as patched:
        patched.setattr(pq, "write_table", no_room)
        with pytest.raises(NoRoomToSeal, match="No space left"):
            recompute_open_run(actor=NIGHT)
    assert names(folder) == []
    run = RefitRun.objects.select_related("job").get()
    assert run.state == RunState.RUNNING
    assert run.job.phase == "waiting for room on the disk"
    assert run.parts.get(phase="publish").state == "due"
    assert not Snapshot.objects.exists()
    snapshot = recompute_open_run(actor=NIGHT)
    assert snapshot is not None
    assert names(folder) == [f"{snapshot.input_sha256}.parquet"]


def test_files_of_runs_that_were_never_published_go(db: None, folder: Path) -> None:
    plant_votes(60)
    folder.mkdir(parents=True)
    (folder / f"{'0' * 64}.parquet").write_bytes(b"of a run that died")
    (folder / ".77.parquet").write_bytes(b"half of it")
    snapshot = recomputed()
    assert names(folder) == [f"{snapshot.input_sha256}.parquet"]


def test_a_file_keeps_every_difference_and_what_is_not_known(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    style = rng.integers(-300, 300, (400, 2)).astype(float)
    style[:25, 0] = np.nan
    votes = replace(drawn(), style=style, style_names=("tokens", "bold"), position=np.ones(400, np.int8))
    assert votes.contributor is not None
    columns = sealed(votes, votes.contributor.astype(np.int64), np.ones(400), b"s" * 32)
    files = SealedFiles(tmp_path)
    written = files.write(columns)
    assert files.path(written.sha256) == written.path
    assert files.holds(written.path, columns)
    assert not files.holds(written.path, replace(columns, outcome=columns.outcome[::-1].copy()))
    assert files.path("0" * 64) is None
    board = fit_board(votes, FitMethod(style=("tokens", "bold"), seed=20260902))
    assert board.left_out == {"no-style-value": 25}
    found = ranked(written.path, "--style", "tokens,bold")
    assert found == sorted(
        (
            one.model,
            one.rating,
            one.lower,
            one.upper,
            one.rank,
            one.rank_low,
            one.rank_high,
            one.votes,
            one.contributors,
        )
        for one in board.models
    )
    halves = replace(columns, differences=columns.differences / 2)
    assert files.holds(files.write(halves).path, halves), "also what is no whole number"
