"""How the boards are computed and what would change if they were not, and whose votes are missing in them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from apps.policy.queries import book, clause
from apps.rankings.models import FactKind, Method
from apps.rankings.queries import facts_beside, named_models, style_effects
from apps.web.views.boards import snapshot_asked
from apps.web.views.naming import Words, attribute_name, value_name

_CLAUSES: Final = ("R1", "R2", "R3", "I1")
_TOGGLES: Final[tuple[tuple[str, Words], ...]] = (
    ("ties", _("Ties")),
    ("style", _("Style control")),
    ("target", _("Pairs weigh")),
    ("exclusions", _("Votes left out")),
)
_CHOICES: Final[dict[str, Words]] = {
    "half": _("half a win for each side"),
    "drop": _("left out"),
    "drop-both-bad": _("both bad left out"),
    "on": _("on"),
    "off": _("off"),
    "as-drawn": _("as they were drawn"),
    "uniform": _("as if drawn uniformly"),
    "in-force": _("by decision, as on the board"),
    "none": _("none"),
}


def _worded(combination: Mapping[str, Any]) -> dict[str, str]:
    """Return a combination as an address writes it."""
    return {name: str(combination[name]) for name, _label in _TOGGLES if name != "style"} | {
        "style": "on" if combination["style"] else "off"
    }


def _what_if(fact: Mapping[str, Any], query: QueryDict, rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ranks under the combination that the address chooses, beside those of the board of record."""
    combinations = [_worded(one) for one in fact["combinations"]]
    record = {"ties": rule["ties"], "style": "on", "target": rule.get("target", "as-drawn"), "exclusions": "in-force"}
    # The nearest to the board of record; with all alike it is the board itself.
    usual = max(range(len(combinations)), key=lambda place: sum(combinations[place][k] == v for k, v in record.items()))
    chosen = {name: query.get(name) or combinations[usual][name] for name, _label in _TOGGLES}
    place = combinations.index(chosen) if chosen in combinations else None
    models = named_models(one["model"] for one in fact["models"])
    rows = []
    for one in fact["models"]:
        ranks = fact["ranks"].get(str(one["model"]), [])
        if one["model"] in models:
            rows.append({
                "model": models[one["model"]],
                "rank": _at(ranks, place),
                "usual": _at(ranks, usual),
                "low": one["low"],
                "high": one["high"],
            })  # fmt: skip
    rows.sort(key=lambda row: (row["rank"] is None, row["rank"] or 0, row["model"].name))
    return {
        "filters": [
            {
                "name": name,
                "label": label,
                "value": chosen[name],
                "options": [(one, _CHOICES.get(one, one)) for one in dict.fromkeys(c[name] for c in combinations)],
            }
            for name, label in _TOGGLES
        ],
        "is_there": place is not None and any(row["rank"] is not None for row in rows),
        "is_usual": place == usual,
        "rows": rows,
        "many": len(combinations),
        "moving": sum(row["low"] != row["high"] for row in rows),
        "moved_here": sum(row["rank"] != row["usual"] for row in rows if row["rank"] is not None),
    }


def _at(ranks: Sequence[int | None], place: int | None) -> int | None:
    return ranks[place] if place is not None and place < len(ranks) else None


@require_safe
def methodology(request: HttpRequest) -> HttpResponse:
    """Say how the boards are computed, with the clauses that fix it, and what would change under other rules."""
    snapshot = snapshot_asked(request.GET.get("snapshot", ""))
    facts = facts_beside(snapshot, FactKind.MULTIVERSE, FactKind.DAVIDSON) if snapshot else {}
    style = facts_beside(snapshot, FactKind.STYLE, method=Method.STYLED) if snapshot else {}
    clauses = [clause(number) for number in _CLAUSES]
    fact = facts.get(FactKind.MULTIVERSE)
    return render(
        request,
        "web/methodology.html",
        {
            "clauses": clauses,
            "snapshot": snapshot,
            "what_if": _what_if(fact, request.GET, clauses[0].parameters) if fact and fact["combinations"] else None,
            "davidson": facts.get(FactKind.DAVIDSON),
            "style": style.get(FactKind.STYLE),
            "effects": style_effects(snapshot) if snapshot else [],
            "changes": [
                {"version": line.version, "difference": each, "parameters": [one.name for one in each.parameters]}
                for line in book().lines
                for each in line.found
                if each.number.startswith("R")
            ],
        },
    )


@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    """Show whose votes the boards rest on, beside the targets: what is missing most stands first."""
    snapshot = snapshot_asked(request.GET.get("snapshot", ""))
    facts = facts_beside(snapshot, FactKind.COVERAGE, FactKind.WHO_VOTED) if snapshot else {}
    fact = facts.get(FactKind.COVERAGE, {})
    groups = [_group(attribute, fact.get(attribute, [])) for attribute in ("language", "country")]
    others = facts.get(FactKind.WHO_VOTED, {})
    return render(
        request,
        "web/coverage.html",
        {
            "snapshot": snapshot,
            "groups": [group for group in groups if group["rows"]],
            "gaps": sum(group["gaps"] for group in groups),
            "targets": sum(group["targets"] for group in groups),
            "cells": _cells(fact.get("cells", [])),
            "who_voted": [
                {
                    "title": attribute_name(attribute),
                    "most": max(row["votes"] for row in rows),
                    "rows": [row | {"name": value_name(attribute, row["value"])} for row in rows],
                }
                for attribute, rows in others.items()
                if rows and attribute not in {"language", "country"}
            ],
        },
    )


def _group(attribute: str, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    everybody = _everybody(found)
    rows = []
    for one in found:
        target = one.get("target")
        # A target is a number of contributors, or a share of them.
        wanted = None if target is None else target * everybody if isinstance(target, float) and target < 1 else target
        missing = None if wanted is None else max(0, round(wanted) - one["contributors"])
        rows.append({**one, "name": value_name(attribute, one["value"]), "wanted": wanted, "missing": missing})
    rows.sort(key=lambda row: (-(row["missing"] or 0), row["wanted"] is None, -row["votes"], row["name"]))
    return {
        "name": attribute,
        "title": attribute_name(attribute),
        "rows": rows,
        "most": max((row["votes"] for row in rows), default=0),
        "gaps": sum(bool(row["missing"]) for row in rows),
        "targets": sum(row["wanted"] is not None for row in rows),
    }


def _everybody(found: Sequence[Mapping[str, Any]]) -> int:
    return sum(one["contributors"] for one in found)


def _cells(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the pairs of language and country, the fewest contributors first."""
    return [
        {**one, "tongue": value_name("language", one["language"]), "land": value_name("country", one["country"])}
        for one in sorted(found, key=lambda one: (one["contributors"], one["votes"], one["language"], one["country"]))
    ]
