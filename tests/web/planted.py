"""Published boards written row by row, so that pages can be read without a night's computation."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from apps.battles.models import LanguageModel
from apps.jobs.models import JobRun
from apps.organizations.models import Organization
from apps.rankings.models import Board, BoardFact, FactKind, Method, Rating, RefitRun, RunState, Snapshot
from tests.conftest import NOON

NAMES = ("Alder", "Birch", "Cedar", "Dogwood")
_MICRO = 1_000_000


def plant_models() -> list[LanguageModel]:
    """Write four models of one laboratory, the best first."""
    lab = Organization.objects.create(name="Grove", slug="grove", is_lab=True)
    return [
        LanguageModel.objects.create(
            name=name, slug=name.lower(), organization=lab, licence="Apache 2.0", added_at=NOON
        )
        for name in NAMES
    ]


def plant_snapshot(*, at: datetime = NOON, published: bool = True, **fields: Any) -> Snapshot:
    """Write a snapshot without boards."""
    job = JobRun.objects.create(kind="rankings.refit", owner="tests", created_at=at)
    run = RefitRun.objects.create(
        state=RunState.DONE, job=job, requested_by="tests", due_at=at, started_at=at, finished_at=at
    )
    return Snapshot.objects.create(
        run=run,
        taken_at=at,
        policy_version=1,
        code_version="tests",
        votes_root="ab" * 32,
        votes_counted=4_800,
        published_at=at if published else None,
        **fields,
    )


def plant_board(
    snapshot: Snapshot,
    models: Sequence[LanguageModel],
    *,
    segment: str = "everyone",
    method: Method = Method.PLAIN,
    facts: dict[FactKind, Any] | None = None,
    votes_each: int = 600,
    can_be_told: bool = True,
    **fields: Any,
) -> Board:
    """Write a board on which the models stand in the order given, 40 points apart; one that is hidden has none.

    Where they cannot be told apart, each may stand anywhere.
    """
    board = Board.objects.create(
        snapshot=snapshot,
        segment=segment,
        method=method,
        **{"votes": 1_200, "contributors": 60, **fields},
    )
    if not board.suppressed_because and board.stands_from is None:
        for place, model in enumerate(models):
            rating = (1_060 - 40 * place) * _MICRO
            Rating.objects.create(
                board=board,
                model=model,
                rating=rating,
                lower=rating - 15 * _MICRO,
                upper=rating + 15 * _MICRO,
                rank=place + 1,
                rank_low=place + 1 if can_be_told else 1,
                rank_high=place + 1 if can_be_told else len(models),
                votes=votes_each,
                contributors=60,
            )
    for kind, data in (facts or {}).items():
        BoardFact.objects.create(board=board, kind=kind, data=data)
    return board


def facts_of(models: Sequence[LanguageModel]) -> dict[FactKind, Any]:
    """Return the tables beside everybody's plain board."""
    a, b, c, d = (model.pk for model in models)
    usual = {"ties": "half", "style": True, "target": "as-drawn", "exclusions": "in-force"}
    return {
        FactKind.HEAD_TO_HEAD: {
            "pairs": [
                {"a": a, "b": b, "wins_a": 41, "wins_b": 17, "both_good": 6, "both_bad": 2},
                {"a": b, "b": c, "wins_a": 30, "wins_b": 20, "both_good": 0, "both_bad": 0},
            ]
        },
        FactKind.WHO_VOTED: {
            "country": [
                {"value": "BR", "votes": 700, "contributors": 30},
                {"value": "", "votes": 500, "contributors": 30},
            ],
            "proof_level": [{"value": "0", "votes": 1_200, "contributors": 60}],
        },
        FactKind.COVERAGE: {
            "language": [
                {"value": "en", "votes": 900, "contributors": 40, "target": 30},
                {"value": "pt", "votes": 300, "contributors": 20, "target": 50},
                {"value": "sw", "votes": 0, "contributors": 0, "target": 25},
            ],
            "country": [{"value": "BR", "votes": 700, "contributors": 30, "target": None}],
            "cells": [{"language": "pt", "country": "BR", "votes": 300, "contributors": 20}],
        },
        FactKind.MULTIVERSE: {
            "combinations": [usual, {**usual, "ties": "drop"}, {**usual, "style": False}],
            "models": [
                {"model": a, "low": 1, "high": 2, "low_in": 0, "high_in": 1},
                {"model": b, "low": 1, "high": 2, "low_in": 1, "high_in": 0},
                {"model": c, "low": 3, "high": 3, "low_in": 0, "high_in": 0},
                {"model": d, "low": 4, "high": 4, "low_in": 0, "high_in": 0},
            ],
            "ranks": {str(a): [1, 2, 1], str(b): [2, 1, 2], str(c): [3, 3, 3], str(d): [4, None, 4]},
        },
        FactKind.DAVIDSON: {"nu": 0.31, "log_likelihood": -2_345.6, "votes": 1_200, "models": []},
    }


def plant_boards() -> tuple[Snapshot, list[LanguageModel]]:
    """Write two nights: an old one without further tables, and the latest with boards of every kind."""
    models = plant_models()
    older = plant_snapshot(at=NOON - timedelta(days=1))
    plant_board(older, models)
    earlier = plant_board(older, models, segment="language=pt", votes=300, contributors=20)
    latest = plant_snapshot(
        findings=[
            {
                "kind": "best-for",
                "segment": "language=pt",
                "model": models[0].pk,
                "nights": 3,
                "p": 0.01,
                "shown": True,
            },
            {
                "kind": "best-for",
                "segment": "country=BR",
                "model": models[3].pk,
                "nights": 1,
                "p": 0.04,
                "shown": False,
            },
        ],
        left_out={"gold": 12},
    )
    plant_board(latest, models, facts=facts_of(models))
    style = [{"name": "tokens", "coefficient": 12.3, "lower": 4.0, "upper": 20.6}]
    plant_board(latest, models, method=Method.STYLED, fit={"style": style}, facts={
        FactKind.STYLE: {"correlation": 0.4, "joint": {"statistic": 9.0, "degrees": [2, 58], "p": 0.004}, "columns": []}
    })  # fmt: skip
    plant_board(latest, models, method=Method.UNIFORM)
    plant_board(latest, models, method=Method.POPULATION, facts={FactKind.POPULATION: {
        "source": "Census", "date": "2022-08-01", "design_effect": 1.8, "effective": 33.0,
        "unreachable": [{"attribute": "country", "value": "AO", "share": 0.1}], "converged": True,
    }})  # fmt: skip
    plant_board(latest, models, segment="language=pt", votes=300, contributors=20, stands_from=earlier)
    plant_board(latest, models[::-1], segment="country=BR", votes=700, contributors=30)
    plant_board(latest, models, segment="age_band=55-64", votes=400, contributors=20)
    plant_board(latest, models, segment="age_band=65+", votes=200, contributors=20)
    plant_board(latest, models, segment="profession=2512", votes=200, contributors=20)
    plant_board(latest, models, segment="proof=2", votes=200, contributors=20)
    plant_board(latest, models, segment="education=6", votes=200, contributors=20)
    hidden: dict[str, Any] = {"votes": 0, "contributors": 0, "suppressed_because": "too-few-contributors"}
    plant_board(latest, models, segment="language=pt,age_band=55-64", **hidden)
    plant_board(latest, models, segment="language=sw", **{**hidden, "suppressed_because": "remainder-too-small"})
    return latest, models
