"""Whatever is published, and in whatever order: nobody stands among fewer than k, and nobody is told of twice."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.licensing.domain import anonymity
from apps.licensing.domain.anonymity import ATTRIBUTES, Told, fit_people, small_cells
from apps.licensing.domain.hierarchies import Attribute

ORDER = (Attribute.COUNTRY, Attribute.PROFESSION, Attribute.EDUCATION, Attribute.AGE_BAND, Attribute.LANGUAGE)
COUNTRIES, TONGUES = ["BR", "PT", "AR", "JP", ""], ["pt", "es", "ja"]
JOBS, AGES, LEVELS = ["2310", "2511", "2512", "5120", "X1"], ["18-24", "25-34", "65+"], ["2", "6", "7"]

PEOPLE = st.tuples(
    st.sampled_from(COUNTRIES), st.sampled_from(TONGUES), st.sampled_from(JOBS), st.sampled_from(AGES),
    st.sampled_from(LEVELS),
)  # fmt: skip


@dataclass
class Shelf:
    """Everything that was ever published, as somebody with all copies would read it."""

    k: int
    told: dict[int, Told] = field(default_factory=dict)
    copies: list[frozenset[int]] = field(default_factory=list)

    def publish(self, voters: Mapping[int, Told]) -> None:
        """Make a release of some people's votes and put its copies on the shelf."""
        there = frozenset().union(*self.copies)
        fitted = fit_people(
            declared={person: facts for person, facts in voters.items() if person not in self.told},
            returning={person: self.told[person] for person in voters if person in self.told},
            elsewhere=Counter(self.told[person] for person in there - voters.keys()),
            k=self.k,
            order=ORDER,
        )
        assert not fitted.fixed.keys() & self.told.keys()
        self.told |= fitted.fixed
        self.copies.append(frozenset(voters.keys() - fitted.left_out))

    def rows(self) -> list[tuple[int, Told]]:
        """Return who can be read in any copy, and as what."""
        return [(person, self.told[person]) for copy in self.copies for person in copy]


def check(shelf: Shelf) -> None:
    read = shelf.rows()
    cells = Counter(told for _person, told in set(read))
    assert all(count >= shelf.k for count in cells.values())


CROWDS = st.lists(st.dictionaries(st.integers(1, 60), PEOPLE, max_size=40), min_size=1, max_size=4)


@settings(max_examples=80, deadline=None)
@given(crowds=CROWDS, k=st.integers(2, 6))
def test_every_published_combination_has_k_people_after_any_releases(crowds: list[dict[int, Told]], k: int) -> None:
    shelf = Shelf(k=k)
    for crowd in crowds:
        before = dict(shelf.told)
        shelf.publish(crowd)
        check(shelf)
        # What was told of somebody once is told for good.
        assert {person: shelf.told[person] for person in before} == before


def test_without_leaving_people_out_the_promise_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = dict.fromkeys(range(12), ("BR", "pt", "2310", "25-34", "7"))
    crowd[99] = ("JP", "ja", "X1", "65+", "2")
    kept = Shelf(k=5)
    kept.publish(crowd)
    check(kept)
    assert kept.copies == [frozenset(range(12))]
    monkeypatch.setattr(anonymity._Table, "is_full", lambda _self, asked, _new, k: np.ones(len(asked), dtype=np.bool_))
    broken = Shelf(k=5)
    broken.publish(crowd)
    with pytest.raises(AssertionError):
        check(broken)


def test_facts_are_told_no_more_coarsely_than_they_must_be() -> None:
    alike = dict.fromkeys(range(10), ("BR", "pt", "2310", "25-34", "7"))
    fitted = fit_people(declared=alike, returning={}, elsewhere={}, k=10, order=ORDER)
    assert set(fitted.levels.values()) == {0}
    assert set(fitted.fixed.values()) == {("BR", "pt", "2310", "25-34", "7")}
    # Half of them come from the country beside it: the region is enough.
    mixed = alike | dict.fromkeys(range(5), ("AR", "pt", "2310", "25-34", "7"))
    fitted = fit_people(declared=mixed, returning={}, elsewhere={}, k=10, order=ORDER)
    assert fitted.levels == {**dict.fromkeys(Attribute, 0), Attribute.COUNTRY: 1}
    assert set(fitted.fixed.values()) == {("americas", "pt", "2310", "25-34", "7")}
    assert not fitted.left_out


def test_a_few_are_left_out_before_all_are_told_more_coarsely() -> None:
    crowd = dict.fromkeys(range(95), ("BR", "pt", "2310", "25-34", "7"))
    crowd |= dict.fromkeys(range(95, 100), ("JP", "ja", "5120", "65+", "2"))
    fitted = fit_people(declared=crowd, returning={}, elsewhere={}, k=10, order=ORDER)
    assert fitted.left_out == frozenset(range(95, 100))
    assert set(fitted.levels.values()) == {0}
    # When half of them are few, it is worth more to tell less of everybody.
    crowd = dict.fromkeys(range(9), ("BR", "pt", "2310", "25-34", "7"))
    crowd |= dict.fromkeys(range(20, 29), ("BR", "pt", "2320", "25-34", "7"))
    fitted = fit_people(declared=crowd, returning={}, elsewhere={}, k=10, order=ORDER)
    assert not fitted.left_out
    assert fitted.levels == {**dict.fromkeys(Attribute, 0), Attribute.COUNTRY: 1, Attribute.PROFESSION: 1}


def test_who_was_left_out_can_be_told_of_later() -> None:
    shelf = Shelf(k=3)
    shelf.publish(dict.fromkeys(range(40), ("BR", "pt", "2310", "25-34", "7")) | {90: ("JP",) * 5})
    assert 90 not in shelf.told
    shelf.publish(dict.fromkeys(range(90, 93), ("JP",) * 5))
    assert shelf.told[90] == ("JP",) * 5
    check(shelf)


def test_of_fewer_than_k_people_nobody_is_told() -> None:
    fitted = fit_people(
        declared=dict.fromkeys(range(9), ("BR", "pt", "2310", "25-34", "7")),
        returning={},
        elsewhere={},
        k=10,
        order=ORDER,
    )
    assert not fitted.fixed
    assert len(fitted.left_out) == 9


def test_others_copies_fill_a_combination_up() -> None:
    cell = ("BR", "pt", "2310", "25-34", "7")
    one = fit_people(declared={1: cell}, returning={}, elsewhere={cell: 9}, k=10, order=ORDER)
    assert one.fixed == {1: cell}
    back = fit_people(declared={}, returning={1: cell}, elsewhere={cell: 8}, k=10, order=ORDER)
    assert back.left_out == {1}
    assert small_cells({1: cell, 2: cell, 3: ("JP",) * 5}, k=2) == {3}


def test_fifty_thousand_people_take_seconds() -> None:
    chance = np.random.default_rng(7)
    drawn = [chance.choice(values, 50_000).tolist() for values in (COUNTRIES, TONGUES, JOBS, AGES, LEVELS)]
    crowd = dict(enumerate(zip(*drawn, strict=True)))
    began = time.process_time()
    fitted = fit_people(declared=crowd, returning={}, elsewhere={}, k=10, order=ORDER)
    assert time.process_time() - began < 10
    assert len(fitted.fixed) + len(fitted.left_out) == 50_000
    assert len(ATTRIBUTES) == 5
