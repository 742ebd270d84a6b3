"""Codes that can be declared, and names that people find them by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.contributors.domain import languages, professions
from apps.contributors.domain.application import Checklist, Step, StepState
from apps.contributors.domain.consent_texts import FIRST_VERSION, sha256_of
from apps.contributors.domain.demography import AgeBand, Education, SelfDescription
from apps.contributors.domain.languages import language_choices
from apps.contributors.domain.professions import broader, profession_choices, profession_name, profession_named
from apps.organizations.domain.countries import CODES as COUNTRIES
from apps.organizations.domain.countries import country_choices


def described(**changes: object) -> SelfDescription:
    said: dict[str, object] = {
        "country": "BR",
        "languages": ("pt", "en"),
        "profession": "2310",
        "age_band": AgeBand.FROM_35,
        "education": Education.MASTER,
    }
    return SelfDescription(**(said | changes))  # type: ignore[arg-type]


def test_all_of_the_classification_is_there() -> None:
    units = [code for code in professions.CODES if code.isdigit()]
    assert len(units) == 436
    assert len({code[:2] for code in units}) == 43
    assert len({code[0] for code in units}) == 10
    assert all(profession_name(group) != group for code in units for group in broader(code))


@given(st.sampled_from(sorted(professions.CODES)))
def test_a_profession_is_found_by_code_by_name_and_by_both(code: str) -> None:
    name = profession_name(code)
    for said in (code, f" {code.lower()} ", name, name.upper(), f"{name} ({code})"):
        assert profession_named(said) == code


@pytest.mark.parametrize("said", ["", "Wizard", "9999", "Software developers (9999)", "25", "\x00", "(" * 5000])
def test_what_is_no_profession_is_none(said: str) -> None:
    assert profession_named(said) is None


def test_who_is_not_at_work_can_say_so() -> None:
    assert profession_named("Student") == "X1"
    assert broader("X1") == ("X",)
    assert broader("2512") == ("25", "2")


@pytest.mark.parametrize("language", ["en", "pt-br", "ar", "ja", "nonsense"])
def test_lists_are_named_in_the_reader_s_language(language: str) -> None:
    countries = dict(country_choices(language))
    assert set(countries) == COUNTRIES
    assert all(name and name != code for code, name in countries.items())
    offered = dict(language_choices(language))
    assert set(offered) == languages.CODES
    assert all(name and name != code for code, name in offered.items())


def test_lists_are_in_alphabetical_order_marks_aside() -> None:
    names = [name for _code, name in country_choices("en")]
    assert names.index("Afghanistan") < names.index("Åland Islands") < names.index("Albania")
    assert next(name for _code, name in profession_choices()) == "Accountants"


def test_what_is_known_has_no_unknown_codes() -> None:
    assert described().unknown_codes() == ()


@pytest.mark.parametrize(
    ("changes", "unknown"),
    [
        ({"country": "XX"}, "country"),
        ({"country": "br"}, "country"),
        ({"languages": ()}, "language"),
        ({"languages": ("pt", "pt")}, "language"),
        ({"languages": ("tlh",)}, "language"),
        ({"languages": ("pt", "en", "de", "fr", "es")}, "language"),
        ({"profession": "wizard"}, "profession"),
        ({"age_band": "17"}, "age_band"),
        ({"education": "9"}, "education"),
    ],
)
def test_unknown_codes_are_named(changes: dict[str, object], unknown: str) -> None:
    assert described(**changes).unknown_codes() == (unknown,)


@given(st.sets(st.sampled_from(Step)))
def test_exactly_one_open_step_is_next(done: set[Step]) -> None:
    checklist = Checklist(done=done)
    states = [checklist.state_of(step) for step in Step]
    assert states.count(StepState.NOW) == (0 if checklist.is_complete else 1)
    assert {step for step in Step if checklist.state_of(step) is StepState.DONE} == done


def test_every_kind_of_consent_has_words_and_each_word_counts() -> None:
    assert [words.kind for words in FIRST_VERSION] == ["participation", "publication", "licensing"]
    words = FIRST_VERSION[0]
    assert words.sha256 == sha256_of(title=words.title, text=words.text)
    assert words.sha256 != sha256_of(title=words.title, text=words.text + " ")
    assert len({words.sha256 for words in FIRST_VERSION}) == 3
