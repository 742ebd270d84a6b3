"""The pages between sealing and opening: what an approver reads, what everybody reads, what a stranger writes."""

import json
import re
import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.services import record
from apps.licensing.events import LicensingEvent
from apps.licensing.flows import approve, open_now, seal
from apps.licensing.models import Approval, Attempt, Objection, Offer, OfferState
from apps.licensing.services import NotFourPeople, Sealing, TakenOut
from tests.licensing.offered import (
    BUILDER,
    announced,
    another_licensee,
    awaiting,
    proved,
    sealed_release,
    when_the_lock_is_over,
)
from tests.licensing.test_approve_offers import works_for
from tests.licensing.world import World
from tests.trails import facts_about, refusals

pytestmark = pytest.mark.committed


def text_of(client: Client, address: str, status: int = 200) -> str:
    """Return a page's words, without tags and with single spaces."""
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def sign_in_just_now(client: Client, person: User, *, ago: float = 0) -> None:
    """Sign somebody in as allauth does: with the time at which they proved who they are."""
    client.force_login(person)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - ago}]
    session.save()


def page_of(offer: Offer, act: str) -> str:
    return f"/releases/{offer.release_id}/offers/{offer.number}/{act}/"


def test_an_approver_reads_and_says_yes(
    world: World, margaret: User, katherine: User, dorothy: User, client: Client
) -> None:
    offer = awaiting(world, margaret)
    sign_in_just_now(client, katherine)
    assert "1 offer cannot leave without you" in text_of(client, "/home/?as=approver")
    assert "1 offer waits for you" in text_of(client, "/releases/waiting/")
    page = text_of(client, page_of(offer, "approve"))
    assert "may 3 battles go to Meridian University" in page
    assert offer.digest in page
    assert offer.release.items_root in page
    assert "knows of no employment and no ownership" in page
    told = {"digest": offer.digest, "have_read": "on"}
    assert client.post(page_of(offer, "approve"), {"digest": offer.digest}).status_code == 422
    answer = client.post(page_of(offer, "approve"), told, follow=True)
    assert "Another one is needed" in answer.content.decode()
    assert client.post(page_of(offer, "approve"), told).status_code == 422
    assert "0 offers wait for you" in text_of(client, "/releases/waiting/")
    sign_in_just_now(client, dorothy)
    answer = client.post(page_of(offer, "approve"), told, follow=True)
    assert "the public notice begins now" in answer.content.decode()
    page = text_of(client, f"/releases/{offer.release_id}/")
    assert "unless an objection holds" in page
    assert page.count("no tie to whoever gets it") == 2
    assert katherine.pseudonym in page
    assert dorothy.pseudonym in page


def test_whoever_signed_in_long_ago_proves_who_they_are_first(
    world: World, margaret: User, katherine: User, client: Client
) -> None:
    offer = awaiting(world, margaret)
    sign_in_just_now(client, katherine, ago=3600)
    for answer in (
        client.get(page_of(offer, "approve")),
        client.post(page_of(offer, "approve"), {"digest": offer.digest, "have_read": "on"}),
        client.post(page_of(offer, "refuse"), {"clause": "W2", "words": "No."}),
    ):
        assert answer.status_code == 302
        assert "reauthenticate" in answer["Location"]
    assert not Approval.objects.exists()


def test_an_approver_who_is_tied_reads_it_and_is_refused(
    world: World, margaret: User, katherine: User, client: Client
) -> None:
    offer = awaiting(world, margaret)
    works_for(katherine, world.licensee.organization)
    sign_in_just_now(client, katherine)
    assert "You are tied to whoever gets it" in text_of(client, page_of(offer, "approve"))
    answer = client.post(page_of(offer, "approve"), {"digest": offer.digest, "have_read": "on"})
    assert answer.status_code == 422
    assert "must not be tied to Meridian University" in answer.content.decode()
    assert refusals() == ["tied-to-licensee"]


def test_an_approver_says_no_and_everybody_reads_why(
    world: World, margaret: User, katherine: User, client: Client
) -> None:
    offer = awaiting(world, margaret)
    sign_in_just_now(client, katherine)
    assert client.post(page_of(offer, "refuse"), {"clause": "X1", "words": "No."}).status_code == 422
    told = {"clause": "W2", "words": "The terms of <b>one</b> model are unclear."}
    assert client.post(page_of(offer, "refuse"), told).status_code == 302
    client.logout()
    for address in (f"/releases/{offer.release_id}/", "/releases/refusals/"):
        answer = client.get(address).content.decode()
        assert "The terms of &lt;b&gt;one&lt;/b&gt; model are unclear." in answer


def test_who_sees_which_page(
    world: World, margaret: User, katherine: User, ada: User, ingrid: User, barbara: User, client: Client
) -> None:
    offer = awaiting(world, margaret)
    for address in ("/releases/refusals/", "/releases/announced/", f"/releases/{offer.release_id}/"):
        text_of(client, address)
    for person in (ada, ingrid, barbara, margaret):
        sign_in_just_now(client, person)
        assert client.get(page_of(offer, "approve")).status_code == 403
        assert client.get("/releases/waiting/").status_code == 403
    sign_in_just_now(client, ada)
    assert client.get("/releases/completeness/").status_code == 403
    assert client.post(page_of(offer, "open")).status_code == 403
    assert client.get(f"/releases/{offer.release_id}/offers/new/").status_code == 403
    assert client.get("/releases/objections/1/").status_code == 404
    sign_in_just_now(client, katherine)
    for number in (2, 40000, 10**30):
        assert client.get(f"/releases/{offer.release_id}/offers/{number}/approve/").status_code == 404
        assert client.get(f"/releases/{offer.release_id}/offers/{number}/object/").status_code == 404


def test_a_stranger_objects_and_two_people_answer(
    world: World, margaret: User, katherine: User, dorothy: User, client: Client
) -> None:
    offer = announced(world, margaret, katherine, dorothy)
    told = {"ground": "personal", "words": "Row 3 names <my> neighbour.", "contact": "reader@example.org"}
    assert client.post(page_of(offer, "object"), {**told, "contact": ""}).status_code == 422
    assert client.post(page_of(offer, "object"), {**told, "ground": "nonsense"}).status_code == 422
    answer = client.post(page_of(offer, "object"), told, follow=True)
    assert "stands, and so does the clock" in answer.content.decode()
    objection = Objection.objects.get()
    address = f"/releases/objections/{objection.pk}/"
    page = text_of(client, address)
    assert "neighbour" not in page
    assert "reader@example.org" not in page
    sign_in_just_now(client, katherine)
    assert "neighbour" in text_of(client, address)
    decision = {"outcome": "dismissed", "public_reason": "We found no name in it."}
    assert "A second person" in client.post(address, decision, follow=True).content.decode()
    sign_in_just_now(client, dorothy)
    assert "It is decided." in client.post(address, decision, follow=True).content.decode()
    client.logout()
    assert "We found no name in it." in text_of(client, address)
    assert Offer.objects.get().state == OfferState.ANNOUNCED


def test_notices_are_for_people_and_for_machines(
    world: World, margaret: User, katherine: User, dorothy: User, client: Client
) -> None:
    offer = announced(world, margaret, katherine, dorothy)
    assert "unless an objection holds" in text_of(client, "/releases/announced/")
    [told] = json.loads(client.get("/releases/announced.json").content)["notices"]
    assert told["root"] == offer.release.items_root
    assert told["digest"] == offer.digest
    assert told["licensees"] == ["Meridian University"]
    feed = client.get("/releases/announced.atom").content.decode()
    assert "Release" in feed
    assert offer.release.items_root in feed
    when_the_lock_is_over(world, offer)
    open_now(actor=BUILDER, offer_id=offer.pk)
    assert "open since" in text_of(client, "/releases/announced/")


def test_an_officer_opens_what_is_due_and_reads_why_not(
    world: World, margaret: User, katherine: User, dorothy: User, client: Client
) -> None:
    offer = announced(world, margaret, katherine, dorothy)
    sign_in_just_now(client, margaret)
    answer = client.post(page_of(offer, "open"), follow=True)
    assert "The public notice lasts until" in answer.content.decode()
    when_the_lock_is_over(world, offer)
    assert "Open it now" in text_of(client, f"/releases/{offer.release_id}/")
    answer = client.post(page_of(offer, "open"), follow=True)
    assert "Offer 1 is open." in answer.content.decode()


def test_a_release_is_offered_to_a_later_licensee(world: World, margaret: User, ingrid: User, client: Client) -> None:
    release = sealed_release(world, margaret)
    corvid = another_licensee(margaret, "Corvid Analytics", ingrid)
    sign_in_just_now(client, margaret)
    address = f"/releases/{release.pk}/offers/new/"
    page = text_of(client, address)
    assert "Corvid Analytics" in page
    assert client.post(address, {}).status_code == 422
    assert client.post(address, {"licensees": [str(world.licensee.pk)]}).status_code == 422
    # Who asked is said by the officer, and is somebody who can have.
    for nobody in ({}, {"asked_by": ""}, {"asked_by": str(margaret.pk)}, {"asked_by": "x" * 99}):
        assert client.post(address, {"licensees": [str(corvid.pk)], **nobody}).status_code == 422
    told = {"licensees": [str(corvid.pk)], "asked_by": str(ingrid.pk)}
    assert client.post(address, told).status_code == 302
    assert facts_about(Offer.objects.get(number=2))["requester"] == ingrid.pseudonym
    assert "Offer 2, to Corvid Analytics" in text_of(client, f"/releases/{release.pk}/")
    assert "Offers, by what they wait for" in text_of(client, "/releases/desk/")


def test_refusals_are_listed_filtered_and_paged(world: World, margaret: User, katherine: User, client: Client) -> None:
    offer = awaiting(world, margaret)
    approve(actor=proved(katherine), offer_id=offer.pk, digest=offer.digest)
    for _time in range(30):
        with pytest.raises(NotFourPeople):
            approve(actor=proved(katherine), offer_id=offer.pk, digest=offer.digest)
    world.sky(days_ago=3)
    from tests.licensing.test_sell import drafted

    live = drafted(world, margaret)
    with pytest.raises(TakenOut):
        seal(actor=margaret.as_actor(), release_id=live.pk, mode=Sealing.PAST_THE_WALL)
    # Refused and still a draft: that is for staff.
    page = text_of(client, "/releases/refusals/")
    assert "30 times a clause said no" in page
    assert "Questions about the sky" not in page
    assert page.count("asking, building and two approvals need four people") == 25
    older = re.search(r'href="(\?[^"]*before=[^"]+)"', client.get("/releases/refusals/?act=approve").content.decode())
    assert older is not None
    second = text_of(client, "/releases/refusals/" + older[1].replace("&amp;", "&"))
    assert second.count("asking, building and two approvals need four people") == 5
    assert text_of(client, "/releases/refusals/?act=open").count("No refusal fits") == 1
    assert text_of(client, "/releases/refusals/?clause=W9&act=xx&before=9-x%00").count("No refusal fits") == 1
    text_of(client, "/releases/refusals/?before=999999999999999999-1")
    assert text_of(client, "/releases/refusals/?clause=%00").count("No refusal fits") == 1
    sign_in_just_now(client, margaret)
    assert "Questions about the sky" in text_of(client, "/releases/refusals/?clause=W1")


def test_an_auditor_compares_the_counters_with_the_log(
    world: World, margaret: User, barbara: User, client: Client
) -> None:
    offer = awaiting(world, margaret)
    sign_in_just_now(client, barbara)
    assert "Completeness" in text_of(client, "/releases/")
    # No entry of the log tells of this edition, as none would of one that was written past the services.
    assert "The log tells otherwise" in text_of(client, "/releases/completeness/")
    edition = offer.editions.get()
    with transaction.atomic():
        record(
            LicensingEvent.EDITION_BUILT,
            actor=BUILDER,
            subject=edition.ref,
            at=timezone.now(),
            facts={"licensee": edition.licensee.ref, "editions_before": 0},
        )
    assert "The log tells otherwise" not in text_of(client, "/releases/completeness/")
    world.owner.execute("UPDATE licensing_edition SET ordinal = 1 WHERE offer_id = %s", [offer.pk])
    assert "Numbers are missing" in text_of(client, "/releases/completeness/")
    world.owner.execute("UPDATE licensing_edition SET ordinal = 0 WHERE offer_id = %s", [offer.pk])
    world.rewritten(
        "licensing_delivery",
        "INSERT INTO licensing_delivery (licensee_id, counter, edition_id, revision, file, file_sha256, file_bytes,"
        " via, pseudonym, state, started_at, bytes_sent)"
        " SELECT licensee_id, 1, id, 0, 'a.parquet', '', 1, 'web', 'x', 'finished', now(), 1 FROM licensing_edition",
    )
    assert "The log tells otherwise" in text_of(client, "/releases/completeness/")
    assert "a.parquet" in text_of(client, f"/releases/{offer.release_id}/")


def test_old_attempts_are_closed_under_their_own_names(world: World, margaret: User, katherine: User) -> None:
    from apps.licensing.flows import sweep
    from apps.licensing.services import attempt_approval

    offer = awaiting(world, margaret)
    begun = timezone.now() - timedelta(minutes=16)
    attempt_approval(actor=proved(katherine, at=begun), offer_id=offer.pk, digest=offer.digest, now=begun)
    sweep(actor=BUILDER)
    attempt = Attempt.objects.get(act="approve")
    assert attempt.state == "interrupted"
    assert attempt.entry is not None
    assert approve(actor=proved(katherine), offer_id=offer.pk, digest=offer.digest).first_approver_id == katherine.pk
