"""What a copy tells, and what it does not: pseudonyms, regions, counts."""

import pytest

from apps.licensing.domain.pseudonyms import Pseudonyms
from apps.licensing.domain.regions import REGIONS, region_of
from apps.licensing.domain.tally import Tally, WallClause
from apps.organizations.domain.countries import CODES


def test_a_name_is_the_same_every_time_and_another_for_every_licensee() -> None:
    one, other = Pseudonyms(bytes(32)), Pseudonyms(b"\x01" * 32)
    assert one.person(7) == Pseudonyms(bytes(32)).person(7)
    assert len(one.person(7)) == 32
    assert len({one.person(7), one.person(8), other.person(7), one.row(7).hex()}) == 4
    with pytest.raises(ValueError, match="32 bytes"):
        Pseudonyms(b"short")


def test_every_country_has_a_region_and_nothing_else_has() -> None:
    assert {region_of(code) for code in CODES} == set(REGIONS)
    assert region_of("") == region_of("??") == region_of("br") == ""


def test_counts_add_up_or_are_refused() -> None:
    tally = Tally(asked=10, taken_out={WallClause.CONSENT: 3, WallClause.UNFIT: 2})
    assert (tally.passing, tally.first_refusing) == (5, WallClause.CONSENT)
    assert tally.to_json() == {"W1": 0, "W2": 3, "W3": 2}
    assert tally.to_facts() == {"live": 0, "consent": 3, "unfit": 2}
    assert Tally.from_json(tally.to_json(), asked=10).to_json() == tally.to_json()
    assert Tally(asked=1).first_refusing is None
    for asked, out in ((1, 2), (-1, 0), (1, -1)):
        with pytest.raises(ValueError, match="do not add up"):
            Tally(asked=asked, taken_out={WallClause.LIVE: out})
