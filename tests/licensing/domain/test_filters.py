"""Filters say one thing however they are written down."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.licensing.domain.filters import FilterFault, ReleaseFilters

CODES = st.lists(st.from_regex(r"[a-z]{2,3}", fullmatch=True), max_size=5, unique=True).map(lambda v: tuple(sorted(v)))
DAYS = st.one_of(st.none(), st.dates())


@given(languages=CODES, models=CODES, since=DAYS, until=DAYS)
def test_what_is_stored_reads_back(
    languages: tuple[str, ...], models: tuple[str, ...], since: date | None, until: date | None
) -> None:
    if since and until and until < since:
        since, until = until, since
    filters = ReleaseFilters(languages=languages, models=models, since=since, until=until)
    assert ReleaseFilters.from_json(filters.to_json()) == filters


SENT = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(told=st.dictionaries(st.sampled_from(["languages", "countries", "models", "since", "until", "x"]), SENT))
def test_whatever_is_sent_is_read_or_refused_by_name(told: dict[str, object]) -> None:
    with suppress(FilterFault):
        read = ReleaseFilters.from_json(told)
        assert ReleaseFilters.from_json(read.to_json()) == read


def test_a_fault_names_its_part() -> None:
    with pytest.raises(FilterFault) as caught:
        ReleaseFilters(since=date(2026, 9, 2), until=date(2026, 9, 1))
    assert caught.value.field == "until"
