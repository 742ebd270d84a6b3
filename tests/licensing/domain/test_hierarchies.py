"""Facts about people told more and more coarsely, along tables that are published."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.contributors.domain import languages, professions
from apps.contributors.domain.demography import AgeBand, Education
from apps.licensing.domain.families import FAMILIES, family_of
from apps.licensing.domain.hierarchies import ALL, LEVEL_NAMES, Attribute, generalised, height, path
from apps.organizations.domain import countries

DECLARED = {
    Attribute.COUNTRY: sorted(countries.CODES),
    Attribute.LANGUAGE: sorted(languages.CODES),
    Attribute.PROFESSION: sorted(professions.CODES),
    Attribute.AGE_BAND: [band.value for band in AgeBand],
    Attribute.EDUCATION: [level.value for level in Education],
}


@settings(deadline=None)
@given(data=st.data(), attribute=st.sampled_from(Attribute))
def test_who_agree_on_a_level_agree_on_all_above_it(data: st.DataObject, attribute: Attribute) -> None:
    values = st.sampled_from([*DECLARED[attribute], "", "??"])
    one, other = data.draw(values), data.draw(values)
    agree = [
        generalised(attribute, one, level) == generalised(attribute, other, level)
        for level in range(height(attribute) + 1)
    ]
    assert agree == sorted(agree)
    assert agree[-1]


@pytest.mark.parametrize("attribute", Attribute)
def test_everything_that_can_be_declared_is_in_the_tables(attribute: Attribute) -> None:
    assert len(LEVEL_NAMES[attribute]) == height(attribute) + 1
    for value in DECLARED[attribute]:
        told = [generalised(attribute, value, level) for level in range(height(attribute) + 1)]
        assert told[0] == value
        assert told[-1] == ALL
        assert ALL not in told[:-1]
    sizes = [
        len({generalised(attribute, value, level) for value in DECLARED[attribute]})
        for level in range(height(attribute) + 1)
    ]
    assert all(finer > coarser for finer, coarser in pairwise(sizes))


def test_what_nobody_knows_is_told_as_everything() -> None:
    assert generalised(Attribute.LANGUAGE, "tlh", 1) == generalised(Attribute.COUNTRY, "??", 1) == ALL
    assert generalised(Attribute.LANGUAGE, "pt-BR", 1) == family_of("pt") == "indo-european"
    assert set(map(family_of, languages.CODES)) == set(FAMILIES)
    # Not declared is something of its own until nothing is told any more.
    assert [generalised(Attribute.PROFESSION, "", level) for level in range(4)] == ["", "", "", ALL]
    with pytest.raises(ValueError, match="no level"):
        generalised(Attribute.EDUCATION, "7", 3)


def test_the_path_raises_one_attribute_after_the_other() -> None:
    order = (Attribute.COUNTRY, Attribute.PROFESSION, Attribute.EDUCATION, Attribute.AGE_BAND, Attribute.LANGUAGE)
    steps = path(order)
    assert set(steps[0].values()) == {0}
    assert steps[-1] == {each: height(each) for each in Attribute}
    for before, after in pairwise(steps):
        assert sum(after.values()) == sum(before.values()) + 1
    assert [next(each for each in order if after[each] > before[each]) for before, after in pairwise(steps)][:6] == [
        *order,
        Attribute.COUNTRY,
    ]
    with pytest.raises(ValueError, match="five attributes"):
        path((Attribute.COUNTRY, *order[:4]))
