"""How models stand: one model over time and by segment, and two of them side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from apps.battles.models import LanguageModel
from apps.rankings.domain.segments import ATTRIBUTES, EVERYONE
from apps.rankings.models import FactKind, Method, Snapshot
from apps.rankings.queries import (
    Moment,
    Standpoint,
    facts_beside,
    history_of_models,
    models_on_board,
    named_models,
    published_model,
    standpoints,
)
from apps.web.domain.plotting import Point
from apps.web.views.boards import snapshot_asked
from apps.web.views.naming import attribute_name, segment_name

_LONGEST: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class _Duel:
    """One pair's votes from one model's side."""

    other: LanguageModel
    won: int
    lost: int
    both_good: int
    both_bad: int

    @property
    def votes(self) -> int:
        return self.won + self.lost + self.both_good + self.both_bad

    @property
    def share(self) -> float | None:
        """The share won, with a tie as half a win; None without a vote."""
        return (self.won + (self.both_good + self.both_bad) / 2) / self.votes if self.votes else None


def _duels(facts: Mapping[str, Any], model_id: int) -> list[_Duel]:
    pairs = [one for one in facts.get(FactKind.HEAD_TO_HEAD, {}).get("pairs", []) if model_id in (one["a"], one["b"])]
    if not pairs:
        return []
    named = named_models(one["b"] if one["a"] == model_id else one["a"] for one in pairs)
    duels = []
    for one in pairs:
        is_first = one["a"] == model_id
        other = named.get(one["b"] if is_first else one["a"])
        if other is not None:
            wins = (one["wins_a"], one["wins_b"]) if is_first else (one["wins_b"], one["wins_a"])
            duels.append(
                _Duel(other=other, won=wins[0], lost=wins[1], both_good=one["both_good"], both_bad=one["both_bad"])
            )
    return sorted(duels, key=lambda duel: (-duel.votes, duel.other.name))


def _histories(
    models: Sequence[LanguageModel], snapshot: Snapshot, *, plain: bool
) -> tuple[dict[int, list[Moment]], Method]:
    """Return how models stood over time on the styled boards, or on the plain ones where these are asked for."""
    for method in (Method.PLAIN,) if plain else (Method.STYLED, Method.PLAIN):
        found = history_of_models(models, method=method, until=snapshot)
        if any(found.values()):
            break
    return found, method


def _points(history: Sequence[Moment]) -> list[Point]:
    return [Point(one.published_at, one.rating, one.lower, one.upper) for one in history]


def _address(segment: str) -> str:
    """Return the query that leads to a segment's board."""
    parts = (condition.partition("=") for condition in segment.split(","))
    return urlencode([(attribute, value) for attribute, _is, value in parts])


def _by_attribute(found: Mapping[str, Standpoint]) -> list[dict[str, Any]]:
    """Return a model's places group by group: one for each attribute, and the pairs of attributes last."""
    groups = []
    for attribute in (*ATTRIBUTES, ""):
        places = [place for name, place in found.items() if name != EVERYONE and _attribute_of(name) == attribute]
        if places:
            rows = [
                {"name": segment_name(place.segment), "address": _address(place.segment), "place": place}
                for place in sorted(places, key=lambda place: (place.rank_low, place.rank_high, place.segment))
            ]
            groups.append({"title": attribute_name(attribute) if attribute else "", "rows": rows})
    return groups


def _attribute_of(segment: str) -> str:
    """Return the attribute of a segment; of a pair, none."""
    return "" if "," in segment else segment.partition("=")[0]


@require_safe
def model_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one model: its score over time, where it stands by segment, and against whom."""
    model = published_model(slug[:_LONGEST])
    snapshot = snapshot_asked(request.GET.get("snapshot", ""))
    if model is None or snapshot is None:
        raise Http404("There is no such model on a published board.")
    plain = request.GET.get("style") == "off"
    histories, method = _histories([model], snapshot, plain=plain)
    history = histories[model.pk]
    places = standpoints(snapshot, [model])[model.pk]
    facts = facts_beside(snapshot, FactKind.HEAD_TO_HEAD)
    now = history[-1] if history and history[-1].snapshot_id == snapshot.pk else None
    return render(
        request,
        "web/model_page.html",
        {
            "model": model,
            "snapshot": snapshot,
            "is_styled": method == Method.STYLED,
            "now": now,
            "history": history[::-1],
            "series": [_points(history)],
            "everybody": places.get(EVERYONE),
            "groups": _by_attribute(places),
            "duels": _duels(facts, model.pk),
        },
    )


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Show two models side by side: against each other, by segment and over time."""
    snapshot = snapshot_asked(request.GET.get("snapshot", ""))
    models = models_on_board(snapshot) if snapshot is not None else []
    by_slug = {model.slug: model for model in models}
    asked = [request.GET.get(name, "")[:_LONGEST] for name in ("a", "b")]
    chosen = [by_slug[slug] for slug in asked if slug in by_slug]
    context: dict[str, Any] = {
        "snapshot": snapshot,
        "options": [(model.slug, model.name) for model in models],
        "asked": asked,
        "is_unknown": any(slug and slug not in by_slug for slug in asked),
        "is_same": bool(asked[0]) and asked[0] == asked[1],
    }
    if snapshot is not None and len(chosen) == len(asked) and chosen[0] != chosen[1]:
        plain = request.GET.get("style") == "off"
        context |= _compared(snapshot, chosen[0], chosen[1], plain=plain)
    return render(request, "web/compare.html", context)


def _compared(snapshot: Snapshot, one: LanguageModel, other: LanguageModel, *, plain: bool) -> dict[str, Any]:
    histories, method = _histories([one, other], snapshot, plain=plain)
    places = standpoints(snapshot, [one, other])
    facts = facts_beside(snapshot, FactKind.HEAD_TO_HEAD)
    rows = []
    for segment, mine in places[one.pk].items():
        theirs = places[other.pk].get(segment)
        if theirs is not None:
            better = one if mine.rank_high < theirs.rank_low else other if theirs.rank_high < mine.rank_low else None
            rows.append({
                "name": segment_name(segment),
                "address": "" if segment == EVERYONE else _address(segment),
                "a": mine,
                "b": theirs,
                "better": better,
            })  # fmt: skip
    rows.sort(key=lambda row: (row["address"] != "", row["better"] is None, row["name"]))
    moments: dict[int, dict[str, Any]] = {}
    for side, model in (("a", one), ("b", other)):
        for moment in histories[model.pk]:
            moments.setdefault(moment.snapshot_id, {"at": moment.published_at, "number": moment.snapshot_id})[side] = (
                moment
            )
    latest = (moments.get(snapshot.pk, {}).get("a"), moments.get(snapshot.pk, {}).get("b"))
    duel = next((duel for duel in _duels(facts, one.pk) if duel.other == other), None)
    return {
        "a": one,
        "b": other,
        "is_styled": method == Method.STYLED,
        "rows": rows,
        "better_for": sum(row["better"] is not None for row in rows),
        "leader": _leader(one, other, latest),
        "duel": duel,
        "history": sorted(moments.values(), key=lambda moment: moment["at"], reverse=True),
        "series": [_points(histories[one.pk]), _points(histories[other.pk])],
    }


def _leader(
    one: LanguageModel, other: LanguageModel, latest: tuple[Moment | None, Moment | None]
) -> LanguageModel | None:
    """Return who stands higher on everybody's board beyond chance: the spreads of ranks do not meet."""
    mine, theirs = latest
    if mine is None or theirs is None:
        return None
    return one if mine.rank_high < theirs.rank_low else other if theirs.rank_high < mine.rank_low else None
