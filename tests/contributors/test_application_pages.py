"""The application on the web, without script: a task list, its steps, and what is said when something is wrong."""

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.contributors.models import ConsentKind, ConsentText, Contributor, DemographicClaim, Standing
from apps.contributors.queries import current_texts, profile_of
from apps.contributors.services import begin_application
from tests.conftest import NOON
from tests.contributors.applicants import fill_in
from tests.organizations.test_register import registered
from tests.trails import refusals

APPLICATION = reverse("contributors:application")
ABOUT = reverse("contributors:about")
EMPLOYER = reverse("contributors:employer")
CONSENTS = reverse("contributors:consents")
TEACHER = {
    "country": "BR",
    "language_1": "pt",
    "language_2": "en",
    "profession": "Secondary education teachers",
    "age_band": "35-44",
    "education": "7",
}


@pytest.fixture
def joan(person: Callable[..., User]) -> User:
    """Joan has an account and a confirmed address, and nothing else."""
    return person("joan")


@pytest.fixture
def window(joan: User) -> Client:
    """Joan's browser, signed in."""
    client = Client()
    client.force_login(joan)
    return client


def page(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def agree(client: Client, kind: ConsentKind) -> None:
    client.post(reverse("contributors:give"), {"text": current_texts(language="en")[kind].pk, "from": "consents"})


def test_a_visitor_is_told_what_it_is_about(db: None) -> None:
    answer = Client().get(APPLICATION)
    assert answer.status_code == 200
    assert reverse("account_signup") in answer.content.decode()
    assert Client().get(ABOUT).status_code == 302


def test_joan_goes_the_whole_way(window: Client, joan: User) -> None:
    window.post(reverse("contributors:begin"))
    assert "3 steps left" in page(window, APPLICATION)
    assert window.post(ABOUT, TEACHER, follow=True).redirect_chain[-1][0] == APPLICATION
    window.post(EMPLOYER, {"name": "", "nobody": "on"})
    assert "One step left" in page(window, APPLICATION)
    agree(window, ConsentKind.PARTICIPATION)
    assert "Send the application" in page(window, APPLICATION)
    window.post(reverse("contributors:send"))
    assert "You take part" in page(window, APPLICATION)
    contributor = Contributor.objects.get(account=joan)
    assert contributor.standing == Standing.ACTIVE
    assert profile_of(contributor).profession == "2330"


def test_every_step_is_saved_alone_and_shown_again(window: Client) -> None:
    window.post(reverse("contributors:begin"))
    window.post(ABOUT, TEACHER)
    shown = page(window, ABOUT)
    assert "Secondary education teachers (2330)" in shown
    assert '<option value="BR" selected>' in shown
    window.post(EMPLOYER, {"name": "The Village School"})
    assert 'value="The Village School"' in page(window, EMPLOYER)


def test_double_submits_change_nothing(window: Client) -> None:
    for _click in range(2):
        window.post(reverse("contributors:begin"))
        window.post(ABOUT, TEACHER)
        window.post(EMPLOYER, {"name": "", "nobody": "on"})
        agree(window, ConsentKind.PARTICIPATION)
        window.post(reverse("contributors:send"))
    assert Contributor.objects.count() == 1
    assert DemographicClaim.objects.count() == 6


def test_mistakes_are_summed_up_above_the_form_and_nothing_typed_is_lost(window: Client) -> None:
    window.post(reverse("contributors:begin"))
    answer = window.post(ABOUT, TEACHER | {"profession": "Wizard <b>", "education": "", "language_2": "pt"})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "data-error-summary" in shown
    assert 'href="#id_profession"' in shown
    assert "Wizard &lt;b&gt;" in shown
    assert not DemographicClaim.objects.exists()


@pytest.mark.parametrize(
    "nonsense",
    [{"country": "XX"}, {"language_1": "\x00"}, {"profession": "\x00"}, {"age_band": "17"}, {"education": "99"}],
)
def test_unknown_codes_are_sent_back(window: Client, nonsense: dict[str, str]) -> None:
    window.post(reverse("contributors:begin"))
    assert window.post(ABOUT, TEACHER | nonsense).status_code == 422
    assert not DemographicClaim.objects.exists()


def test_a_minor_is_refused_in_the_page_and_in_the_log(window: Client) -> None:
    window.post(reverse("contributors:begin"))
    answer = window.post(ABOUT, TEACHER | {"age_band": "under-18"})
    assert answer.status_code == 422
    assert "we have kept nothing" in answer.content.decode()
    assert not DemographicClaim.objects.exists()
    assert refusals() == ["too-young"]


@pytest.mark.parametrize("said", [{}, {"name": "  "}, {"name": "Alder Labs", "nobody": "on"}, {"name": "x" * 121}])
def test_an_employer_is_named_or_there_is_none(window: Client, said: dict[str, str]) -> None:
    window.post(reverse("contributors:begin"))
    assert window.post(EMPLOYER, said).status_code == 422


def test_registered_organizations_are_offered(window: Client) -> None:
    registered("Alder Labs")
    window.post(reverse("contributors:begin"))
    assert '<option value="Alder Labs">' in page(window, EMPLOYER)


def test_an_unfinished_application_cannot_be_sent(window: Client) -> None:
    window.post(reverse("contributors:begin"))
    shown = window.post(reverse("contributors:send"), follow=True).content.decode()
    assert "Some steps of your application are still open." in shown
    assert refusals() == ["application-incomplete"]


def test_an_unconfirmed_address_is_named(window: Client, joan: User) -> None:
    fill_in(joan)
    EmailAddress.objects.filter(user=joan).update(verified=False)
    shown = window.post(reverse("contributors:send"), follow=True).content.decode()
    assert "Confirm your mail address first" in shown
    assert refusals() == ["address-not-confirmed"]


def test_each_consent_is_asked_for_apart_with_its_words_and_hash(window: Client) -> None:
    window.post(reverse("contributors:begin"))
    shown = page(window, CONSENTS)
    for text in ConsentText.objects.all():
        assert text.title in shown
        assert text.sha256 in shown
    assert shown.count("I agree</button>") == 3


def test_nobody_agrees_to_words_that_are_gone(window: Client) -> None:
    window.post(reverse("contributors:begin"))
    for text in ("", "x", "-1", str(2**40), "9" * 400):
        shown = window.post(reverse("contributors:give"), {"text": text}, follow=True).content.decode()
        assert "These words have changed" in shown


def test_ada_takes_a_consent_back_after_reading_what_that_does(ada: User) -> None:
    client = Client()
    client.force_login(ada)
    address = reverse("contributors:withdraw", args=["licensing"])
    assert "No release that is handed over from now on" in page(client, address)
    shown = client.post(address, follow=True).content.decode()
    assert "You took it back" in shown
    assert "Taken back" in shown
    again = client.post(address, follow=True).content.decode()
    assert "nothing to take back" in again
    assert refusals() == ["consent-not-given"]


def test_there_are_three_kinds_of_consent(ada: User) -> None:
    client = Client()
    client.force_login(ada)
    assert client.get(reverse("contributors:withdraw", args=["everything"])).status_code == 404


def test_one_s_own_data_are_shown_to_nobody_else(ada: User, mallory: User) -> None:
    client = Client()
    client.force_login(ada)
    shown = page(client, reverse("contributors:data"))
    assert ada.pseudonym in shown
    assert "Brazil" in shown
    assert "University and higher education teachers" in shown
    assert mallory.pseudonym not in shown
    assert "Germany" not in shown


def test_another_s_application_cannot_be_reached(window: Client, ada: User) -> None:
    """Every page works on the account that is signed in; there is no address with an id in it."""
    window.post(reverse("contributors:begin"))
    window.post(EMPLOYER + f"?contributor={Contributor.objects.get(account=ada).pk}", {"name": "Mine", "id": "1"})
    assert not Contributor.objects.get(account=ada).affiliations.exists()


@pytest.mark.parametrize("name", ["about", "employer", "consents", "data"])
def test_without_an_application_the_steps_lead_to_its_beginning(window: Client, name: str) -> None:
    assert window.get(reverse(f"contributors:{name}"))["Location"] == APPLICATION


def test_pages_take_a_known_number_of_queries(
    window: Client, joan: User, django_assert_max_num_queries: object
) -> None:
    begin_application(actor=joan.as_actor(), now=NOON)
    for address in (APPLICATION, ABOUT, EMPLOYER, CONSENTS, reverse("contributors:data")):
        with django_assert_max_num_queries(16):  # type: ignore[operator]
            window.get(address)
