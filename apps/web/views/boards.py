"""The public boards: the leaderboard with its filters, the same as CSV, and how it is computed."""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from apps.battles.models import ImportedDataset
from apps.policy.queries import clause
from apps.rankings.domain.segments import ATTRIBUTES, EVERYONE, name_of
from apps.rankings.models import Method
from apps.rankings.queries import (
    BoardView,
    board_view,
    latest_snapshot,
    newest_snapshots,
    open_run,
    segments_of,
    snapshot_numbered,
)
from apps.web.domain import wording
from apps.web.queries import public_figures

_CUTS = (*ATTRIBUTES, "dataset")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Which board the address asks for; ``too_many`` when it asks for a combination that is not on the list."""

    method: Method
    segment: str
    chosen: dict[str, str] = field(default_factory=dict)
    too_many: bool = False
    number: str = ""
    without_released: bool = False


def _asked(query: QueryDict) -> _Asked:
    chosen = {cut: query.get(cut, "")[:32] for cut in _CUTS if query.get(cut)}
    method = Method.PLAIN if query.get("style") == "off" else Method.STYLED
    number = query.get("snapshot", "")[:32]
    without = query.get("released") == "without"
    if len(chosen) > 1:
        return _Asked(method=method, segment="", chosen=chosen, too_many=True, number=number, without_released=without)
    segment = next((name_of(cut, value) for cut, value in chosen.items()), EVERYONE)
    return _Asked(method=method, segment=segment, chosen=chosen, number=number, without_released=without)


def _board(asked: _Asked) -> tuple[Any, BoardView | None]:
    snapshot = latest_snapshot()
    if asked.number:
        # A board of an earlier night keeps its address for good.
        snapshot = snapshot_numbered(int(asked.number)) if re.fullmatch(r"[0-9]{1,9}", asked.number) else None
        if snapshot is None:
            raise Http404("There is no such snapshot.")
    if snapshot is None or asked.too_many:
        return snapshot, None
    rules = clause("R3").parameters
    view = None
    # A file without replies has a plain board only.
    for method in (asked.method,) if asked.method == Method.PLAIN else (Method.STYLED, Method.PLAIN):
        view = view or board_view(
            snapshot=snapshot,
            segment=asked.segment,
            method=method,
            without_released=asked.without_released,
            min_votes=rules["min_votes"],
            min_contributors=rules["min_contributors"],
            max_half_width=rules.get("max_half_width"),
        )
    return snapshot, view


def _options(found: dict[str, list[str]]) -> list[dict[str, Any]]:
    language = get_language() or "en"
    datasets = {str(dataset.pk): dataset.name for dataset in ImportedDataset.objects.filter(is_complete=True)}
    named: dict[str, Callable[[str], str]] = {
        "country": lambda code: wording.country_name(code, language=language),
        "language": lambda code: wording.language_name(code, language=language),
        "dataset": lambda code: datasets.get(code, code),
    }
    labels = {"country": _("Voters in"), "language": _("Questions in"), "dataset": _("Imported votes")}
    every = {"country": _("Every country"), "language": _("Every language"), "dataset": _("None of them")}
    return [
        {
            "name": cut,
            "label": labels[cut],
            "all": every[cut],
            "options": sorted(((code, named[cut](code)) for code in found.get(cut, [])), key=lambda pair: pair[1]),
        }
        for cut in _CUTS
        if found.get(cut)
    ]


@require_safe
def leaderboard(request: HttpRequest) -> HttpResponse:
    """Show one published board; nothing is computed here."""
    asked = _asked(request.GET)
    snapshot, view = _board(asked)
    filters = _options(segments_of(snapshot)) if snapshot else []
    for one in filters:
        one["value"] = asked.chosen.get(one["name"], "")
    chosen_names = [label for one in filters for code, label in one["options"] if asked.chosen.get(one["name"]) == code]
    nights = [
        (str(one.pk), wording.day(one.published_at, language=get_language() or "en"))
        for one in newest_snapshots()
        if one.published_at is not None
    ]
    filters.append(
        {"name": "snapshot", "label": _("Night"), "options": nights, "value": asked.number, "all": _("Latest")}
    )
    shows_rows = view is not None and bool(view.rows)
    return render(
        request,
        "web/leaderboard.html",
        {
            "asked": asked,
            "chosen_names": chosen_names,
            "filters": filters,
            "snapshot": snapshot,
            "view": view,
            "leaders": view.leaders if view else [],
            "style_is_on": view.board.method == Method.STYLED if view else asked.method == Method.STYLED,
            "figures": public_figures() if snapshot else None,
            "left_out": sum(snapshot.left_out.values()) if snapshot else 0,
            "waiting_run": open_run() if snapshot is None else None,
            "provisional": clause("R3").parameters,
            "hidden_clause": clause("R2"),
        },
        status=200 if shows_rows or snapshot is None or asked.too_many or view is not None else 404,
    )


@require_safe
def leaderboard_csv(request: HttpRequest) -> HttpResponse:
    """Answer one published board as CSV."""
    snapshot, view = _board(_asked(request.GET))
    if snapshot is None or view is None or view.board.suppressed_because:
        raise Http404("There is no such board.")
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    told = [view.board.segment.replace("=", "-"), view.board.method]
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


@require_safe
def methodology(request: HttpRequest) -> HttpResponse:
    """Say how the boards are computed, with the clauses that fix it."""
    snapshot = latest_snapshot()
    return render(
        request,
        "web/methodology.html",
        {"clauses": [clause(number) for number in ("R1", "R2", "R3", "I1")], "snapshot": snapshot},
    )
