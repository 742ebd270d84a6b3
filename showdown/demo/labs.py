"""The invented labs, who owns whom, and their models with the true strengths that the ranking must find."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """An invented legal person; ``is_lab`` is False for owners, licensees and employers."""

    slug: str
    name: str
    country: str
    is_lab: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LabTie:
    """A tie between two of them; ``share`` in per cent for ownership, ``years`` how long ago it began."""

    holder: str
    held: str
    kind: str
    share: str | None = None
    years: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """An invented model.

    ``strength`` is its true log-odds against an average model for an average voter; ``audiences`` adds to it where the
    voter's country (``country=BR``) or the question's language (``language=ja``) is named. ``tokens`` is the mean
    length of its answers and ``markdown`` how fond it is of headers, lists and bold words, from 0 to 1.
    ``redistribution`` is what its endpoint's terms say about passing answers on (None: unknown). It is drawn from
    ``since`` days ago until ``until`` days ago.
    """

    slug: str
    name: str
    lab: str
    licence: str
    strength: float
    tokens: int
    markdown: float
    first_token_ms: int
    redistribution: bool | None
    audiences: Mapping[str, float] = field(default_factory=dict)
    weight: float = 1.0
    since: int = 1_000
    until: int = -1

    @property
    def remote_name(self) -> str:
        """The name under which the recorded provider knows it: with its quality, which follows its strength."""
        return f"{self.slug}/{min(0.9, max(0.2, 0.5 + 0.25 * self.strength)):.2f}"

    def stands(self, *, days_ago: int) -> bool:
        """Whether it was drawn on that day."""
        return self.until < days_ago <= self.since


LABS: Final = (
    Lab(slug="northlight", name="Northlight", country="CA"),
    Lab(slug="banyan-labs", name="Banyan Labs", country="IN"),
    Lab(slug="fjordlicht", name="Fjordlicht", country="NO"),
    Lab(slug="open-quill", name="Open Quill", country="BR"),
    Lab(slug="kiln-research", name="Kiln Research", country="KE"),
    Lab(slug="saltmarsh", name="Saltmarsh", country="NL"),
    Lab(slug="lanternworks", name="Lanternworks", country="JP"),
    Lab(slug="windrose-systems", name="Windrose Systems", country="PT"),
    Lab(slug="harrow-holdings", name="Harrow Holdings", country="LU", is_lab=False),
    Lab(slug="tern-capital", name="Tern Capital", country="SG", is_lab=False),
    Lab(slug="meridian-university", name="Meridian University", country="CL", is_lab=False),
    Lab(slug="corvid-analytics", name="Corvid Analytics", country="IE", is_lab=False),
    Lab(slug="bluebell-hospital", name="Bluebell Hospital", country="NZ", is_lab=False),
)

TIES: Final = (
    LabTie(
        holder="harrow-holdings",
        held="windrose-systems",
        kind="ownership",
        share="60.00",
        years=3,
        source="Annual report of Harrow Holdings, note 14",
    ),
    LabTie(
        holder="harrow-holdings",
        held="corvid-analytics",
        kind="ownership",
        share="100.00",
        years=5,
        source="Company register, entry 88412",
    ),
    LabTie(
        holder="northlight",
        held="harrow-holdings",
        kind="ownership",
        share="12.50",
        years=2,
        source="Statement of holdings, March",
    ),
    LabTie(
        holder="tern-capital", held="saltmarsh", kind="investment", years=1, source="Public notice of a funding round"
    ),
    LabTie(
        holder="tern-capital",
        held="kiln-research",
        kind="investment",
        years=2,
        source="Public notice of a funding round",
    ),
    LabTie(holder="bluebell-hospital", held="lanternworks", kind="customer", years=1, source="Tender 2025-117"),
)

MODELS: Final = (
    ModelSpec(
        slug="aurora-4", name="Aurora 4", lab="northlight", licence="proprietary", strength=0.98, tokens=150,
        markdown=0.75, first_token_ms=520, redistribution=True,
        audiences={"language=en": 0.15, "language=ja": -0.25, "country=CA": 0.2},
    ),
    ModelSpec(
        slug="aurora-4-mini", name="Aurora 4 mini", lab="northlight", licence="proprietary", strength=0.42,
        tokens=115, markdown=0.7, first_token_ms=240, redistribution=True,
    ),
    ModelSpec(
        slug="tamarind-large", name="Tamarind Large", lab="banyan-labs", licence="proprietary", strength=0.93,
        tokens=130, markdown=0.45, first_token_ms=610, redistribution=True,
        audiences={"language=hi": 0.6, "country=IN": 0.35, "language=de": -0.2},
    ),
    ModelSpec(
        slug="tamarind-swift", name="Tamarind Swift", lab="banyan-labs", licence="proprietary", strength=0.25,
        tokens=80, markdown=0.35, first_token_ms=170, redistribution=True, audiences={"language=hi": 0.35}, since=100,
    ),
    ModelSpec(
        slug="juniper", name="Juniper", lab="banyan-labs", licence="Apache 2.0", strength=0.05, tokens=105,
        markdown=0.3, first_token_ms=300, redistribution=True,
    ),
    ModelSpec(
        slug="cobalt-2", name="Cobalt-2", lab="fjordlicht", licence="proprietary", strength=0.72, tokens=140,
        markdown=0.55, first_token_ms=560, redistribution=None, audiences={"language=de": 0.3, "language=pl": 0.25},
    ),
    ModelSpec(
        slug="cobalt-1", name="Cobalt-1", lab="fjordlicht", licence="proprietary", strength=-0.12, tokens=120,
        markdown=0.5, first_token_ms=480, redistribution=None, weight=0.4, until=55,
    ),
    ModelSpec(
        slug="quill-70b", name="Quill 70B", lab="open-quill", licence="MIT", strength=0.48, tokens=110, markdown=0.4,
        first_token_ms=390, redistribution=True,
        audiences={"language=pt": 0.65, "country=BR": 0.25, "language=es": 0.2},
    ),
    ModelSpec(
        slug="quill-8b", name="Quill 8B", lab="open-quill", licence="MIT", strength=-0.55, tokens=85, markdown=0.35,
        first_token_ms=120, redistribution=True, audiences={"language=pt": 0.3},
    ),
    ModelSpec(
        slug="basalt", name="Basalt", lab="kiln-research", licence="Apache 2.0", strength=-0.22, tokens=90,
        markdown=0.2, first_token_ms=280, redistribution=True, audiences={"language=sw": 0.9, "country=KE": 0.3},
    ),
    ModelSpec(
        slug="heron-3", name="Heron 3", lab="saltmarsh", licence="proprietary", strength=0.33, tokens=170,
        markdown=0.9, first_token_ms=450, redistribution=True,
    ),
    ModelSpec(
        slug="heron-3-nano", name="Heron 3 Nano", lab="saltmarsh", licence="proprietary", strength=-0.75, tokens=130,
        markdown=0.85, first_token_ms=90, redistribution=True, since=70,
    ),
    ModelSpec(
        slug="ember", name="Ember", lab="lanternworks", licence="proprietary", strength=0.58, tokens=100,
        markdown=0.3, first_token_ms=420, redistribution=True,
        audiences={"language=ja": 0.75, "language=ko": 0.4, "country=JP": 0.2},
    ),
    ModelSpec(
        slug="sextant", name="Sextant", lab="windrose-systems", licence="proprietary", strength=-1.05, tokens=95,
        markdown=0.25, first_token_ms=350, redistribution=True, weight=0.8,
    ),
)  # fmt: skip


@functools.cache
def tied_by_ownership(slug: str) -> frozenset[str]:
    """Return everybody tied to an organization by ownership, at any distance and in either direction, and itself."""
    tied = {slug}
    while True:
        pairs = [(tie.holder, tie.held) for tie in TIES if tie.kind == "ownership"]
        more = {end for pair in pairs if tied & set(pair) for end in pair} - tied
        if not more:
            return frozenset(tied)
        tied |= more
