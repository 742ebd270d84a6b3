"""The scales of the style columns: measured once, published with every snapshot since, and never moved by a vote."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from apps.rankings.domain.style_facts import FrozenScales
from apps.rankings.flows.fitting import with_style
from apps.rankings.flows.gathering import NightInput
from apps.rankings.queries import CountedVotes, latest_snapshot


def reference_scales(
    night: NightInput, counted: CountedVotes, rules: Mapping[str, Any], least: int
) -> dict[str, Any] | None:
    """Return the frozen scales with the period that they are of, or None while there are none.

    They stand in the method of the last snapshot. Where that has none they are measured over all votes so far, as soon
    as ``least`` of them (clause R3's number of votes below which ratings are provisional) have answers to measure.
    """
    last = latest_snapshot()
    kept = last.method.get("scales") if last is not None else None
    if kept is not None:
        return dict(kept)
    known = with_style(counted.votes, rules)
    if not night.months or int(known.sum()) < least:
        return None
    first: date = min(month.month for month in night.months)
    frozen = FrozenScales.over(counted.votes.take(known), first=first, last=night.taken_at.date())
    told: dict[str, Any] = json.loads(frozen.to_json())
    return told


def rules_with_scales(rules: Mapping[str, Any], scales: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the parameters of R1 with the frozen scales, as a snapshot publishes its method."""
    return {**rules, **({"scales": dict(scales)} if scales is not None else {})}
