"""What everybody's boards publish beside their numbers, and that the numbers follow from it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from apps.battles.models import LanguageModel
from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.method import FitMethod, Ties
from apps.rankings.domain.votes import Votes
from apps.rankings.flows.evidence import evidence_of, pair_counts, vote_weights
from apps.rankings.models import Board, BoardFact, FactKind, Snapshot
from tests.rankings.grove import plant_votes
from tests.rankings.test_recomputation import recomputed

NAMES = ("Alder", "Birch", "Cedar")
IDS = {"Alder": 30, "Birch": 20, "Cedar": 10}


def drawn(n: int = 400, people: int = 12) -> Votes:
    """Votes with all four outcomes; the first person casts a third of them."""
    rng = np.random.default_rng(3)
    a = rng.integers(0, 3, n)
    return Votes(
        models=NAMES,
        model_a=a.astype(np.int32),
        model_b=((a + rng.integers(1, 3, n)) % 3).astype(np.int32),
        outcome=rng.choice(4, n, p=[0.4, 0.3, 0.2, 0.1]).astype(np.int8),
        contributor=np.where(rng.random(n) < 1 / 3, 0, rng.integers(0, people, n)).astype(np.int32),
        contributors=people,
    )


def refitted(counts: dict[str, Any]) -> dict[int, int]:
    """Fit the ratings from weighted pair counts as the tutorial does, in whole millionths."""
    pairs = counts["pairs"]
    models = sorted({pair[side] for pair in pairs for side in ("a", "b")})
    place = {model: at for at, model in enumerate(models)}
    theta = np.zeros(len(models))
    for _ in range(50):
        gradient, information = np.zeros(len(models)), np.full((len(models), len(models)), 1.0)
        for pair in pairs:
            a, b = place[pair["a"]], place[pair["b"]]
            won, lost, good, bad = pair["weighted"]
            n, p = won + lost + good + bad, 1 / (1 + np.exp(theta[b] - theta[a]))
            score, weight = won + (good + bad) / 2 - n * p, n * p * (1 - p)
            gradient[[a, b]] += [score, -score]
            information[np.ix_([a, b], [a, b])] += weight * np.array([[1, -1], [-1, 1]])
        theta += np.linalg.solve(information, gradient)
    return {
        model: round(value)
        for model, value in zip(models, (1000 + 400 / np.log(10) * (theta - theta.mean())) * 1e6, strict=True)
    }


def test_the_plain_ratings_follow_again_from_the_weighted_counts() -> None:
    votes = drawn()
    for method in (
        FitMethod(),
        FitMethod(cap=0.12),
        FitMethod(ties=Ties.DROP),
        FitMethod(ties=Ties.DROP_BOTH_BAD, cap=0.2),
    ):
        board = fit_board(votes, method)
        found = refitted(pair_counts(votes, method, IDS))
        assert found == {IDS[line.model]: line.rating for line in board.models}, method


def test_counts_name_the_lower_row_first_and_keep_every_outcome() -> None:
    votes = replace(
        drawn(4), model_a=np.array([0, 1, 0, 0]), model_b=np.array([1, 0, 2, 1]), outcome=np.array([0, 0, 2, 3])
    )
    assert pair_counts(votes, FitMethod(), IDS) == {
        "pairs": [
            {"a": 10, "b": 30, "raw": [0, 0, 1, 0], "weighted": [0.0, 0.0, 1.0, 0.0]},
            {"a": 20, "b": 30, "raw": [1, 1, 0, 1], "weighted": [1.0, 1.0, 0.0, 1.0]},
        ]
    }


def test_the_cap_weighs_by_how_much_somebody_voted() -> None:
    votes = drawn()
    weights = vote_weights(votes, FitMethod(cap=0.12))
    assert votes.contributor is not None
    shares = np.bincount(votes.contributor, weights) / weights.sum()
    assert shares.max() == pytest.approx(0.12)
    assert not vote_weights(votes, FitMethod(cap=0.01)).any(), "no board, no weights"


@pytest.fixture
def snapshot(db: None) -> Snapshot:
    plant_votes(240)
    return recomputed()


def test_a_night_publishes_both_and_only_beside_exact_boards(snapshot: Snapshot) -> None:
    kinds = (FactKind.PAIR_COUNTS, FactKind.EVIDENCE)
    found = BoardFact.objects.filter(board__snapshot=snapshot, kind__in=kinds)
    assert {fact.board.segment for fact in found} == {"everyone"}
    assert {fact.board.is_without_released for fact in found} == {False}
    board = Board.objects.get(snapshot=snapshot, segment="everyone", method="plain", is_without_released=False)
    counts = board.facts.get(kind=FactKind.PAIR_COUNTS).data
    assert refitted(counts) == dict(board.ratings.values_list("model_id", "rating"))
    assert sum(sum(pair["raw"]) for pair in counts["pairs"]) == 240
    evidence = board.facts.get(kind=FactKind.EVIDENCE).data
    ids = dict(LanguageModel.objects.values_list("name", "pk"))
    assert evidence["models"] == [ids[name] for name in NAMES]
    errors = np.sqrt(np.diag(np.array(evidence["covariance"])))
    half = board.fit["parameters"]["half_width_in_errors"] * errors * 400 / np.log(10) * 1e6
    ends = board.ratings.values_list("model_id", "lower", "upper")
    widths = {model: (upper - lower) / 2 for model, lower, upper in ends if lower is not None and upper is not None}
    assert [widths[model] for model in evidence["models"]] == pytest.approx(half, abs=1)
    # What JSON and the database kept is what was computed, to the last bit.
    sent = evidence_of(fit_board(drawn(), FitMethod()), IDS)
    board.facts.create(kind=FactKind.DAVIDSON, data=sent)
    assert board.facts.get(kind=FactKind.DAVIDSON).data == sent
