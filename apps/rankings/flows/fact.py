"""One table beside a board, on its way from a part to the snapshot."""

from dataclasses import dataclass
from typing import Any

from apps.rankings.models import FactKind, Method


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A table of one board; ``data`` is ready for JSON and names models by their rows."""

    segment: str
    method: Method
    kind: FactKind
    data: Any
