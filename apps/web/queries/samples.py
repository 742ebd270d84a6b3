"""Samples: which there are, and what one of them drew."""

from dataclasses import dataclass
from typing import Final

from django.db.models import Count

from apps.audit.queries import EntryRow, auditor_database, entries_at
from apps.battles.events import BattleEvent
from apps.policy.domain.rulebook import ClauseText
from apps.policy.queries import clause
from apps.web.domain.clauses import SAMPLES
from apps.web.models import Sample

NEWEST: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnRow:
    """One drawn entry; ``place`` 1 has the lowest ticket."""

    place: int
    entry: EntryRow


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePage:
    """A sample with its entries; ``opens`` is whether what they commit to can be opened."""

    sample: Sample
    rows: list[DrawnRow]
    opens: bool


def newest_samples(limit: int = NEWEST) -> list[Sample]:
    """Return the newest samples of all auditors, with the number of their entries as ``number``."""
    return list(Sample.objects.annotate(number=Count("entries")).order_by("-pk")[:limit])


def sample_clause() -> ClauseText:
    """Return the clause under which samples are drawn."""
    return clause(SAMPLES)


def sample_page(sample_id: int) -> SamplePage | None:
    """Return a sample with its entries, read as the auditor; whoever shows it has written a look before."""
    sample = Sample.objects.filter(pk=sample_id).first()
    if sample is None:
        return None
    leaves = list(sample.entries.values_list("leaf_index", flat=True))
    return SamplePage(
        sample=sample,
        rows=[
            DrawnRow(place=place, entry=entry)
            for place, entry in enumerate(entries_at(leaves, using=auditor_database()), start=1)
        ],
        opens=sample.event == BattleEvent.VOTE_CAST,
    )
