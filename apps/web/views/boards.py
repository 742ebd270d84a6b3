"""The public boards: the leaderboard with its filters, every snapshot under an address of its own, the same as CSV."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from apps.policy.queries import clause
from apps.rankings.domain.membership import DeclaredList, NotOnTheList
from apps.rankings.domain.segments import CUTS, EVERYONE, TARGETS, methods_asked, segment_asked, values_asked
from apps.rankings.flows.rules import declared_list
from apps.rankings.models import FactKind, Method, Snapshot
from apps.rankings.queries import (
    BoardView,
    board_view,
    corrections_of,
    facts_beside,
    latest_snapshot,
    methods_of,
    named_models,
    newest_snapshots,
    open_run,
    segments_of,
    snapshot_numbered,
)
from apps.web.domain import wording
from apps.web.queries import public_figures
from apps.web.views.naming import ATTRIBUTE_WORDS, attribute_name, dataset_names, segment_name, value_name

_MOST_SENTENCES: Final = 12
_TARGET_WORDS: Final = {
    Method.UNIFORM.value: _("As if opponents were uniform"),
    Method.POPULATION.value: _("As the population is"),
    Method.IN_FLOW.value: _("In the flow of work"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Which board the address asks for; ``is_listed`` is false for a combination that is not on the list."""

    methods: tuple[str, ...]
    segment: str
    chosen: dict[str, str] = field(default_factory=dict)
    is_listed: bool = True
    number: str = ""
    target: str = ""
    without_released: bool = False

    @property
    def is_styled(self) -> bool:
        """Whether the styled board is asked for."""
        return self.methods[:1] == (Method.STYLED.value,)


def _asked(query: QueryDict, declared: DeclaredList, number: str = "") -> _Asked:
    chosen = values_asked(query.get)
    target = query.get("target", "")
    try:
        segment, is_listed = segment_asked(chosen, declared), True
    except NotOnTheList:
        segment, is_listed = "", False
    return _Asked(
        methods=methods_asked(style=query.get("style", ""), target=target),
        segment=segment,
        chosen=chosen,
        is_listed=is_listed,
        number=number or query.get("snapshot", ""),
        target=target if target in TARGETS else "",
        without_released=query.get("released") == "without",
    )


def snapshot_asked(number: str) -> Snapshot | None:
    """Return the snapshot of a number, or the latest where none is asked for. Raises ``Http404``."""
    if not number:
        return latest_snapshot()
    # A board of an earlier night keeps its address for good.
    snapshot = snapshot_numbered(int(number)) if re.fullmatch(r"[0-9]{1,9}", number) else None
    if snapshot is None:
        raise Http404("There is no such snapshot.")
    return snapshot


def _view_of(snapshot: Snapshot, asked: _Asked) -> BoardView | None:
    rules = clause("R3").parameters
    view = None
    for method in asked.methods if asked.is_listed else ():
        view = view or board_view(
            snapshot=snapshot,
            segment=asked.segment,
            method=Method(method),
            without_released=asked.without_released,
            min_votes=rules["min_votes"],
            min_contributors=rules["min_contributors"],
            max_half_width=rules.get("max_half_width"),
        )
    return view


def _filters(snapshot: Snapshot, asked: _Asked, found: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    """Return the selects above the board: every attribute with a board in this snapshot, and the target."""
    datasets = dataset_names() if found.get("dataset") else {}
    filters: list[dict[str, Any]] = []
    for cut in CUTS:
        values = list(found.get(cut, ()))
        if values or cut in asked.chosen:
            options = [(code, value_name(cut, code, datasets)) for code in values]
            if cut not in {"age_band", "education", "proof"}:
                options.sort(key=lambda pair: pair[1])
            _name, label, every = ATTRIBUTE_WORDS[cut]
            filters.append(
                {"name": cut, "label": label, "all": every, "options": options, "value": asked.chosen.get(cut, "")}
            )
    there = methods_of(snapshot) | {asked.target}
    targets = [(name, words) for name, words in _TARGET_WORDS.items() if name in there]
    if targets:
        filters.append(
            {
                "name": "target",
                "label": _("Weighing"),
                "all": _("As pairs were drawn"),
                "options": targets,
                "value": asked.target,
            }
        )
    return filters


def _nights(asked: _Asked) -> dict[str, Any]:
    language = get_language() or "en"
    nights = [
        (str(one.pk), wording.day(one.published_at, language=language))
        for one in newest_snapshots()
        if one.published_at is not None
    ]
    return {"name": "snapshot", "label": _("Night"), "options": nights, "value": asked.number, "all": _("Latest")}


def _sentences(snapshot: Snapshot, segment: str) -> list[dict[str, Any]]:
    """Return the snapshot's findings that are shown: all beside everybody's board, a segment's own beside its board."""
    findings = [
        one
        for one in snapshot.findings
        if one.get("kind") == "best-for" and one.get("shown") and segment in {EVERYONE, one.get("segment")}
    ][:_MOST_SENTENCES]
    models = named_models(one["model"] for one in findings) if findings else {}
    return [
        {"model": models[one["model"]], "segment": segment_name(one["segment"]), "nights": one.get("nights")}
        for one in findings
        if one["model"] in models
    ]


def _beside(snapshot: Snapshot, view: BoardView) -> dict[str, Any]:
    """Return what stands beside a shown board: the band of ranks, who voted, how it was weighed."""
    segment, method = view.board.segment, Method(view.board.method)
    facts = facts_beside(snapshot, FactKind.MULTIVERSE, FactKind.WHO_VOTED, segment=segment)
    if method == Method.POPULATION:
        facts |= facts_beside(snapshot, FactKind.POPULATION, segment=segment, method=method)
    combinations = facts.get(FactKind.MULTIVERSE, {}).get("combinations", [])
    return {
        "bands": {one["model"]: one for one in facts.get(FactKind.MULTIVERSE, {}).get("models", [])},
        "combinations": len(combinations),
        "who_voted": [
            {
                "title": attribute_name(attribute),
                "most": max(row["votes"] for row in rows),
                "rows": [row | {"name": value_name(attribute, row["value"])} for row in rows],
            }
            for attribute, rows in facts.get(FactKind.WHO_VOTED, {}).items()
            if rows
        ],
        "population": facts.get(FactKind.POPULATION),
        "unreachable": [
            {
                "attribute": attribute_name(one["attribute"]),
                "value": value_name(one["attribute"], one["value"]),
                "share": one["share"],
            }
            for one in facts.get(FactKind.POPULATION, {}).get("unreachable", [])
        ],
        "sentences": _sentences(snapshot, segment),
    }


def _page(request: HttpRequest, number: str = "") -> HttpResponse:
    declared = declared_list()
    asked = _asked(request.GET, declared, number)
    snapshot = snapshot_asked(asked.number)
    context: dict[str, Any] = {
        "asked": asked,
        "is_lasting": bool(number),
        "snapshot": snapshot,
        "view": None,
        "leaders": [],
        "style_is_on": asked.is_styled,
        "hidden_clause": clause("R2"),
    }
    if snapshot is None:
        return render(request, "web/leaderboard.html", context | {"waiting_run": open_run()})
    view = _view_of(snapshot, asked)
    found = segments_of(snapshot)
    filters = _filters(snapshot, asked, found)
    # Each of the values has a board; together they have none, because nobody's vote carries both.
    is_empty = view is None and asked.is_listed and all(v in found.get(cut, ()) for cut, v in asked.chosen.items())
    names = [value for one in filters for code, value in one["options"] if asked.chosen.get(one["name"]) == code]
    address = request.GET.copy()
    address.pop("snapshot", None)
    context |= {
        "view": view,
        "leaders": view.leaders if view else [],
        "style_is_on": view.board.method == Method.STYLED if view else asked.is_styled,
        "filters": filters if number else [*filters, _nights(asked)],
        "place": ", ".join(names),
        "is_empty": is_empty and len(asked.chosen) > 1,
        "listed": [[attribute_name(name) for name in one] for one in declared.combinations if one],
        "address": address.urlencode(),
        "corrections": corrections_of(snapshot),
        "figures": public_figures(),
        "left_out": sum(snapshot.left_out.values()),
    }
    if view is not None and view.rows:
        context |= _beside(snapshot, view)
    is_answer = view is not None or not asked.is_listed or context["is_empty"]
    return render(request, "web/leaderboard.html", context, status=200 if is_answer else 404)


@require_safe
def leaderboard(request: HttpRequest) -> HttpResponse:
    """Show one published board of the latest snapshot; nothing is computed here."""
    return _page(request)


@require_safe
def snapshot_page(request: HttpRequest, number: int) -> HttpResponse:
    """Show one board of one snapshot, under an address that stays."""
    return _page(request, str(number))


@require_safe
def snapshots(request: HttpRequest) -> HttpResponse:
    """List the newest snapshots with what each counted."""
    found = newest_snapshots(200)
    return render(
        request,
        "web/snapshots.html",
        {"snapshots": [{"snapshot": one, "left_out": sum(one.left_out.values())} for one in found]},
    )


@require_safe
def leaderboard_csv(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """Answer one published board as CSV; that of a snapshot, given by its number, has an address that stays."""
    asked = _asked(request.GET, declared_list(), "" if number is None else str(number))
    snapshot = snapshot_asked(asked.number)
    view = None if snapshot is None else _view_of(snapshot, asked)
    if snapshot is None or view is None or view.board.suppressed_because:
        raise Http404("There is no such board.")
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    told = [re.sub(r"[^\w+-]", "-", view.board.segment), view.board.method]
    if view.board.is_without_released:
        told.append("without-released")
    name = f"showdown-snapshot-{snapshot.pk}-{'-'.join(told)}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    writer = csv.writer(response)
    writer.writerow(
        ["rank", "rank_low", "rank_high", "model", "organization", "rating", "lower", "upper", "votes", "contributors"]
    )
    for row in view.rows:
        writer.writerow(
            [
                row.rank,
                row.rank_low,
                row.rank_high,
                _harmless(row.model.name),
                _harmless(row.model.organization.name),
                f"{row.rating:.6f}",
                "" if row.lower is None else f"{row.lower:.6f}",
                "" if row.upper is None else f"{row.upper:.6f}",
                row.votes,
                row.contributors,
            ]
        )
    return response


def _harmless(text: str) -> str:
    """Keep a spreadsheet from reading a name as a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
