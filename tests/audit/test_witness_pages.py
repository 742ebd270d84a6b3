"""The witnesses on the web: everybody sees who countersigns, and an auditor registers and ends her own."""

import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.note import Cosigner, Signer
from apps.audit.models import Witness
from apps.audit.services import add_witness, announce_key, end_witness, retire_key
from tests.conftest import NOON
from tests.trails import refusals

pytestmark = pytest.mark.django_db

OPERATOR = Actor.system("audit.log_witness")
WITNESSES, NEW, POLICY = reverse("audit:witnesses"), reverse("audit:new_witness"), reverse("audit:policy")


def key(number: int = 1, name: str = "elm.example/w1") -> str:
    return Cosigner.from_seed(name, bytes([number]) * 32).vkey


def signed_in(user: User, *, seconds_ago: float | None = 0) -> Client:
    """Sign somebody in who proved so many seconds ago who they are, or never."""
    client = Client()
    client.force_login(user)
    if seconds_ago is not None:
        session = client.session
        session["account_authentication_methods"] = [{"method": "password", "at": time.time() - seconds_ago}]
        session.save()
    return client


def told(**more: Any) -> dict[str, Any]:
    return {"vkey": key(), "address": "https://elm.example", "ties": "None known."} | more


def named(vkey: str, *, address: str = "https://elm.example", owner: str = "", ties: str = "") -> Witness:
    return add_witness(actor=OPERATOR, vkey=vkey, address=address, owner_pseudonym=owner, ties=ties, now=NOON)


def test_everybody_sees_that_nobody_countersigns() -> None:
    page = Client().get(WITNESSES).content.decode()
    assert "Nobody countersigns this log" in page
    assert NEW not in page


def test_everybody_sees_who_countersigns_and_who_did(barbara: User) -> None:
    named(key(), owner=barbara.pseudonym, ties="Elected by the <b>readers</b>")
    named(key(2, "oak.example"))
    named(key(3, "ash.example"), address="")
    end_witness(actor=OPERATOR, witness_id=named(key(4, "fir.example")).pk, now=NOON)
    page = Client().get(WITNESSES).content.decode()
    assert "2 witnesses countersign this log, and 2 of them are needed" in page
    for words in (
        "elm.example/w1",
        "oak.example",
        "ash.example",
        "fir.example",
        "Only pulls",
        "Ended",
        barbara.pseudonym,
    ):
        assert words in page
    assert "Elected by the &lt;b&gt;readers&lt;/b&gt;" in page
    assert "/end/" not in page


def test_the_number_of_queries_does_not_grow(django_assert_num_queries: Any) -> None:
    for number in range(12):
        named(key(number, f"w{number}.example"))
    with django_assert_num_queries(1):
        Client().get(WITNESSES)


def test_an_auditor_registers_a_witness_of_her_own(barbara: User) -> None:
    client = signed_in(barbara)
    assert NEW in client.get(WITNESSES).content.decode()
    assert client.get(NEW).status_code == 200
    assert client.post(NEW, told()).status_code == 302
    witness = Witness.objects.get()
    assert (witness.owner_pseudonym, witness.ties) == (barbara.pseudonym, "None known.")
    page = client.get(WITNESSES).content.decode()
    assert "elm.example/w1 is a witness from now on." in page
    assert reverse("audit:witness_end", args=[witness.pk]) in page


def test_what_is_refused_stands_beside_its_field(barbara: User) -> None:
    client = signed_in(barbara)
    named(key(2, "oak.example"))
    for more, words in (
        ({"vkey": "nonsense"}, "This is no public key of a witness"),
        ({"vkey": key(2, "oak.example")}, "A witness of this name or with this key is in force: oak.example."),
        ({"address": "gopher://elm.example"}, "address is like https://witness.example.org"),
        ({"ties": "two\nlines"}, "Ties are told in one line"),
        ({"vkey": ""}, "This field is required"),
    ):
        answer = client.post(NEW, told(**more))
        assert answer.status_code == 422, more
        assert words in answer.content.decode()
    assert Witness.objects.count() == 1
    assert len(refusals()) == 4


def test_who_has_not_proved_lately_who_they_are_is_asked_to(barbara: User) -> None:
    witness = named(key(), owner=barbara.pseudonym)
    end = reverse("audit:witness_end", args=[witness.pk])
    for client in (signed_in(barbara, seconds_ago=None), signed_in(barbara, seconds_ago=400)):
        for address in (NEW, end):
            answer = client.post(address, told())
            assert answer.status_code == 302
            assert answer["Location"].startswith(reverse("account_reauthenticate"))
    assert Witness.objects.in_force().count() == 1


def test_others_register_nothing(ada: User, grace: User, margaret: User) -> None:
    for user in (ada, grace, margaret):
        assert signed_in(user).get(NEW).status_code == 403
        assert signed_in(user).post(NEW, told()).status_code == 403
    assert Client().get(NEW).status_code == 302
    assert not Witness.objects.exists()


def test_a_witness_is_ended_after_being_told_what_that_does(barbara: User, radia: User) -> None:
    hers = named(key(), owner=barbara.pseudonym)
    named(key(2, "oak.example"))
    named(key(3, "ash.example"))
    end = reverse("audit:witness_end", args=[hers.pk])
    assert signed_in(radia).post(end).status_code == 403
    client = signed_in(barbara)
    assert "2 witnesses are left, and 2 of them are needed." in client.get(end).content.decode()
    assert client.post(end).status_code == 302
    assert hers.pk not in Witness.objects.in_force().values_list("pk", flat=True)
    assert client.post(end).status_code == 409
    assert client.get(reverse("audit:witness_end", args=[2**62])).status_code == 404
    assert client.get(f"{WITNESSES}{2**70}/end/").status_code == 404


def test_the_policy_is_plain_text_for_programs() -> None:
    signer = Signer.from_seed("garden.example/log", b"\x01" * 32)
    old = Signer.from_seed("garden.example/log", b"\x02" * 32)
    for one in (signer, old):
        announce_key(actor=OPERATOR, vkey=one.vkey, now=NOON)
    retire_key(actor=OPERATOR, key_id=old.key_id.hex(), now=NOON)
    answer = Client().get(POLICY)
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Cache-Control"] == "no-cache"
    assert not answer.cookies
    lines = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
    assert lines == [f"log {signer.vkey} http://localhost:8000/log", "quorum none"]
    named(key())
    named(key(2, "oak.example"), address="https://oak.example/w")
    lines = [line for line in Client().get(POLICY).content.decode().splitlines() if not line.startswith("#")]
    assert lines[1:] == [
        f"witness elm.example/w1 {key()} https://elm.example",
        f"witness oak.example {key(2, 'oak.example')} https://oak.example/w",
        "group majority 2 elm.example/w1 oak.example",
        "quorum majority",
    ]
