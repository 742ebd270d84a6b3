"""Ten people of one network take their words away within three days, and a moderator looks why."""

from typing import Any

import psycopg
import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.contributors.models import Contributor, Network, OwnExport
from apps.contributors.services import take_own_words
from apps.moderation.models import Case, CaseState
from apps.moderation.services import (
    LeaseEnded,
    NotAboutExports,
    NothingLeftToDecide,
    ReasonMissing,
    look_into_exports,
    take_case,
    take_next,
)
from tests.battles.arena import amend
from tests.conftest import NOON, make_contributor, make_person
from tests.moderation.desk import case_of, prompt_of, swept
from tests.moderation.visits import text_of, visit
from tests.trails import facts_about, trail_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd() -> list[User]:
    """Four people of one network; the rulebook of this test looks at three."""
    amend("G2", people=3)
    people = [make_person(name) for name in ("joan", "hedy", "edith", "frances")]
    for user in people:
        make_contributor(user)
    return people


def take(*users: User) -> None:
    for user in users:
        take_own_words(actor=user.as_actor(), now=NOON)


def open_case() -> Case | None:
    swept()
    return Case.objects.open().filter(kind="exports").first()


def test_three_people_open_one_case_and_one_person_thrice_does_not(crowd: list[User]) -> None:
    take(crowd[0], crowd[0], crowd[0], crowd[1])
    assert open_case() is None
    take(crowd[2])
    case = open_case()
    assert case is not None
    assert case.network == Network.objects.get(name="Everyone")
    assert trail_of(case) == ["moderation.case_opened"]
    assert facts_about(case)["on"] == case.network.ref
    swept()
    assert Case.objects.filter(kind="exports").count() == 1


def test_in_a_large_network_it_takes_more(crowd: list[User]) -> None:
    network = Network.objects.get(name="Everyone")
    Contributor.objects.bulk_create(
        Contributor(network=network, standing="active", joined_at=NOON, activated_at=NOON) for _number in range(60)
    )
    take(*crowd[:3])
    assert open_case() is None, "one in twenty of sixty-four are more than three"
    take(crowd[3])
    assert open_case() is not None


@pytest.mark.committed
def test_what_is_older_than_the_days_of_the_clause_does_not_count(
    crowd: list[User], owner_connection: psycopg.Connection[Any]
) -> None:
    take(*crowd[:2])
    owner_connection.execute("UPDATE contributors_ownexport SET at = at - interval '73 hours'")
    take(crowd[2])
    assert open_case() is None
    assert OwnExport.objects.count() == 3


def test_grace_looks_into_it_and_the_same_exports_open_nothing_again(crowd: list[User], grace: User) -> None:
    take(*crowd[:3])
    case = open_case()
    assert case is not None
    now = timezone.now()
    taken = take_next(actor=grace.as_actor(), now=now)
    assert taken == case
    told = {"outcome": "explained", "note": "A class on data took place; their teacher says so."}
    closed = look_into_exports(actor=grace.as_actor(), case_id=case.pk, now=now, **told)
    assert (closed.state, closed.outcome) == (CaseState.DECIDED, "explained")
    assert trail_of(case)[-1] == "moderation.exports_looked_into"
    facts = facts_about(case)
    assert facts["outcome"] == "explained"
    assert "teacher" not in str(facts)
    assert open_case() is None
    with pytest.raises(NothingLeftToDecide):
        look_into_exports(actor=grace.as_actor(), case_id=case.pk, now=now, **told)


def test_a_look_needs_a_lease_and_a_note(crowd: list[User], grace: User) -> None:
    take(*crowd[:3])
    case = open_case()
    assert case is not None
    told: dict[str, Any] = {"actor": grace.as_actor(), "case_id": case.pk, "outcome": "explained", "now": NOON}
    with pytest.raises(LeaseEnded):
        look_into_exports(**told, note="They moved.")
    take_case(actor=grace.as_actor(), case_id=case.pk, now=NOON)
    with pytest.raises(ReasonMissing):
        look_into_exports(**told, note="  ")


def test_a_prompts_case_is_not_closed_like_this(ada: User, grace: User) -> None:
    case = case_of(prompt_of(ada))
    take_case(actor=grace.as_actor(), case_id=case.pk, now=NOON)
    with pytest.raises(NotAboutExports):
        look_into_exports(
            actor=grace.as_actor(), case_id=case.pk, outcome="explained", note="It is a prompt.", now=NOON
        )


def test_the_page_counts_people_and_names_nobody(crowd: list[User], grace: User) -> None:
    take(*crowd[:3])
    case = open_case()
    assert case is not None
    graces = visit(grace)
    queue = graces.get("/moderation/")
    assert "Many people of one network took their words away" in text_of(queue)
    assert graces.post("/moderation/next/").headers["Location"] == f"/moderation/cases/{case.pk}/"
    page = graces.get(f"/moderation/cases/{case.pk}/")
    assert "3 people of one network took their words away. Why?" in text_of(page)
    assert "3 of 4 active people" in text_of(page)
    assert not any(user.pseudonym in page.content.decode() for user in crowd)
    empty = graces.post(f"/moderation/cases/{case.pk}/look-into/", {"outcome": "handed_on", "note": ""})
    assert empty.status_code == 422
    done = graces.post(f"/moderation/cases/{case.pk}/look-into/", {"outcome": "handed_on", "note": "Radia asks them."})
    assert done.status_code == 302
    closed = graces.get(f"/moderation/cases/{case.pk}/")
    assert "Radia asks them." in text_of(closed)


def test_a_moderator_who_took_their_own_words_is_not_lent_the_case(crowd: list[User], grace: User, alan: User) -> None:
    make_contributor(grace)
    take(*crowd[:3], grace)
    assert open_case() is not None
    assert take_next(actor=grace.as_actor(), now=NOON) is None
    assert take_next(actor=alan.as_actor(), now=NOON) is not None
