"""The shortest way between two groups in a graph of ties, walked by hand: what the database must find as well."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A tie between two organizations; it is walked both ways."""

    tie: int
    holder: int
    held: int


def distance(edges: Iterable[Edge], start: Iterable[int], goal: Iterable[int]) -> int | None:
    """Return how many ties lie on the shortest way from one group to another, or None when there is no way."""
    beside: dict[int, set[int]] = {}
    for edge in edges:
        beside.setdefault(edge.holder, set()).add(edge.held)
        beside.setdefault(edge.held, set()).add(edge.holder)
    here, seen, wanted = set(start), set(start), set(goal)
    walked = 0
    while here:
        if here & wanted:
            return walked
        here = {other for one in here for other in beside.get(one, ())} - seen
        seen |= here
        walked += 1
    return None


def is_a_way(edges: Iterable[Edge], ties: list[int], start: int, end: int) -> bool:
    """Whether a row of ties, each walked either way, leads from one organization to another."""
    by_tie = {edge.tie: edge for edge in edges}
    at = start
    for tie in ties:
        edge = by_tie.get(tie)
        if edge is None or at not in {edge.holder, edge.held}:
            return False
        at = edge.held if at == edge.holder else edge.holder
    return at == end
