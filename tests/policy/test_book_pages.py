"""The book for everybody, and the desk of those who change it."""

import re
import time

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.policy.models import PolicyProposal
from apps.policy.queries import current_version, parameter
from tests.policy.changing import change, judged, other
from tests.trails import refusals

pytestmark = pytest.mark.django_db


def text_of(page: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.decode()).split())


def signed_in(user: User, *, minutes_ago: float = 0) -> Client:
    client = Client()
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - 60 * minutes_ago}]
    session.save()
    return client


def test_a_visitor_reads_what_changes_when(client: Client, radia: User, katherine: User) -> None:
    change(radia, katherine, other("W7", k=8))
    change(radia, katherine, other("W1", min_age_days=75))
    page = text_of(client.get("/rulebook/").content)
    assert "Version 4 waits until" in page
    page = text_of(client.get("/rulebook/versions/").content)
    assert "Version 3 is in force, and 1 waits" in page
    assert "replaced before its day" in page
    assert "What version 4 will change" in page
    assert "Least contributors in a combination 10 8 loosens" in page
    for number in (1, 2, 3, 4):
        assert client.get(f"/rulebook/versions/{number}/").status_code == 200
    page = text_of(client.get("/rulebook/versions/4/").content)
    assert "Written anew for version 2" in page
    assert "What will be different on its day" in page
    assert client.get("/rulebook/versions/5/").status_code == 404


def test_a_visitor_compares_any_two_versions(client: Client, radia: User, katherine: User) -> None:
    change(radia, katherine, other("W1", min_age_days=75))
    page = text_of(client.get("/rulebook/versions/compare/?a=1&b=2").content)
    assert "1 clause differs between version 1 and version 2" in page
    assert "Days since the last live event 60 75 tightens" in page
    page = text_of(client.get("/rulebook/versions/compare/?a=2&b=1").content)
    assert "Days since the last live event 75 60 loosens" in page
    assert "Nothing differs" in text_of(client.get("/rulebook/versions/compare/?a=2&b=2").content)
    assert client.get("/rulebook/versions/compare/").status_code == 200
    for wrong in ("?a=1", "?a=1&b=9", "?a=x&b=1", "?a=1&b=99999999999999999999"):
        assert client.get("/rulebook/versions/compare/" + wrong).status_code == 422


def test_a_clause_tells_how_it_came_to_read_like_this(client: Client, radia: User, katherine: User) -> None:
    change(radia, katherine, other("W1", min_age_days=75))
    page = text_of(client.get("/rulebook/W1/").content)
    assert "Days since the last live event: 60 → 75 (tightens)" in page
    assert "the clause begins" in page
    page = text_of(client.get("/rulebook/W1/?version=1").content)
    assert "As it reads under version 1 of the rulebook. Version 2 is in force." in page


def test_radia_proposes_and_katherine_adopts(radia: User, katherine: User, barbara: User) -> None:
    at_radias = signed_in(radia)
    assert "Which clauses" in text_of(at_radias.get("/rulebook/proposals/new/").content)
    address = "/rulebook/proposals/new/?clause=W1&clause=W7"
    form = {
        "W1.min_age_days": "90",
        "W1:title": "Live data is never sold",
        "W1:text": "Words",
        "W7.k": "10",
        "W7.order": "country, profession, education, age_band, language",
        "W7:title": "Ten of a kind",
        "W7:text": "Ten.",
        "reason": "Ninety days are safer.",
    }
    page = at_radias.get(address)
    # What stands in the form is what the newest version says.
    shown = page.context["form"]
    unchanged = {name: shown[name].value() for name in shown.fields}
    form |= {name: value for name, value in unchanged.items() if name.endswith((":title", ":text")) or "W7." in name}
    looked = text_of(at_radias.post(address, form | {"look": "1"}).content)
    assert "Holds at once" in looked
    assert "60 90 tightens" in looked
    assert not PolicyProposal.objects.exists()
    looked = text_of(at_radias.post(address, form | {"look": "1", "W7.k": "9"}).content)
    assert "Waits in public" in looked
    made = at_radias.post(address, form | {"propose": "1"}, follow=True)
    proposal = PolicyProposal.objects.get()
    assert [each.number for each in proposal.clauses.all()] == ["W1"]
    assert "somebody else decides" in text_of(made.content)
    here = f"/rulebook/proposals/{proposal.pk}/"
    assert "Not judged yet" in text_of(signed_in(barbara).get(here).content)

    at_katherines = signed_in(katherine)
    judged_page = text_of(at_katherines.post(f"/releases/back-tests/{proposal.pk}/", follow=True).content)
    assert "There was no past release to judge" in judged_page
    assert at_radias.post(here + "adopt/").status_code == 403
    assert refusals() == ["two-people-needed"]
    late = signed_in(katherine, minutes_ago=600).get(here + "adopt/")
    assert late.status_code == 302
    assert "reauthenticate" in late["Location"]
    assert "Holds at once" in text_of(at_katherines.get(here + "adopt/").content)
    done = text_of(at_katherines.post(here + "adopt/", follow=True).content)
    assert "Adopted. The new version stands in the book." in done
    assert (current_version(), parameter("W1", "min_age_days")) == (2, 90)
    assert "Adopted" in text_of(at_radias.get("/rulebook/proposals/").content)


def test_a_form_that_does_not_fit_comes_back(radia: User) -> None:
    client = signed_in(radia)
    address = "/rulebook/proposals/new/?clause=W1"
    form = {"W1:title": "A", "W1:text": "B", "reason": "C", "propose": "1"}
    for value, said in (
        ("59", "No version of the rulebook goes below 60 here."),
        ("sixty", "This is no number."),
        ("60.5", "This is no number."),
        ("99999999999", "A number lies between"),
        ("", "This field is required"),
    ):
        answer = client.post(address, form | {"W1.min_age_days": value})
        assert answer.status_code == 422, value
        assert said in text_of(answer.content), value
    assert not PolicyProposal.objects.exists()


def test_a_clause_that_is_not_there_yet_is_proposed_beside_another(radia: User) -> None:
    client, address = signed_in(radia), "/rulebook/proposals/new/?clause=new&clause=P4"
    form = {
        "new:number": "P9", "new:title": "No riddles", "new:text": "A prompt is no riddle.", "P4:title": "x",
        "P4:text": "y", "P4:removed": "on", "reason": "Riddles are unfair.", "propose": "1",
    }  # fmt: skip
    assert "A clause that is not there yet" in text_of(client.get(address).content)
    assert client.post(address, form | {"new:number": "9"}).status_code == 422
    page = text_of(client.post(address, form, follow=True).content)
    assert "P9 No riddles new clause" in page
    assert "P4 Do not ask the models who they are removed" in page
    assert "Waits in public" in page


def test_katherine_rejects_with_a_reason_and_radia_takes_back(radia: User, katherine: User) -> None:
    proposal = judged(radia, other("W7", k=4))
    here = f"/rulebook/proposals/{proposal.pk}/"
    client = signed_in(katherine)
    assert client.post(here + "reject/", {"reason": ""}).status_code == 422
    page = text_of(client.post(here + "reject/", {"reason": "Four are a family."}, follow=True).content)
    assert "Four are a family." in page
    assert "This proposal was decided already" in text_of(
        signed_in(radia).post(here + "withdraw/", follow=True).content
    )
    another = judged(radia, other("W7", k=5))
    assert client.post(f"/rulebook/proposals/{another.pk}/withdraw/").status_code == 403
    assert "Taken back" in text_of(
        signed_in(radia).post(f"/rulebook/proposals/{another.pk}/withdraw/", follow=True).content
    )


def test_proposals_are_not_for_everybody(client: Client, ada: User, ingrid: User, grace: User, radia: User) -> None:
    proposal = judged(radia, other("W7", k=4))
    addresses = ["", "new/", f"{proposal.pk}/", f"{proposal.pk}/adopt/", f"{proposal.pk}/reject/"]
    for address in addresses:
        assert client.get("/rulebook/proposals/" + address).status_code == 302
        for user in (ada, ingrid, grace):
            assert signed_in(user).get("/rulebook/proposals/" + address).status_code == 403, address
    assert signed_in(radia).get("/rulebook/proposals/99999/").status_code == 404
    assert signed_in(radia).get(f"/rulebook/proposals/{10**30}/").status_code == 404


def test_words_may_be_written_from_right_to_left(client: Client, radia: User, katherine: User) -> None:
    from apps.policy.domain.changes import ClauseChange
    from apps.policy.services import propose_version

    propose_version(
        actor=radia.as_actor(),
        changes=[ClauseChange(number="P9", title="قاعدة <b>", text="نص القاعدة. نص آخر.")],
        reason="سبب <script>",
        now=timezone.now(),
    )
    page = signed_in(katherine).get(f"/rulebook/proposals/{PolicyProposal.objects.get().pk}/").content.decode()
    assert "<script>alert" not in page
    assert "سبب &lt;script&gt;" in page
    assert "قاعدة &lt;b&gt;" in page
