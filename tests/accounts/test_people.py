"""People: they sign up by a verified address, hold roles, and read what they were told."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import LazySettings
from django.core import mail
from django.test import Client

from apps.accounts.domain.roles import Role
from apps.accounts.events import AccountEvent
from apps.accounts.models import User
from apps.accounts.queries import demo_mails
from apps.accounts.services import RoleNotHeld, end_role, grant_role, mark_read, notify
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.queries import trail_of
from tests.conftest import NOON, PASSWORD

SYSTEM = Actor.system("tests.people")


def test_a_newcomer_signs_up_and_confirms_the_address(
    client: Client, db: None, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    # The mail is sent once the account is committed.
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(
            "/accounts/signup/",
            {"email": "joan@demo.example", "password1": PASSWORD, "password2": PASSWORD},
            follow=True,
        )
    assert answer.status_code == 200
    assert len(mail.outbox) == 1
    link = re.search(r"http://\S+", str(mail.outbox[0].body))
    assert link is not None
    path = "/" + link.group().split("/", 3)[3]
    assert client.get(path).status_code == 200
    client.post(path, follow=True)
    joan = User.objects.get(email="joan@demo.example")
    assert EmailAddress.objects.get(user=joan).verified
    assert joan.roles_held() == frozenset()


def test_nobody_signs_in_before_the_address_is_verified(client: Client, db: None) -> None:
    client.post("/accounts/signup/", {"email": "joan@demo.example", "password1": PASSWORD, "password2": PASSWORD})
    client.logout()
    client.post("/accounts/login/", {"login": "joan@demo.example", "password": PASSWORD})
    assert client.get("/home/").status_code == 302


def test_signing_up_twice_does_not_tell_that_somebody_is_here(client: Client, ada: User) -> None:
    answer = client.post(
        "/accounts/signup/", {"email": ada.email, "password1": PASSWORD, "password2": PASSWORD}, follow=True
    )
    assert "already" not in answer.content.decode().lower()
    assert User.objects.filter(email=ada.email).count() == 1


@pytest.mark.parametrize("address", ["", "no-at", "a@b", "x" * 5000 + "@demo.example", "a\x00b@demo.example"])
def test_an_address_that_is_none_gets_a_clear_error(client: Client, db: None, address: str) -> None:
    answer = client.post("/accounts/signup/", {"email": address, "password1": PASSWORD, "password2": PASSWORD})
    assert answer.status_code == 200
    assert not User.objects.exists()


def test_roles_are_given_by_administrators_and_never_to_oneself(radia: User, grace: User, mallory: User) -> None:
    grant_role(actor=radia.as_actor(), user=grace, role=Role.AUDITOR, now=NOON)
    grant_role(actor=radia.as_actor(), user=grace, role=Role.AUDITOR, now=NOON)
    assert grace.roles_held() == {"moderator", "auditor"}
    for actor, user in ((mallory, mallory), (mallory, grace), (radia, radia)):
        with pytest.raises(NotPermitted):
            grant_role(actor=actor.as_actor(), user=user, role=Role.APPROVER, now=NOON)
    end_role(actor=radia.as_actor(), user=grace, role=Role.AUDITOR, now=NOON)
    with pytest.raises(RoleNotHeld):
        end_role(actor=radia.as_actor(), user=grace, role=Role.AUDITOR, now=NOON)
    assert trail_of(grace.ref)[-2:] == [AccountEvent.ROLE_GRANTED, AccountEvent.ROLE_ENDED]


def test_an_actor_carries_roles_and_never_a_name(ada: User) -> None:
    actor = ada.as_actor()
    assert actor.has("contributor")
    assert ada.email not in repr(actor)


def test_ada_reads_her_notice_and_mallory_does_not(ada: User, mallory: User, client: Client) -> None:
    notice = notify(
        actor=SYSTEM, recipient=ada, subject="Decided", body="<script>alert(1)</script> Clause P2.", now=NOON
    )
    with pytest.raises(NotPermitted):
        mark_read(actor=mallory.as_actor(), message_id=notice.pk, now=NOON)
    client.force_login(ada)
    page = client.get("/inbox/").content.decode()
    assert "Clause P2." in page
    assert "<script>alert" not in page
    assert client.post(f"/inbox/{notice.pk}/read/").status_code == 302
    notice.refresh_from_db()
    assert notice.read_at is not None
    client.force_login(mallory)
    assert "Clause P2." not in client.get("/inbox/").content.decode()
    assert client.post(f"/inbox/{notice.pk}/read/").status_code == 403


def test_the_demo_shows_its_mails(tmp_path: Path, settings: LazySettings, db: None) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    mail.send_mail("Confirm your address – ✓", "Follow http://localhost/x", "a@demo.example", ["ada@demo.example"])
    (found,) = demo_mails(tmp_path)
    assert (found.recipient, found.subject) == ("ada@demo.example", "Confirm your address – ✓")
    assert "http://localhost/x" in found.body
    assert demo_mails(tmp_path / "nothing") == []


def test_everybody_has_a_home(
    client: Client, ada: User, grace: User, radia: User, margaret: User, katherine: User, ingrid: User, barbara: User
) -> None:
    for somebody in (ada, grace, radia, margaret, katherine, ingrid, barbara):
        client.force_login(somebody)
        page = client.get("/home/")
        assert page.status_code == 200, somebody.email
        assert "<h1>" in page.content.decode()


def test_nobody_is_refused_by_what_their_own_masthead_offers(
    client: Client, ada: User, grace: User, radia: User, margaret: User, katherine: User, ingrid: User, barbara: User
) -> None:
    for somebody in (ada, grace, radia, margaret, katherine, ingrid, barbara):
        client.force_login(somebody)
        masthead = client.get("/home/").content.decode().partition('<nav class="sections"')[2].partition("</nav>")[0]
        addresses = re.findall(r'href="([^"]+)"', masthead)
        assert len(addresses) > 3, somebody.email
        for address in addresses:
            assert client.get(address).status_code == 200, (somebody.email, address)
