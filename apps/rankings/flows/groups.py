"""Who voted, and how far each group is covered: read off the boards as they are published.

A group of a board's voters is a board itself, so its numbers are that board's: of its date, in tens, and told only
where it is shown. Nothing can be learned from these tables that the boards do not say. Groups by attributes that no
listed board has together are not told.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from apps.rankings.domain.membership import ATTRIBUTES, EVERYONE
from apps.rankings.domain.showing import tens
from apps.rankings.models import FactKind, Method
from apps.rankings.services import FittedBoard

_KEYS: Final = {"proof": "proof_level"}
_Conditions: TypeAlias = frozenset[tuple[str, str]]
#: By the board around and the attribute: the groups that are shown, and whether there are others.
_Groups: TypeAlias = dict[tuple[_Conditions, str], list[tuple[str, int, int]]]


def with_groups(boards: Sequence[FittedBoard]) -> list[FittedBoard]:
    """Return the boards, those published anew with their tables of who voted, and everybody's with its coverage."""
    groups = _groups(boards)
    told = []
    for board in boards:
        if not board.ratings or not _is_plain(board):
            told.append(board)
            continue
        facts: dict[FactKind, Any] = {**board.facts, FactKind.WHO_VOTED: _who_voted(board, groups)}
        if board.segment == EVERYONE:
            facts[FactKind.COVERAGE] = _coverage(groups)
        told.append(replace(board, facts=facts))
    return told


def _is_plain(board: FittedBoard) -> bool:
    return board.method == Method.PLAIN and board.dataset_id is None and not board.is_without_released


def _conditions(segment: str) -> _Conditions:
    if segment == EVERYONE:
        return frozenset()
    return frozenset((name, value) for name, _, value in (part.partition("=") for part in segment.split(",")))


def _groups(boards: Iterable[FittedBoard]) -> _Groups:
    groups: _Groups = {}
    for board in boards:
        if not _is_plain(board):
            continue
        mine = _conditions(board.segment)
        for attribute, value in mine:
            lines = groups.setdefault((mine - {(attribute, value)}, attribute), [])
            if not board.suppressed_because:
                lines.append((value, board.votes, board.contributors))
    return groups


def _rows(lines: Iterable[tuple[str, int, int]]) -> list[dict[str, Any]]:
    ordered = sorted(lines, key=lambda line: (-line[1], line[0]))
    return [{"value": value, "votes": tens(votes), "contributors": tens(people)} for value, votes, people in ordered]


def _who_voted(board: FittedBoard, groups: _Groups) -> dict[str, list[dict[str, Any]]]:
    told: dict[str, list[dict[str, Any]]] = {}
    mine = _conditions(board.segment)
    for attribute in ATTRIBUTES:
        lines = groups.get((mine, attribute))
        rows = _rows(lines or ())
        if lines is not None:
            # What the published numbers leave: hidden groups, and votes of which nobody knows it.
            votes = tens(max(0, board.votes - sum(row["votes"] for row in rows)))
            people = tens(max(0, board.contributors - sum(row["contributors"] for row in rows)))
            rows += [{"value": "", "votes": votes, "contributors": people}] if votes else []
        told[_KEYS.get(attribute, attribute)] = rows
    return told


def _coverage(groups: _Groups) -> dict[str, Any]:
    everybody: _Conditions = frozenset()
    languages, countries = (groups.get((everybody, attribute), []) for attribute in ("language", "country"))
    cells = [
        {"language": row["value"], "country": country, "votes": row["votes"], "contributors": row["contributors"]}
        for country, _votes, _people in sorted(countries)
        for row in _rows(groups.get((frozenset({("country", country)}), "language"), ()))
    ]
    # Nobody has set a number for any group yet, so none lacks anything.
    return {
        "language": [{**row, "target": None} for row in _rows(languages)],
        "country": [{**row, "target": None} for row in _rows(countries)],
        "cells": cells,
    }
