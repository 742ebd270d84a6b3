"""Fits the boards of one layer, or of one imported file, and brings them into the form in which they are published."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

import numpy as np

from apps.battles.models import ImportedDataset
from apps.rankings.domain.board import BoardResult
from apps.rankings.domain.fit import fit_board, fit_segments
from apps.rankings.domain.membership import EVERYONE, DeclaredList, board_name
from apps.rankings.domain.method import FitMethod
from apps.rankings.domain.packing import packed, unpacked
from apps.rankings.domain.showing import tens, whole_points
from apps.rankings.domain.targets import PairDistribution, Target, aimed_at
from apps.rankings.domain.votes import UNKNOWN, Flags, Votes
from apps.rankings.flows.pairs import everybodys_pairs
from apps.rankings.flows.planning import WITHOUT, members
from apps.rankings.flows.weighing import like_a_population, population_of, told_of_population, under_network_cap
from apps.rankings.models import FactKind, Method
from apps.rankings.queries import CountedVotes, counted_votes
from apps.rankings.services import FittedBoard, FittedRating

# Fewer draws on segment boards: their ranks are rounded anyway, and there are many of them.
_DRAWS: Final = 1000
_DRAWS_OF_A_SEGMENT: Final = 199
_METHODS: Final = (Method.PLAIN, Method.STYLED)
_LONGEST_REASON: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What is known of a board beside its fit; ``is_whole`` says that its counts are exact."""

    segment: str
    method: Method
    model_ids: Mapping[str, int]
    is_whole: bool
    on_released: int
    dataset_id: int | None = None
    is_without_released: bool = False


def fit_layer(
    counted: CountedVotes, layer: str, refreshing: Iterable[str], rules: Mapping[str, Any]
) -> list[FittedBoard]:
    """Fit those boards of a layer that are computed anew, by each method; ``rules`` are the parameters of R1."""
    without = layer.startswith(WITHOUT)
    combination = tuple(part for part in layer.removeprefix(WITHOUT).split(",") if part != EVERYONE)
    membership = members(counted, DeclaredList((combination,)), without_released=without)
    found = membership.layers[0]
    kept = ~counted.released if without else np.ones(len(counted.votes), np.bool_)
    votes = counted.votes.take(kept) if without else counted.votes
    asked = set(refreshing)
    names = [name for name in found.boards if name in asked]
    places = np.array([*(names.index(name) if name in asked else UNKNOWN for name in found.boards), UNKNOWN], np.int32)
    codes = places[found.codes]
    sold = codes[counted.released[kept] & (codes >= 0)]
    released = np.bincount(sold, minlength=len(names)).tolist()
    boards = []
    for method in _METHODS:
        # A board whose votes have no answers kept has no style to control for.
        known = with_style(votes, rules) & (codes >= 0) if method == Method.STYLED else codes >= 0
        there = np.bincount(codes[known], minlength=len(names)).tolist()
        asked_of = np.where(known, codes, UNKNOWN) if rules.get("network_cap") is not None else codes
        weighed, inside, impossible = under_network_cap(votes, asked_of, names, counted.networks, rules)
        results = _results(weighed, inside, names, method, rules) if any(there) else {}
        results = {**results, **{name: BoardResult(models=(), why_empty=why) for name, why in impossible.items()}}
        for place, name in enumerate(names):
            frame = _Frame(
                segment=name,
                method=method,
                model_ids=dict(zip(counted.votes.models, counted.model_ids, strict=True)),
                is_whole=name == board_name(()),
                on_released=released[place],
                is_without_released=without,
            )
            if there[place]:
                boards.append(_board(frame, results[name]))
    if layer == EVERYONE and names:
        model_ids = dict(zip(counted.votes.models, counted.model_ids, strict=True))
        whole = _Frame(
            segment=EVERYONE, method=Method.UNIFORM, model_ids=model_ids, is_whole=True, on_released=released[0]
        )
        boards.append(_uniform(whole, counted, rules))
        boards += _population(replace(whole, method=Method.POPULATION), counted, rules)
    return boards


def _uniform(frame: _Frame, counted: CountedVotes, rules: Mapping[str, Any]) -> FittedBoard:
    """Fit the board of everybody as if every pair had met equally often; votes without a probability are left out."""
    probability = counted.columns.probability
    known = np.isfinite(probability) & (probability > 0) & (probability <= 1)
    votes = counted.votes if known.all() else counted.votes.take(known)
    aimed = aimed_at(votes, probability[known], PairDistribution.uniform(votes.models), trim=float(rules["trim"]))
    board = _board(frame, _fitted(aimed.votes, Method.UNIFORM, counted, rules))
    if not board.ratings:
        return board
    weighing = {
        "target": Target.UNIFORM.value,
        "trim": float(rules["trim"]),
        "trimmed": aimed.trimmed,
        "effective_votes": round(aimed.effective, 1),
        "without_probability": int(np.count_nonzero(~known)),
    }
    return replace(board, fit={**board.fit, "weighing": weighing})


def _population(frame: _Frame, counted: CountedVotes, rules: Mapping[str, Any]) -> list[FittedBoard]:
    """Fit the board of everybody as if its contributors were divided like the population that R1 adopts, if any."""
    if rules.get("population") is None:
        return []
    bare = FittedBoard(segment=frame.segment, method=frame.method)
    try:
        population = population_of(rules)
        votes, raked = like_a_population(counted, population)
    except (ValueError, KeyError) as unfit:
        return [replace(bare, suppressed_because=str(unfit)[:_LONGEST_REASON])]
    board = _board(frame, _fitted(votes, Method.POPULATION, counted, rules))
    return [
        replace(board, facts={FactKind.POPULATION: told_of_population(population, raked)}) if board.ratings else board
    ]


def _fitted(votes: Votes, method: Method, counted: CountedVotes, rules: Mapping[str, Any]) -> BoardResult:
    """Fit a board of everybody from votes that have weights of their own, under both caps."""
    everybody = np.zeros(len(votes), np.int32)
    weighed, _codes, impossible = under_network_cap(votes, everybody, [EVERYONE], counted.networks, rules)
    if impossible:
        return BoardResult(models=(), why_empty=impossible[EVERYONE])
    return fit_board(weighed, fit_method(method, rules, whole=True))


def _results(
    votes: Votes, codes: Any, names: list[str], method: Method, rules: Mapping[str, Any]
) -> Mapping[str, BoardResult]:
    if names == [EVERYONE]:
        return {EVERYONE: fit_board(votes, fit_method(method, rules, whole=True))}
    return fit_segments(votes, codes, names, fit_method(method, rules, whole=False))


def fit_dataset(dataset_id: int, rules: Mapping[str, Any], *, until: datetime) -> list[FittedBoard]:
    """Fit the boards of one imported file, which have everybody in them and are exact."""
    dataset = ImportedDataset.objects.get(pk=dataset_id)
    counted = counted_votes(dataset=dataset, until=until)
    boards = []
    for method in _METHODS:
        votes = counted.votes
        if method == Method.STYLED and not with_style(votes, rules).any():
            continue
        frame = _Frame(
            segment=f"dataset={dataset.pk}",
            method=method,
            model_ids=dict(zip(votes.models, counted.model_ids, strict=True)),
            is_whole=True,
            on_released=int(counted.released.sum()),
            dataset_id=dataset.pk,
        )
        board = _board(frame, fit_board(votes, fit_method(method, rules, whole=True)))
        if method == Method.PLAIN and board.ratings:
            pairs = everybodys_pairs(votes, counted.model_ids)
            board = replace(board, facts={FactKind.HEAD_TO_HEAD: {"pairs": pairs}})
        boards.append(board)
    return boards


def with_style(votes: Votes, rules: Mapping[str, Any]) -> Flags:
    """Return which votes (bool, n) have every style column that the rulebook controls for."""
    style = votes.with_style(rules["style"]).style
    return np.ones(len(votes), np.bool_) if style is None else np.asarray(np.isfinite(style).all(axis=1))


def fit_method(method: Method, rules: Mapping[str, Any], *, whole: bool) -> FitMethod:
    """Return how a board is fitted by the rulebook (the parameters of R1)."""
    return FitMethod(
        style=tuple(rules["style"]) if method == Method.STYLED else (),
        ties=rules["ties"],
        # Under a network's cap the votes bring weights that keep both.
        cap=rules.get("weight_cap") if rules.get("network_cap") is None else None,
        scales=rules.get("scales", {}).get("scales", {}),
        draws=_DRAWS if whole else _DRAWS_OF_A_SEGMENT,
        seed=int(rules["seed"]),
    )


def hidden_boards(segment: str, why: str, *, is_without_released: bool) -> list[FittedBoard]:
    """Return a board's rows where it stays hidden; they give away nothing but the reason."""
    return [
        FittedBoard(
            segment=segment,
            method=method,
            is_without_released=is_without_released,
            suppressed_because=why[:_LONGEST_REASON],
        )
        for method in _METHODS
    ]


def _board(frame: _Frame, result: BoardResult) -> FittedBoard:
    bare = FittedBoard(
        segment=frame.segment,
        method=frame.method,
        dataset_id=frame.dataset_id,
        is_without_released=frame.is_without_released,
    )
    if not result:
        return replace(bare, suppressed_because=(result.why_empty or "nothing-to-rank")[:_LONGEST_REASON])

    def count(number: int) -> int:
        return number if frame.is_whole else tens(number)

    ratings = []
    for line in result.models:
        numbers = (line.rating, line.lower, line.upper)
        rating, lower, upper = numbers if frame.is_whole else whole_points(*numbers)
        ratings.append(
            FittedRating(
                model_id=frame.model_ids[line.model],
                rating=rating,
                lower=lower,
                upper=upper,
                rank=line.rank,
                rank_low=line.rank_low,
                rank_high=line.rank_high,
                votes=count(line.votes),
                contributors=count(line.contributors),
            )
        )
    return replace(
        bare,
        votes=count(result.votes),
        on_released=0 if frame.is_without_released else min(count(frame.on_released), count(result.votes)),
        contributors=count(result.contributors),
        fit=_fit_of(result, is_whole=frame.is_whole),
        ratings=ratings,
    )


def _fit_of(result: BoardResult, *, is_whole: bool) -> dict[str, Any]:
    style = [
        {"name": effect.name, "coefficient": effect.coefficient, "lower": effect.lower, "upper": effect.upper}
        for effect in result.style
    ]
    return {
        "parameters": dict(result.parameters),
        "left_out": dict(result.left_out) if is_whole else {},
        "notes": list(result.notes),
        "style": style if is_whole else [],
        "unranked": [{"model": model.model, "why": model.why.value} for model in result.unranked],
        "why_no_intervals": result.why_no_intervals,
    }


# --- Boards as the result of a part ---


def boards_to_bytes(boards: Iterable[FittedBoard]) -> bytes:
    """Return boards as a part's result."""
    return packed({"boards": [{**asdict(board), "people": None} for board in boards]})


def boards_from_bytes(kept: bytes) -> list[FittedBoard]:
    """Return boards from a part's result."""
    told, _arrays = unpacked(kept)
    return [
        FittedBoard(
            **{
                **board,
                "method": Method(board["method"]),
                "ratings": [FittedRating(**rating) for rating in board["ratings"]],
                "people": b"",
                "facts": {FactKind(kind): data for kind, data in board["facts"].items()},
            }
        )
        for board in told["boards"]
    ]
