"""Codes of purposes: known ones, each once, and something that is allowed."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.licensing.domain.purposes import BY_CODE, PURPOSES, Bearing, PurposeFault, allows, named, read_purposes

ROOT = Path(__file__).parents[3]


def test_five_codes_are_of_the_ontology_and_lead_there() -> None:
    theirs = [purpose for purpose in PURPOSES if purpose.code.startswith("DUO:")]
    assert len(theirs) == 5
    for purpose in theirs:
        assert re.fullmatch(r"DUO:\d{7}", purpose.code)
        assert purpose.address == f"http://purl.obolibrary.org/obo/DUO_{purpose.code[4:]}"
    assert all(not purpose.address for purpose in PURPOSES if purpose not in theirs)


@given(st.lists(st.sampled_from([*BY_CODE, "DUO:0000007", "", "x" * 200]), max_size=12))
def test_what_is_read_is_known_and_allows_something(codes: list[str]) -> None:
    allowing = any(code in BY_CODE and BY_CODE[code].bearing is Bearing.PERMISSION for code in codes)
    if not set(codes) <= set(BY_CODE) or not allowing:
        with pytest.raises(PurposeFault):
            read_purposes(codes)
        return
    found = read_purposes(codes)
    assert set(found) == set(codes)
    assert len(found) == len(set(found))
    assert [purpose.code for purpose in named(found)] == found


def test_a_condition_allows_nothing_by_itself() -> None:
    agreed = ["DUO:0000042", "DUO:0000046"]
    assert allows(agreed, "DUO:0000042")
    assert not allows(agreed, "DUO:0000046")
    assert not allows(agreed, "showdown:training")
    assert not allows(agreed, "anything")


def test_the_database_knows_the_same_codes() -> None:
    """The CHECK of the migration and this list are one list."""
    told = (ROOT / "apps/licensing/migrations/sql/licensees.sql").read_text()
    assert set(re.findall(r'"((?:DUO|showdown):[a-z0-9-]+)"', told)) == set(BY_CODE)
