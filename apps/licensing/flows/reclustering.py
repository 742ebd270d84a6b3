"""Comparing all founders anew: after clause P3 got other numbers, or a better method of telling likeness came.

It only merges. What was sold is not merged: what resembles it gets an edge, which keeps it out of releases and its new
battles off the board of record. Broken off anywhere, the next run begins again and finds less to do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.licensing.queries import is_comparison_due
from apps.licensing.services import bring_together, finish_comparison
from apps.prompts.models import Cluster, Outcome
from apps.prompts.queries import founders_after, founders_beside, screening_rules, signing_of
from apps.prompts.services import renew_signature

Report = Callable[[str, int], None]
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What came of comparing all founders."""

    founders: int
    signed: int
    merged: int
    near_released: int


def recluster(
    *, actor: Actor, report: Report | None = None, clock: Clock = timezone.now, batch: int = 500
) -> Comparison:
    """Sign every founder by the rules in force, compare each with those before it, and put down what is alike.

    ``report`` is told the phase and how many founders are done.
    """
    rules = screening_rules()
    algorithm = signing_of(rules).algorithm
    done = signed = 0
    after = 0
    while founders := founders_after(after, limit=batch):
        for each in founders:
            prompt_id = each.founder.prompt_id
            if each.algorithm != algorithm and each.text and prompt_id is not None:
                renew_signature(actor=actor, prompt_id=prompt_id)
                signed += 1
        done, after = done + len(founders), founders[-1].founder.cluster_id
        if report is not None:
            report("signing", done)
    counted = dict.fromkeys(Outcome, 0)
    # Both ways find the same pair, but for a founder whose words were erased: that one is found by others alone.
    seen: set[frozenset[int]] = set()
    done = after = 0
    while founders := founders_after(after, limit=batch):
        for each in founders:
            for match in founders_beside(each, rules):
                pair = frozenset({each.founder.cluster_id, match.founder.cluster_id})
                if pair not in seen:
                    seen.add(pair)
                    outcome = bring_together(
                        actor=actor,
                        first=Cluster(pk=each.founder.cluster_id),
                        second=Cluster(pk=match.founder.cluster_id),
                        jaccard=match.resemblance,
                        algorithm=algorithm,
                        now=clock(),
                    )
                    counted[outcome] += 1
        done, after = done + len(founders), founders[-1].founder.cluster_id
        if report is not None:
            report("comparing", done)
    merged, near = counted[Outcome.MERGED], counted[Outcome.NEAR_RELEASED]
    finish_comparison(actor=actor, rules=rules, founders=done, merged=merged, near=near, now=clock())
    return Comparison(founders=done, signed=signed, merged=merged, near_released=near)


def recluster_if_due(*, actor: Actor, clock: Clock = timezone.now) -> Comparison | None:
    """Compare all founders when there are numbers of clause P3 or a method by which they were not; None otherwise."""
    return recluster(actor=actor, clock=clock) if is_comparison_due() else None
