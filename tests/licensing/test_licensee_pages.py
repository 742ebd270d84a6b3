"""Licensees on the web: everybody's list, an officer's page, a licensee's own desk, and whoever tries another's."""

import csv
import hashlib
import io
import re
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.licensing.models import AccessRequest, Agreement, AgreementText, LicenseeKey
from apps.licensing.services import refuse_request, suspend_licensee
from tests.battles.arena import add_lab, add_model
from tests.licensing.partners import LATER, Partner, partner, published
from tests.licensing.test_offer_pages import sign_in_just_now
from tests.organizations.test_register import owns, registered
from tests.trails import refusals

pytestmark = pytest.mark.django_db
WISH: dict[str, Any] = {
    "title": "Explanations",
    "purpose": "DUO:0000042",
    "use": "A study.",
    "wanted": "Explanations in English.",
}


def signed_in(person: User) -> Client:
    """Somebody who has just signed in."""
    client = Client()
    sign_in_just_now(client, person)
    return client


@pytest.fixture
def university(margaret: User) -> Partner:
    """A university with everything in order."""
    return partner(margaret)


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_everybody_sees_who_agreed_to_what_and_no_name_of_a_person(university: Partner, margaret: User) -> None:
    owns(registered("Birch Holding"), university.organization)
    asked = university.requested(title="Everything live")
    refuse_request(
        actor=margaret.as_actor(), request_id=asked.pk, clause_number="W1", reason="All of it is live.", now=LATER
    )
    page = text_of(Client(), "/releases/licensees/")
    for words in (
        "Meridian University",
        "General research use",
        "DUO:0000042",
        "Birch Holding",
        "Everything live",
        "All of it is live.",
        "Clause W1",
    ):
        assert words in page, words
    assert "Dahl" not in page
    suspend_licensee(
        actor=margaret.as_actor(), licensee_id=university.licensee.pk, clause_number="W2", reason="Asked", now=LATER
    )
    assert "Suspended" in text_of(Client(), "/releases/licensees/")


def test_everybody_sees_through_whom_a_licensee_is_tied_to_a_lab(university: Partner) -> None:
    assert "none, at any distance" in text_of(Client(), "/releases/licensees/")
    lab, holding = add_lab("Fjord AI"), registered("Birch Holding")
    model = add_model("Cobalt 3", lab)
    owns(holding, lab)
    owns(holding, university.organization)
    page = text_of(Client(), "/releases/licensees/")
    assert "Birch Holding owns Fjord AI" in page
    # That a lab tries something here in private is nobody's to read.
    type(model).objects.update(state="private")
    assert "none, at any distance" in text_of(Client(), "/releases/licensees/")


def test_everybody_reads_the_terms_and_what_changed(university: Partner, margaret: User) -> None:
    published(margaret, "You may read it.\nYou may not pass it on to anybody.")
    assert "In force for" in text_of(Client(), "/releases/agreements/")
    page = Client().get("/releases/agreements/2/").content.decode()
    assert "<del>You may not pass it on.</del>" in page
    assert "<ins>You may not pass it on to anybody.</ins>" in page
    assert AgreementText.objects.get(version=2).sha256 in page
    file = Client().get("/releases/agreements/2/agreement.txt").content
    assert hashlib.sha256(file).hexdigest() == AgreementText.objects.get(version=2).sha256
    for missing in ("3/", "3/agreement.txt", "99999999999999999999/"):
        assert Client().get(f"/releases/agreements/{missing}").status_code == 404


def test_margaret_publishes_a_version(margaret: User, ingrid: User) -> None:
    client = signed_in(margaret)
    told = {"title": "Terms", "text": "Read it.", "valid_days": "365"}
    assert client.post("/releases/desk/agreements/new/", told).status_code == 302
    assert client.post("/releases/desk/agreements/new/", told).status_code == 422
    assert client.post("/releases/desk/agreements/new/", told | {"valid_days": "0"}).status_code == 422
    assert signed_in(ingrid).post("/releases/desk/agreements/new/", told).status_code == 403
    assert refusals() == ["already-published", "not-permitted"]


def test_the_officers_page_shows_all_of_it_and_does_it(university: Partner, margaret: User, barbara: User) -> None:
    client, page = signed_in(margaret), f"/releases/desk/licensees/{university.licensee.pk}/"
    key = university.keyed().key
    assert "Ingrid Dahl" in text_of(client, page)
    assert "May receive" in text_of(signed_in(barbara), page)
    acts: list[tuple[str, dict[str, str], str]] = [
        ("suspend", {"clause": "W2", "reason": "A copy was passed on."}, "Suspended"),
        ("resume", {"reason": "It came back."}, "It came back."),
        ("terms", {"purpose": "Evaluation", "purposes": "showdown:evaluation"}, "Evaluating language models"),
        ("sign", {"signed_name": "Ingrid Dahl", "signed_position": "Head"}, "on paper"),
        ("recipient", {"organization": str(registered("Clinic").pk)}, "Clinic"),
        ("end", {"reason": "They asked."}, "No agreement in force"),
        ("contact", {"contact": ""}, "Nobody speaks for it"),
    ]
    for act, told, seen in acts:
        assert client.get(f"{page}{act}/").status_code == 200, act
        assert client.post(f"{page}{act}/", told).status_code == 302, act
        assert seen in text_of(client, page), act
    for act in ("suspend", "resume", "end", "sign", "terms", "review"):
        assert client.post(f"{page}{act}/", {"reason": ""}).status_code == 422, act
    assert client.post(f"{page}resume/", {"reason": "Again"}).status_code == 422
    assert client.post(f"{page}keys/{key.pk}/revoke/").status_code == 302
    assert "Revoked" in text_of(client, page)
    for address in (f"{page}nothing/", "/releases/desk/licensees/999999/", "/releases/desk/licensees/999999/end/"):
        assert client.get(address).status_code == 404


def test_an_officer_looks_at_new_owners(university: Partner, margaret: User) -> None:
    from datetime import date, timedelta

    from apps.audit.domain.actor import Actor
    from apps.organizations.models import TieKind
    from apps.organizations.services import declare_tie

    declare_tie(
        actor=Actor.system("tests.cast"),
        holder=registered("Fund"),
        held=university.organization,
        kind=TieKind.OWNERSHIP,
        since=date(2026, 9, 1),
        source="A file",
        now=LATER + timedelta(hours=1),
    )
    client, page = signed_in(margaret), f"/releases/desk/licensees/{university.licensee.pk}/"
    assert "its owners changed" in text_of(client, page)
    assert client.post(f"{page}review/", {"reason": "The fund has no model."}).status_code == 302
    assert "May receive" in text_of(client, page)
    assert "The fund has no model." in text_of(client, page)


def test_what_is_the_officers_is_nobody_elses(university: Partner, ada: User) -> None:
    page = f"/releases/desk/licensees/{university.licensee.pk}/"
    asked = university.requested()
    for user in (ada, university.contact):
        client = signed_in(user)
        for address in (page, f"{page}suspend/", f"/releases/desk/requests/{asked.pk}/"):
            assert client.get(address).status_code == 403, address
        assert client.post(f"/releases/desk/requests/{asked.pk}/draft/").status_code == 403
    assert Client().get(page).status_code == 302


def test_ingrid_agrees_to_the_newest_text(university: Partner, margaret: User) -> None:
    client = signed_in(university.contact)
    assert "You agreed to the current version." in text_of(client, "/releases/mine/terms/")
    newest = published(margaret, "Newer words.")
    page = text_of(client, "/releases/mine/terms/")
    assert "Agree to version 2" in page
    told = {
        "text_sha256": newest.sha256,
        "signed_name": "Ingrid Dahl",
        "signed_position": "Head",
        "agrees": "on",
    }
    for unfit in ({"agrees": ""}, {"signed_name": ""}, {"text_sha256": "0" * 64}, {"text_sha256": "x" * 65}):
        assert client.post("/releases/mine/terms/", told | unfit).status_code == 422, unfit
    assert client.post("/releases/mine/terms/", told).status_code == 302
    assert Agreement.objects.get(ended_at=None).text == newest


def test_who_signed_in_long_ago_proves_it_before_they_decide(university: Partner, margaret: User) -> None:
    long_ago, officer = Client(), Client()
    sign_in_just_now(long_ago, university.contact, ago=24 * 3600)
    sign_in_just_now(officer, margaret, ago=24 * 3600)
    newest = published(margaret, "Newer words.")
    signed = {"text_sha256": newest.sha256, "signed_name": "Ingrid", "signed_position": "Head", "agrees": "on"}
    for client, address, told in (
        (long_ago, "/releases/mine/terms/", signed),
        (long_ago, "/releases/mine/keys/", {"name": "Server", "days": "30"}),
        (officer, f"/releases/desk/licensees/{university.licensee.pk}/contact/", {"contact": ""}),
        (officer, f"/releases/desk/licensees/{university.licensee.pk}/resume/", {"reason": "It came back."}),
    ):
        answer = client.post(address, told)
        assert (answer.status_code, "reauthenticate" in answer["Location"]) == (302, True), address
    assert not LicenseeKey.objects.exists()
    assert Agreement.objects.get(ended_at=None).text != newest
    university.licensee.refresh_from_db()
    assert university.licensee.contact == university.contact


def test_a_key_is_shown_once(university: Partner, margaret: User) -> None:
    client = signed_in(university.contact)
    answer = client.post("/releases/mine/keys/", {"name": "Server", "days": "30"})
    found = re.search(r"sd_[0-9a-f]{12}_[0-9a-f]{64}", answer.content.decode())
    assert found is not None
    assert "no-store" in answer["Cache-Control"]
    key = LicenseeKey.objects.get()
    assert found[0] not in client.get("/releases/mine/keys/").content.decode()
    other = partner(margaret, "Atoll Institute", "joan")
    assert signed_in(other.contact).post(f"/releases/mine/keys/{key.pk}/revoke/").status_code == 404
    assert client.post(f"/releases/mine/keys/{key.pk}/revoke/").status_code == 302
    assert "Revoked" in text_of(client, "/releases/mine/keys/")
    assert client.post("/releases/mine/keys/", {"name": "x" * 61, "days": "0"}).status_code == 422


def test_ingrid_names_and_ends_recipients(university: Partner, margaret: User) -> None:
    client, clinic = signed_in(university.contact), registered("Clinic")
    assert client.post("/releases/mine/recipients/", {"organization": str(clinic.pk)}).status_code == 302
    assert client.post("/releases/mine/recipients/", {"organization": str(clinic.pk)}).status_code == 422
    named = university.licensee.final_recipients.get(organization=clinic)
    other = partner(margaret, "Atoll Institute", "joan")
    assert signed_in(other.contact).post(f"/releases/mine/recipients/{named.pk}/end/").status_code == 404
    assert client.post(f"/releases/mine/recipients/{named.pk}/end/").status_code == 302
    assert "Clinic" not in text_of(client, "/releases/mine/recipients/").split("Name one more")[0]


def test_ingrid_asks_takes_back_and_sees_only_her_own(university: Partner, margaret: User) -> None:
    client = signed_in(university.contact)
    told = WISH | {"recipients": [str(university.organization.pk)]}
    assert client.get("/releases/mine/requests/new/").status_code == 200
    assert client.post("/releases/mine/requests/new/", told).status_code == 302
    asked = AccessRequest.objects.get()
    assert client.post("/releases/mine/requests/new/", told).status_code == 422
    assert client.post("/releases/mine/requests/new/", told | {"purpose": "showdown:training"}).status_code == 422
    assert client.post("/releases/mine/requests/new/", told | {"since": "2026-2-30"}).status_code == 422
    assert "Explanations" in text_of(client, "/releases/mine/requests/")
    assert "Explanations in English." in text_of(client, f"/releases/mine/requests/{asked.pk}/")
    other = signed_in(partner(margaret, "Atoll Institute", "joan").contact)
    assert other.get(f"/releases/mine/requests/{asked.pk}/").status_code == 404
    assert other.post(f"/releases/mine/requests/{asked.pk}/withdraw/").status_code == 404
    assert client.post(f"/releases/mine/requests/{asked.pk}/withdraw/").status_code == 302
    assert "Withdrawn" in text_of(client, f"/releases/mine/requests/{asked.pk}/")


def test_margaret_refuses_a_request_under_a_clause(university: Partner, margaret: User) -> None:
    asked = university.requested()
    client = signed_in(margaret)
    assert "Explanations" in text_of(client, "/releases/desk/")
    address = f"/releases/desk/requests/{asked.pk}/"
    assert client.post(address, {"clause": "Z9", "reason": "x"}).status_code == 422
    assert client.post(f"{address}draft/", follow=True).status_code == 200
    assert client.post(address, {"clause": "W1", "reason": "All of it is live."}).status_code == 302
    assert "All of it is live." in text_of(client, address)
    assert "All of it is live." in text_of(signed_in(university.contact), f"/releases/mine/requests/{asked.pk}/")


def test_somebody_without_a_licensee_has_no_desk(ingrid: User, ada: User) -> None:
    for user in (ingrid, ada):
        for page in ("terms", "keys", "recipients", "requests", "requests/new"):
            assert signed_in(user).get(f"/releases/mine/{page}/").status_code == 403
    assert signed_in(ingrid).get("/releases/mine/").status_code == 200


def test_everybody_sees_the_schema_and_takes_invented_rows_home(db: None) -> None:
    page = text_of(Client(), "/releases/schema/")
    assert "on rows that nobody wrote" in page
    rows = Client().get("/releases/schema/invented-rows.csv")
    assert len(list(csv.reader(io.StringIO(rows.content.decode())))) == 13
    assert Client().get("/releases/schema/invented-rows.json").json()["invented"] is True
    assert Client().get("/releases/schema/invented-rows.parquet").content[:4] == b"PAR1"
    assert Client().get("/releases/schema/invented-rows.exe").status_code == 404
