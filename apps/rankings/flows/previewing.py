"""A recomputation that publishes nothing and writes nothing: what would change if it were published."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.battles.models import ImportedDataset
from apps.policy.queries import clause
from apps.rankings.domain.ballot_tree import tree_over
from apps.rankings.flows.fitting import boards_to_bytes, fit_dataset, fit_layer
from apps.rankings.flows.gathering import gather
from apps.rankings.flows.moves import moves_of
from apps.rankings.flows.planning import plan_boards
from apps.rankings.flows.reducing import reduced
from apps.rankings.flows.rules import declared_list, showing_rules
from apps.rankings.flows.scales import reference_scales, rules_with_scales
from apps.rankings.permissions import may_recompute
from apps.rankings.queries import counted_of, last_standings

Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would be published; ``votes_root`` is the root over the votes that would count, hex."""

    votes_counted: int
    left_out: int
    votes_root: str
    boards: int
    moves: dict[str, Any]
    seconds: float


def preview_night(*, actor: Actor, report: Report | None = None, now: datetime) -> Preview:
    """Compute every board as a run would, and tell what would change.

    Raises:
        NotPermitted: when the actor may not ask for a recomputation either.
    """
    if not may_recompute(actor):
        raise NotPermitted("Only a network administrator starts a recomputation.")

    def tell(phase: str, done: int, total: int) -> None:
        if report is not None:
            report(phase, done, total)

    began = time.perf_counter()
    night, columns = gather(taken_at=now, tell=lambda done, total: tell("reading votes", done, total))
    counted = counted_of(columns, night.overlay)
    plan = plan_boards(counted, declared_list(), showing_rules(), last_standings())
    rules = clause("R1").parameters
    rules = rules_with_scales(rules, reference_scales(night, counted, rules, clause("R3").parameters["min_votes"]))
    datasets = list(ImportedDataset.objects.filter(is_complete=True).order_by("pk").values_list("pk", flat=True))
    results: list[bytes] = []
    total = len(plan.layers) + len(datasets)
    for layer in plan.layers:
        tell("fitting boards", len(results), total)
        results.append(boards_to_bytes(fit_layer(counted, layer, plan.refreshing(layer), rules)))
    for dataset in datasets:
        tell("fitting boards", len(results), total)
        results.append(boards_to_bytes(fit_dataset(dataset, rules, until=now)))
    tell("fitting boards", total, total)
    boards = reduced(plan, results)
    return Preview(
        votes_counted=len(counted.votes),
        left_out=len(counted.aside),
        votes_root=tree_over(counted.columns.public_ids, counted.columns.leaves).root.hex(),
        boards=len(boards),
        moves=moves_of(boards),
        seconds=time.perf_counter() - began,
    )
