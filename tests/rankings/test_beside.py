"""What a night publishes beside the boards: tables that are of the board's own date, and never tell more than it."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np

from apps.audit.domain.actor import Actor
from apps.battles.models import Battle, BattleState, Choice, LanguageModel, Response, Side, Vote
from apps.policy.queries import clause
from apps.rankings.domain.membership import EVERYONE
from apps.rankings.flows import recompute_open_run
from apps.rankings.flows.fitting import fit_layer
from apps.rankings.models import BoardFact, FactKind, Method, Snapshot
from apps.rankings.queries import CountedVotes, counted_votes
from apps.rankings.services import FittedBoard, request_refit
from tests.conftest import NOON
from tests.rankings.grove import plant_votes

NIGHT = Actor.system("rankings.nightly")


def night(number: int) -> Snapshot:
    at = NOON + number * timedelta(days=1)
    request_refit(actor=NIGHT, now=at)
    snapshot = recompute_open_run(actor=NIGHT, clock=lambda: at)
    assert snapshot is not None
    return snapshot


def fact(snapshot: Snapshot, kind: FactKind, segment: str = EVERYONE, method: Method = Method.PLAIN) -> Any:
    return BoardFact.objects.get(board__snapshot=snapshot, board__segment=segment, board__method=method, kind=kind).data


def answer(votes: Sequence[Vote], *, last: int) -> None:
    """Give battles answers; longer ones arrive later, but for some chance."""
    rng = random.Random(3)
    rows = []
    for vote in votes:
        for side in Side.values:
            tokens = rng.randint(50, 500)
            rows.append(
                Response(
                    battle_id=vote.battle_id,
                    side=side,
                    text="Birches do.",
                    tokens=tokens,
                    headers=rng.randint(0, 3),
                    lists=rng.randint(0, 3),
                    bold=rng.randint(0, 3),
                    first_token_ms=200,
                    last_token_ms=300 + 10 * tokens + rng.randint(0, last),
                    created_at=NOON,
                )
            )
    Response.objects.bulk_create(rows)


def tie(votes: Sequence[Vote]) -> None:
    """Let the same people call one more battle of the same two models a tie."""
    for vote in votes:
        battle = Battle.objects.get(pk=vote.battle_id)
        battle.pk, battle.opening_key = None, uuid.uuid4()
        battle.save(force_insert=True)
        again = Vote.objects.get(pk=vote.pk)
        again.pk, again.battle, again.public_id, again.choice = None, battle, uuid.uuid4(), Choice.BOTH_GOOD
        again.save(force_insert=True)


def leave(battle: Battle) -> None:
    """Let a battle be like one that was voted on, shown in full and left without a vote."""
    answers = list(Response.objects.filter(battle=battle))
    again = Battle.objects.get(pk=battle.pk)
    again.pk, again.state, again.voted = None, BattleState.SKIPPED, False
    again.opening_key = uuid.uuid4()
    again.save(force_insert=True)
    for each in answers:
        each.pk, each.battle = None, again
        each.save(force_insert=True)


def test_a_night_publishes_its_tables_and_a_board_that_stands_keeps_its_own(db: None) -> None:
    votes = plant_votes(480)
    tie(votes[::8])
    answer(list(Vote.objects.all()), last=2000)
    leave(votes[0].battle)
    first = night(1)
    ids = {model.name: model.pk for model in LanguageModel.objects.all()}

    pairs = fact(first, FactKind.HEAD_TO_HEAD)["pairs"]
    assert [(pair["a"], pair["b"]) for pair in pairs] == [
        (ids["Alder"], ids["Birch"]),
        (ids["Alder"], ids["Cedar"]),
        (ids["Birch"], ids["Cedar"]),
    ]
    cast = {name: sum(pair[name] for pair in pairs) for name in ("wins_a", "wins_b", "both_good", "both_bad")}
    assert (sum(cast.values()), cast["both_good"], cast["both_bad"]) == (540, 60, 0)
    alder_birch = Vote.objects.filter(battle__left_model__name="Alder", battle__right_model__name="Birch")
    birch_alder = Vote.objects.filter(battle__left_model__name="Birch", battle__right_model__name="Alder")
    assert pairs[0]["wins_a"] == alder_birch.filter(choice="left").count() + birch_alder.filter(choice="right").count()
    brazil = fact(first, FactKind.HEAD_TO_HEAD, "country=BR")["pairs"]
    assert len(brazil) == 3
    assert all(pair[name] % 10 == 0 for pair in brazil for name in cast)
    assert {pair["as_of"] for pair in brazil} == {first.taken_at.isoformat()}

    # Groups are the boards as published: Angola's one voter has none, and is told with those of whom nothing is known.
    assert fact(first, FactKind.WHO_VOTED)["country"] == [
        {"value": "BR", "votes": 280, "contributors": 10},
        {"value": "PT", "votes": 240, "contributors": 10},
        {"value": "", "votes": 20, "contributors": 0},
    ]
    assert fact(first, FactKind.WHO_VOTED)["proof_level"] == [{"value": "0", "votes": 540, "contributors": 20}]
    # A board by country and language is not on the list.
    assert not any(fact(first, FactKind.WHO_VOTED, "country=BR").values())
    coverage = fact(first, FactKind.COVERAGE)
    assert [row["value"] for row in coverage["country"]] == ["BR", "PT"]
    assert coverage["language"] == [{"value": "en", "votes": 540, "contributors": 20, "target": None}]

    completion = fact(first, FactKind.COMPLETION)
    assert (completion["shown"], completion["voted"]) == (541, 540)
    assert sorted(pair["shown"] - pair["voted"] for pair in completion["pairs"]) == [0, 0, 1]
    assert completion["segments"] == [{"segment": "language=en", "shown": 540, "voted": 540}]

    davidson = fact(first, FactKind.DAVIDSON)
    assert davidson["votes"] == 540
    assert 0 < davidson["nu"] < 1
    rated = sorted(davidson["models"], key=lambda line: -line["rating"])
    assert [line["model"] for line in rated] == [ids["Alder"], ids["Birch"], ids["Cedar"]]
    assert abs(sum(line["rating"] for line in rated) - 3_000_000_000) <= 3

    varied = fact(first, FactKind.MULTIVERSE)
    assert varied["combinations"][0] == {
        "ties": "half",
        "style": False,
        "target": "as-drawn",
        "exclusions": "in-force",
    }
    assert len(varied["combinations"]) == 3 * 2 * 2
    board = first.boards.get(segment=EVERYONE, method=Method.PLAIN)
    assert {str(row.model_id): row.rank for row in board.ratings.all()} == {
        model: ranks[0] for model, ranks in varied["ranks"].items()
    }

    style = fact(first, FactKind.STYLE, method=Method.STYLED)
    assert style["columns"] == ["tokens", "last_token_ms"]
    assert 0.5 < style["correlation"] < 1
    assert 0 < style["joint"]["p"] <= 1
    assert style["joint"]["degrees"][0] == 2
    assert style["on_the_board"] == ["tokens"]
    assert first.method["scales"]["votes"] == 540
    assert first.method["scales"]["scales"]["tokens"] > 100

    assert {(one["kind"], one["segment"]) for one in first.findings} == {
        (kind, segment) for kind in ("best-for", "differs") for segment in ("country=BR", "country=PT")
    }, "a board that has everybody in it says nothing beside everybody's"
    assert all(0 < one["scale"] < 3 and 0 <= one["p"] <= 1 and not one["shown"] for one in first.findings)

    second = night(2)
    assert not BoardFact.objects.filter(board__snapshot=second).exists(), "nothing was cast: all boards stand"
    assert second.boards.get(segment=EVERYONE, method=Method.PLAIN).stands_from == board
    assert second.findings == first.findings
    assert second.method["scales"] == first.method["scales"]


def boards(counted: CountedVotes, **rules: object) -> dict[Method, FittedBoard]:
    fitted = fit_layer(counted, EVERYONE, [EVERYONE], {**clause("R1").parameters, **rules})
    return {board.method: board for board in fitted}


def test_a_network_weighs_no_more_than_its_cap_on_every_board(db: None) -> None:
    plant_votes(240)
    counted = counted_votes(until=NOON)
    assert counted.networks.tolist() == [-1] * 24, "networks are read where a cap asks for them"
    free = boards(counted)
    assert free[Method.PLAIN].ratings
    # Half of the people are in one network, the others in three.
    crowded = replace(counted, networks=np.array([0] * 12 + [1] * 4 + [2] * 4 + [3] * 4, np.int32))
    held = boards(crowded, network_cap=0.4)
    assert [line.rating for line in held[Method.PLAIN].ratings] != [line.rating for line in free[Method.PLAIN].ratings]
    assert held[Method.PLAIN].votes == 240
    assert boards(crowded, network_cap=0.9)[Method.PLAIN].ratings == free[Method.PLAIN].ratings
    alone = replace(counted, networks=np.zeros(24, np.int32))
    for board in boards(alone, network_cap=0.4).values():
        assert not board.ratings
        assert "networks" in board.suppressed_because


def test_a_population_s_board_stands_beside_once_one_is_adopted(db: None) -> None:
    plant_votes(240)
    counted = counted_votes(until=NOON)
    assert Method.POPULATION not in boards(counted)
    source = {"attribute": "country", "source": "A census", "date": "2024-12-31"}
    shares = {"BR": 0.6, "PT": 0.3, "MZ": 0.1}
    margins = [{**source, "value": value, "share": share} for value, share in shares.items()]
    found = boards(counted, population={"margins": margins})
    board = found[Method.POPULATION]
    told = board.facts[FactKind.POPULATION]
    assert (told["source"], told["date"], told["converged"]) == ("A census", "2024-12-31", True)
    assert told["unreachable"] == [{"attribute": "country", "value": "MZ", "share": 0.1}]
    assert told["design_effect"] > 1
    assert board.votes == 230, "who lives in none of them cannot be placed"
    assert [line.rating for line in board.ratings] != [line.rating for line in found[Method.PLAIN].ratings]
    # A file that cannot be read costs its own board and no other.
    broken = boards(counted, population={"margins": margins[:1]})
    assert broken[Method.PLAIN].ratings
    assert "must make 1" in broken[Method.POPULATION].suppressed_because
