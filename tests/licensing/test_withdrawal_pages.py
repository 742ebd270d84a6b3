"""The pages around deliveries and withdrawals, for each who may see them and nobody else."""

import base64
import hashlib
import html
import re

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.contributors.models import Consent, ConsentKind, Contributor
from apps.contributors.services import withdraw_consent
from apps.licensing.domain.notice import next_batch
from apps.licensing.flows.withdrawing import tend_withdrawals
from apps.licensing.gateways import SilentPost
from apps.licensing.models import Delivery, LeftOut, Notice, Release, ReleaseState
from apps.licensing.permissions import may_see
from apps.licensing.queries.releases import licensees_of, releases_of_licensees
from apps.prompts.models import Prompt
from tests.conftest import make_contributor, make_person
from tests.licensing.opened import PLATFORM, TABLE, Opened
from tests.licensing.test_offer_pages import sign_in_just_now
from tests.trails import refusals

pytestmark = pytest.mark.committed


def words(client: Client, address: str, status: int = 200) -> str:
    """Return a page's words, without tags and with single spaces."""
    answer = client.get(address)
    assert answer.status_code == status, address
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def taken_back_and_told(opened: Opened, person: User) -> Notice:
    """Have somebody's rows fetched, taken back, and told."""
    opened.fetch()
    withdraw_consent(actor=person.as_actor(), kind=ConsentKind.LICENSING, now=timezone.now())
    tend_withdrawals(actor=PLATFORM, post=SilentPost())
    month = next_batch(timezone.now())
    tend_withdrawals(actor=PLATFORM, clock=lambda: month, post=SilentPost())
    opened.press.publish()
    return Notice.objects.get()


def test_ada_sees_where_her_words_went_and_takes_them_back(
    opened: Opened, client: Client, ada: User, mallory: User, grace: User
) -> None:
    client.force_login(ada)
    assert "Nobody has fetched it" in words(client, "/releases/my-data/")
    opened.fetch()
    delivery = Delivery.objects.get()
    address = f"/releases/my-data/deliveries/{delivery.pk}/proof.json"
    assert client.get(address).status_code == 409
    opened.press.publish()
    page = words(client, "/releases/my-data/")
    assert "1 release holds something of yours" in page
    assert "Meridian University" in page
    assert "Questions that you wrote 1" in page
    assert "Votes that you cast 0" in page
    assert "Withdraw the question" in page
    entry = base64.b64decode(client.get(address).json()["entry"])
    assert b'"licensing.delivery_begun"' in entry
    # Mallory voted on them, and sees the same release from her side.
    client.force_login(mallory)
    assert "Votes that you cast 3" in words(client, "/releases/my-data/")
    assert "Withdraw the question" not in words(client, "/releases/my-data/")
    # Joan takes part too, and nothing of hers is in it.
    joan = make_person("joan", Role.CONTRIBUTOR)
    make_contributor(joan)
    client.force_login(joan)
    assert "Nothing of yours was ever released" in words(client, "/releases/my-data/")
    assert client.get(address).status_code == 404
    client.force_login(grace)
    assert client.get("/releases/my-data/").status_code == 302
    assert client.get(address).status_code == 404
    client.force_login(ada)
    assert "names the rows, and never you" in words(client, "/releases/my-data/take-back/")
    assert client.post("/releases/my-data/take-back/").status_code == 302
    assert client.post("/releases/my-data/take-back/").status_code == 302
    assert not Consent.objects.filter(contributor__account=ada, kind="licensing", withdrawn_at=None).exists()
    tend_withdrawals(actor=PLATFORM)
    page = words(client, "/releases/my-data/")
    assert "Rows taken back 3 of 3" in page
    assert "You do not agree to licensing" in page
    assert "Releases with something of yours" in words(client, "/contribute/data/")


def test_who_is_left_out_is_not_told_that_it_was_delivered(opened: Opened, client: Client, mallory: User) -> None:
    opened.fetch()
    opened.press.publish()
    delivery = Delivery.objects.get()
    address = f"/releases/my-data/deliveries/{delivery.pk}/proof.json"
    client.force_login(mallory)
    assert client.get(address).status_code == 200
    LeftOut.objects.create(
        release=opened.edition.release, contributor=Contributor.objects.get(account=mallory), is_later=False
    )
    page = words(client, "/releases/my-data/")
    assert "Nobody was handed anything of yours" in page
    assert "3 of 3, since too few people are like whoever voted" in page
    assert "in no copy" in page
    assert "Meridian University" not in page
    assert client.get(address).status_code == 404


def test_a_question_that_was_withdrawn_is_its_authors_alone(
    opened: Opened, client: Client, ada: User, mallory: User
) -> None:
    text = Prompt.objects.get().text
    for person in (ada, mallory):
        client.force_login(person)
        assert text in html.unescape(words(client, "/releases/my-data/"))
    Prompt.objects.update(state="withdrawn")
    client.force_login(mallory)
    assert text not in html.unescape(words(client, "/releases/my-data/"))
    assert "Not shown any more" in words(client, "/releases/my-data/")
    client.force_login(ada)
    assert text in html.unescape(words(client, "/releases/my-data/"))


def test_ingrid_reads_a_notice_checks_it_and_answers(opened: Opened, client: Client, ada: User, mallory: User) -> None:
    notice = taken_back_and_told(opened, ada)
    client.force_login(opened.contact)
    # Closed until it is rewritten, and then another revision.
    page = words(client, f"/releases/mine/{opened.edition.pk}/")
    assert "being rewritten without them" in page or "revision 1" in page
    assert "Your editions" in words(client, "/releases/mine/")
    page = words(client, "/releases/mine/notices/")
    assert "Waits for your answer" in page
    address = f"/releases/mine/notices/{notice.pk}/"
    assert "delete 3 rows" in words(client, address)
    document = client.get(f"{address}notice.json").content
    entry = base64.b64decode(client.get(f"{address}proof.json").json()["entry"])
    assert hashlib.sha256(document).hexdigest().encode() in entry
    assert client.post(address, {"name": ""}).status_code == 422
    assert client.post(address, {"name": "Ingrid Aas"}).status_code == 302
    assert client.post(address, {"name": "Ingrid Aas"}).status_code == 409
    assert "Ingrid Aas" in words(client, address)
    for person in (ada, mallory):
        client.force_login(person)
        for path in (address, f"{address}notice.json", f"{address}proof.json"):
            assert client.get(path).status_code == 404
        assert client.post(address, {"name": "Somebody"}).status_code == 404
    page = words(client, f"/releases/{opened.edition.release_id}/")
    assert "Consent withdrawn 3" in page
    assert "Acknowledged" in page
    client.logout()
    page = words(client, "/releases/withdrawals/")
    assert "3 released rows taken back; 0 notices wait for an answer" in page
    assert "Ingrid" not in page


def test_officers_approvers_and_auditors_read_a_notice_and_do_not_answer(
    opened: Opened, client: Client, ada: User, katherine: User, barbara: User
) -> None:
    notice = taken_back_and_told(opened, ada)
    address = f"/releases/mine/notices/{notice.pk}/"
    for person in (opened.officer, katherine, barbara):
        client.force_login(person)
        page = words(client, address)
        assert "delete 3 rows" in page
        assert "confirms that the rows are gone" in page
        assert "The rows are deleted" not in page
        assert client.get(f"{address}notice.json").status_code == 200
        assert client.post(address, {"name": "Somebody"}).status_code == 403
    notice.refresh_from_db()
    assert notice.acknowledged_at is None


def test_who_speaks_for_nobody_any_more_reads_nothing(opened: Opened, client: Client, ada: User) -> None:
    notice = taken_back_and_told(opened, ada)
    opened.contact.role_grants.filter(role=Role.LICENSEE).update(ended_at=timezone.now())
    client.force_login(opened.contact)
    assert client.get(f"/releases/mine/notices/{notice.pk}/").status_code == 404
    assert client.get(f"/releases/mine/{opened.edition.pk}/").status_code == 404
    assert client.get(opened.address(TABLE)).status_code == 404
    assert "Meridian University" not in words(client, "/releases/mine/")
    assert licensees_of(opened.contact.pk) == []
    assert releases_of_licensees(licensees_of(opened.contact.pk)) == []
    draft = Release(state=ReleaseState.DRAFT, licensee=opened.edition.licensee)
    assert not may_see(opened.contact.as_actor(), draft)


def test_margaret_withdraws_a_release(opened: Opened, client: Client, ada: User) -> None:
    opened.fetch()
    number = opened.edition.release_id
    client.force_login(ada)
    assert client.post(f"/releases/{number}/withdraw/").status_code == 403
    client.force_login(opened.officer)
    asked = client.post(f"/releases/{number}/withdraw/", {"is_urgent": "on"})
    assert "reauthenticate" in asked["Location"]
    assert Release.objects.get().state == "sealed"
    sign_in_just_now(client, opened.officer)
    assert "Withdraw the release" in words(client, f"/releases/{number}/")
    assert "1 delivery was begun" in words(client, f"/releases/{number}/withdraw/")
    assert client.post(f"/releases/{number}/withdraw/", {"is_urgent": "on"}).status_code == 302
    assert Release.objects.get().state == "withdrawn"
    assert client.post(f"/releases/{number}/withdraw/").status_code == 302
    assert refusals() == ["not-permitted", "not-withdrawable"]
    assert f"Release {number} was withdrawn" in words(client, f"/releases/{number}/")
    assert "Withdrawn" in words(client, "/releases/")
    assert f"/releases/{number}/" in client.get("/releases/desk/").content.decode()
    assert client.get(f"/releases/{number}/items.ndjson").status_code == 200
    assert client.get("/releases/999999/withdraw/").status_code == 404
    client.force_login(opened.contact)
    assert "This release was withdrawn" in words(client, f"/releases/mine/{opened.edition.pk}/")
    assert client.get(opened.address(TABLE)).status_code == 409
