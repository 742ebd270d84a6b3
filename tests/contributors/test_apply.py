"""An application: its steps, what is kept, who is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.contributors.domain.application import Step
from apps.contributors.domain.demography import AgeBand
from apps.contributors.events import ContributorEvent
from apps.contributors.models import Attribute, ConsentKind, Contributor, DemographicClaim, ProofLevel, Standing
from apps.contributors.queries import (
    NotAContributor,
    checklist_of,
    contributor_of,
    employer_of,
    has_consent,
    membership_of,
    profile_of,
)
from apps.contributors.services import (
    AddressNotConfirmed,
    ApplicationIncomplete,
    NoApplication,
    NotApplying,
    ParticipationNotConsented,
    TooYoung,
    UnknownCodes,
    begin_application,
    declare_employer,
    describe_yourself,
    send_application,
)
from tests.conftest import NOON
from tests.contributors.applicants import TEACHER, agree, fill_in
from tests.organizations.test_register import registered
from tests.trails import facts_about, trail_of

LATER = NOON + timedelta(days=3)


@pytest.fixture
def joan(person: Callable[..., User]) -> User:
    """Joan has an account and a confirmed address, and nothing else."""
    return person("joan")


def test_joan_applies_and_takes_part(joan: User) -> None:
    fill_in(joan)
    contributor = send_application(actor=joan.as_actor(), now=LATER)
    assert contributor.standing == Standing.ACTIVE
    assert contributor.activated_at == LATER
    assert contributor_of(joan.as_actor()) == contributor
    assert joan.roles_held() == {Role.CONTRIBUTOR}
    assert trail_of(contributor) == [
        ContributorEvent.APPLICATION_BEGUN,
        ContributorEvent.CLAIMS_DECLARED,
        ContributorEvent.EMPLOYER_DECLARED,
        ContributorEvent.ACTIVATED,
    ]


def test_the_log_names_what_was_declared_but_not_the_answers(joan: User) -> None:
    begin_application(actor=joan.as_actor(), now=NOON)
    contributor = describe_yourself(actor=joan.as_actor(), description=TEACHER, now=NOON)
    facts = facts_about(contributor)
    assert facts == {
        "attributes": ["country", "language", "profession", "age_band", "education"],
        "proof_level": ProofLevel.SELF_DECLARED,
    }


def test_a_second_click_finds_the_first_application(joan: User) -> None:
    first = begin_application(actor=joan.as_actor(), now=NOON)
    assert begin_application(actor=joan.as_actor(), now=LATER) == first
    assert trail_of(first) == [ContributorEvent.APPLICATION_BEGUN]


def test_a_visitor_signs_in_before_applying(db: None) -> None:
    with pytest.raises(NotPermitted):
        begin_application(actor=Actor.visitor(request_id="visit-12345"), now=NOON)


def test_saying_the_same_twice_is_one_entry_and_one_set_of_claims(joan: User) -> None:
    begin_application(actor=joan.as_actor(), now=NOON)
    for _click in range(2):
        contributor = describe_yourself(actor=joan.as_actor(), description=TEACHER, now=NOON)
    assert trail_of(contributor).count(ContributorEvent.CLAIMS_DECLARED) == 1
    assert contributor.claims.count() == 6


def test_a_changed_mind_ends_the_old_claim_and_keeps_it(joan: User) -> None:
    begin_application(actor=joan.as_actor(), now=NOON)
    describe_yourself(actor=joan.as_actor(), description=TEACHER, now=NOON)
    moved = describe_yourself(actor=joan.as_actor(), description=replace(TEACHER, country="PT"), now=LATER)
    countries = DemographicClaim.objects.filter(contributor=moved, attribute=Attribute.COUNTRY).order_by("pk")
    assert [(claim.value, claim.ended_at) for claim in countries] == [("BR", LATER), ("PT", None)]
    assert facts_about(moved)["attributes"] == ["country"]


def test_the_first_language_is_the_one_written_best(joan: User) -> None:
    begin_application(actor=joan.as_actor(), now=NOON)
    contributor = describe_yourself(actor=joan.as_actor(), description=TEACHER, now=NOON)
    examined = contributor.claims.get(attribute=Attribute.LANGUAGE, value="en")
    examined.proof_level = ProofLevel.EXAMINATION
    examined.save(update_fields=["proof_level"])
    describe_yourself(actor=joan.as_actor(), description=replace(TEACHER, languages=("en", "pt")), now=LATER)
    assert profile_of(contributor).languages == ("en", "pt")
    kept = contributor.claims.get(attribute=Attribute.LANGUAGE, value="en", ended_at=None)
    assert kept.proof_level == ProofLevel.EXAMINATION


def test_a_minor_is_thanked_and_nothing_is_kept(joan: User) -> None:
    contributor = begin_application(actor=joan.as_actor(), now=NOON)
    with pytest.raises(TooYoung) as refused:
        describe_yourself(actor=joan.as_actor(), description=replace(TEACHER, age_band=AgeBand.MINOR), now=NOON)
    assert refused.value.clause == "A1"
    assert not contributor.claims.exists()


def test_unknown_codes_are_refused_by_name(joan: User) -> None:
    begin_application(actor=joan.as_actor(), now=NOON)
    with pytest.raises(UnknownCodes) as refused:
        describe_yourself(
            actor=joan.as_actor(),
            description=replace(TEACHER, country="<script>", profession="\x00"),
            now=NOON,
        )
    assert refused.value.attributes == ("country", "profession")


def test_no_step_before_the_application_is_begun(joan: User) -> None:
    with pytest.raises(NoApplication):
        describe_yourself(actor=joan.as_actor(), description=TEACHER, now=NOON)
    with pytest.raises(NoApplication):
        declare_employer(actor=joan.as_actor(), name="Alder Labs", now=NOON)
    with pytest.raises(NoApplication):
        agree(joan, ConsentKind.PARTICIPATION)
    with pytest.raises(NoApplication):
        send_application(actor=joan.as_actor(), now=NOON)


def test_an_employer_in_the_register_is_recognised(joan: User) -> None:
    lab = registered("Alder Labs", is_lab=True)
    contributor = begin_application(actor=joan.as_actor(), now=NOON)
    declared = declare_employer(actor=joan.as_actor(), name="alder  labs", now=NOON)
    assert (declared.organization, declared.employer_name) == (lab, "")
    assert profile_of(contributor).employer_ids == {lab.pk}


def test_another_employer_is_kept_as_said_and_nobody_is_an_answer(joan: User) -> None:
    contributor = begin_application(actor=joan.as_actor(), now=NOON)
    assert employer_of(contributor) is None
    said = declare_employer(actor=joan.as_actor(), name="  The\x00 Village\n School \ud800", now=NOON)
    assert said.employer_name == "The Village School"
    assert declare_employer(actor=joan.as_actor(), name="The Village School", now=NOON) == said
    nobody = declare_employer(actor=joan.as_actor(), name="", now=LATER)
    assert employer_of(contributor) == nobody
    assert str(nobody.employer_name) == ""
    said.refresh_from_db()
    assert said.ended_at == LATER
    assert trail_of(contributor).count(ContributorEvent.EMPLOYER_DECLARED) == 2


def test_an_employer_s_name_of_a_million_characters_is_cut(joan: User) -> None:
    begin_application(actor=joan.as_actor(), now=NOON)
    assert len(declare_employer(actor=joan.as_actor(), name="x" * 1_000_000, now=NOON).employer_name) == 120


def test_an_incomplete_application_says_what_is_missing(joan: User) -> None:
    begin_application(actor=joan.as_actor(), now=NOON)
    with pytest.raises(ApplicationIncomplete) as refused:
        send_application(actor=joan.as_actor(), now=NOON)
    assert refused.value.missing == (Step.DESCRIPTION, Step.EMPLOYER, Step.CONSENTS)


def test_nobody_takes_part_without_having_agreed_to_it(joan: User) -> None:
    actor = joan.as_actor()
    begin_application(actor=actor, now=NOON)
    describe_yourself(actor=actor, description=TEACHER, now=NOON)
    declare_employer(actor=actor, name="", now=NOON)
    agree(joan, ConsentKind.LICENSING)
    with pytest.raises(ParticipationNotConsented):
        send_application(actor=actor, now=NOON)
    assert joan.roles_held() == frozenset()


def test_the_other_consents_are_free_to_refuse(joan: User) -> None:
    fill_in(joan)
    contributor = send_application(actor=joan.as_actor(), now=NOON)
    assert not has_consent(contributor, ConsentKind.PUBLICATION)
    assert not has_consent(contributor, ConsentKind.LICENSING)


def test_an_address_is_confirmed_first(joan: User) -> None:
    EmailAddress.objects.filter(user=joan).update(verified=False)
    fill_in(joan)
    with pytest.raises(AddressNotConfirmed):
        send_application(actor=joan.as_actor(), now=NOON)
    contributor = membership_of(joan.as_actor())
    assert contributor is not None
    assert checklist_of(contributor).missing == (Step.ADDRESS,)


def test_sending_twice_changes_nothing(joan: User) -> None:
    fill_in(joan)
    first = send_application(actor=joan.as_actor(), now=NOON)
    again = send_application(actor=joan.as_actor(), now=LATER)
    assert again.activated_at == first.activated_at
    assert trail_of(again).count(ContributorEvent.ACTIVATED) == 1


def test_a_suspended_person_does_not_come_back_by_applying(joan: User) -> None:
    fill_in(joan)
    Contributor.objects.filter(account=joan).update(standing=Standing.SUSPENDED)
    with pytest.raises(NotApplying):
        send_application(actor=joan.as_actor(), now=NOON)


@pytest.mark.parametrize("standing", [Standing.APPLYING, Standing.SUSPENDED, Standing.LEFT])
def test_only_an_active_contributor_takes_part(ada: User, standing: Standing) -> None:
    Contributor.objects.filter(account=ada).update(standing=standing)
    with pytest.raises(NotAContributor):
        contributor_of(ada.as_actor())


def test_a_moderator_is_not_a_contributor(grace: User) -> None:
    with pytest.raises(NotAContributor):
        contributor_of(grace.as_actor())


def test_a_profile_takes_two_queries(ada: User, django_assert_num_queries: Callable[..., object]) -> None:
    contributor = contributor_of(ada.as_actor())
    with django_assert_num_queries(2):  # type: ignore[attr-defined]
        profile = profile_of(contributor)
    assert (profile.country, profile.profession, profile.age_band) == ("BR", "2310", "35-44")
    assert profile.proof_level == ProofLevel.SELF_DECLARED
