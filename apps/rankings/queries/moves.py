"""What a published snapshot changed against the one before it, as pages show it."""

from dataclasses import dataclass
from typing import Final

from apps.battles.models import LanguageModel
from apps.rankings.models import Method, Snapshot

_MICRO: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveLine:
    """One model that moved; ``by`` is how far, in points."""

    model: str
    rank_before: int
    rank: int
    by: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """How many boards were computed anew, stand or are hidden, and who moved on the board of everybody.

    ``stands`` says that this board itself stands as it was; ``moved`` counts more models than there are ``lines``.
    """

    anew: int
    standing: int
    hidden: int
    stands: bool
    moved: int
    lines: list[MoveLine]


def moves_of(snapshot: Snapshot, *, method: Method = Method.STYLED, limit: int = 10) -> Moves | None:
    """Return what a snapshot changed, those that moved farthest first; None for one that did not keep it."""
    kept = snapshot.moves
    if not kept:
        return None
    found = kept.get(method.value, {})
    models = sorted(found.get("models", ()), key=lambda line: -abs(line["rating"] - line["rating_before"]))[:limit]
    names = dict(LanguageModel.objects.filter(pk__in=[line["model"] for line in models]).values_list("pk", "name"))
    return Moves(
        anew=kept["boards"]["anew"],
        standing=kept["boards"]["standing"],
        hidden=kept["boards"]["hidden"],
        stands=bool(found.get("stands")),
        moved=found.get("moved", 0),
        lines=[
            MoveLine(
                model=names[line["model"]],
                rank_before=line["rank_before"],
                rank=line["rank"],
                by=(line["rating"] - line["rating_before"]) / _MICRO,
            )
            for line in models
            if line["model"] in names
        ],
    )
