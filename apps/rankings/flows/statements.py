"""Each segment's plain board against everybody's: its scale, whether its order differs, and who is best for it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from apps.rankings.domain.board import BoardResult
from apps.rankings.domain.comparing import CannotCompare, Compared, Kind, compare, findings
from apps.rankings.domain.fit import fit_board, fit_segments
from apps.rankings.domain.influence import Influence, NoInfluence, influence
from apps.rankings.domain.membership import EVERYONE
from apps.rankings.domain.sentences import upwards
from apps.rankings.domain.votes import Floats
from apps.rankings.flows.fitting import fit_method
from apps.rankings.flows.planning import WITHOUT, Plan, codes_of
from apps.rankings.flows.weighing import under_network_cap
from apps.rankings.models import Method
from apps.rankings.queries import CountedVotes

_DECIMALS: Final = 2
#: Two models can differ in one way only, and then the segment's scale says it all.
_LEAST_MODELS: Final = 3


def compared_segments(counted: CountedVotes, plan: Plan, rules: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what can be said of each segment whose board is published anew, with p-values, ready for JSON.

    A segment's board changes with everybody's, whose votes are its own and more, so both are tonight's. p-values are
    rounded up to two digits, effects to whole points, as segments are told.
    """
    # No ranks are needed here, hence no draws.
    method = replace(fit_method(Method.PLAIN, rules, whole=True), draws=0)
    nobody = np.zeros(len(counted.votes), np.int32)
    votes, _codes, impossible = under_network_cap(counted.votes, nobody, [EVERYONE], counted.networks, rules)
    if impossible:
        return []
    try:
        whole = influence(votes, fit_board(votes, method), method)
    except NoInfluence:
        return []
    covariance = whole.covariance
    compared = []
    for layer in plan.layers:
        if layer != EVERYONE and not layer.startswith(WITHOUT):
            compared += list(_of_layer(counted, plan, layer, whole, covariance, rules))
    ids = dict(zip(counted.votes.models, counted.model_ids, strict=True))
    scales = {one.segment: one for one in compared}
    return [
        {
            "kind": found.statement.kind.value,
            "segment": found.statement.segment,
            "model": ids[found.statement.model] if found.statement.kind is Kind.BEST_FOR else None,
            "p": upwards(found.p),
            "effect": round(found.effect),
            "scale": round(scales[found.statement.segment].scale, _DECIMALS),
            "scale_error": round(scales[found.statement.segment].scale_error, _DECIMALS),
        }
        for found in findings(compared)
        if np.isfinite(found.p)
    ]


def _of_layer(
    counted: CountedVotes,
    plan: Plan,
    layer: str,
    whole: Influence,
    covariance: Floats,
    rules: Mapping[str, Any],
) -> Iterator[Compared]:
    names = plan.refreshing(layer)
    method = replace(fit_method(Method.PLAIN, rules, whole=False), draws=0)
    codes = codes_of(counted, layer, names)
    votes, codes, impossible = under_network_cap(counted.votes, codes, names, counted.networks, rules)
    boards = fit_segments(votes, codes, names, method)
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(len(names) + 1))
    for place, name in enumerate(names):
        if name in impossible or not _is_comparable(boards[name]):
            continue
        mine = votes.take(order[edges[place] : edges[place + 1]])
        try:
            yield compare(name, influence(mine, boards[name], method), whole, covariance)
        except (CannotCompare, NoInfluence, np.linalg.LinAlgError):
            # What too few people say alike of too many models supports no sentence, and none is made.
            continue


def _is_comparable(board: BoardResult) -> bool:
    """Say whether as many people as it takes stand behind a segment; asked first, since the rest takes long."""
    models = sum(1 for line in board.models if line.lower is not None)
    effective = board.parameters.get("effective_number")
    return models >= _LEAST_MODELS and isinstance(effective, float | int) and effective > models
