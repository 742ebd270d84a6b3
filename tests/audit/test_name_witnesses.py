"""Whose signatures count: auditors name witnesses of their own, and every change is an entry."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connections

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.note import Cosigner, Signer
from apps.audit.models import Entry, Salt, Witness
from apps.audit.queries import commitment_opens, trail_of
from apps.audit.services import (
    AlreadyAWitness,
    AlreadyEnded,
    NotAWitnessKey,
    NotYourWitness,
    ReauthenticationNeeded,
    TooManyWitnesses,
    UnfitAddress,
    UnfitTies,
    add_witness,
    end_witness,
    move_witness,
)
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

OPERATOR = Actor.system("audit.log_witness")
TIES = "Elected by the readers; holds no shares of anybody on the board."


def key(number: int = 1, name: str = "elm.example/w1") -> str:
    return Cosigner.from_seed(name, bytes([number]) * 32).vkey


def fresh(user: User, at: datetime = NOON) -> Actor:
    """Return somebody who has just proved who they are."""
    return user.as_actor(reauthenticated_at=at)


def add(actor: Actor, vkey: str = "", *, owner: str | None = None, **told: Any) -> Witness:
    told = {"address": "https://elm.example", "ties": TIES, "now": NOON, **told}
    owner = owner if owner is not None else (actor.pseudonym if actor.has("auditor") else "")
    return add_witness(actor=actor, vkey=vkey or key(), owner_pseudonym=owner, **told)


def test_an_auditor_names_a_witness_of_her_own(barbara: User) -> None:
    witness = add(fresh(barbara), address="https://elm.example/showdown/")
    assert (witness.name, witness.owner_pseudonym) == ("elm.example/w1", barbara.pseudonym)
    assert witness.address == "https://elm.example/showdown"
    assert trail_of(witness.ref) == ["audit.witness_added"]
    entry = Entry.objects.get(subject=witness.ref)
    assert entry.actor_pseudonym == barbara.pseudonym
    assert {name: entry.facts[name] for name in ("vkey", "is_asked", "owner")} == {
        "vkey": key(), "is_asked": True, "owner": barbara.pseudonym,
    }  # fmt: skip
    assert commitment_opens(entry.facts["ties"], TIES)
    assert TIES not in bytes(entry.body).decode()


def test_a_witness_that_pulls_needs_no_address_and_may_have_no_ties(barbara: User) -> None:
    witness = add(fresh(barbara), address="", ties="")
    assert list(Witness.objects.in_force()) == [witness]
    assert not Witness.objects.asked().exists()
    assert Entry.objects.get(subject=witness.ref).facts["ties"] is None
    assert not Salt.objects.filter(subject=witness.ref).exists()


def test_an_administrator_names_one_of_an_outside_body(radia: User) -> None:
    assert add(fresh(radia)).owner_pseudonym == ""


def test_nobody_else_names_any(
    ada: User, grace: User, margaret: User, katherine: User, ingrid: User, mallory: User
) -> None:
    for user in (ada, grace, margaret, katherine, ingrid, mallory):
        for owner in ("", user.pseudonym):
            with pytest.raises(NotYourWitness):
                add(fresh(user), owner=owner)
    with pytest.raises(NotYourWitness):
        add(Actor.visitor(request_id="request"))
    assert not Witness.objects.exists()


def test_nobody_names_one_for_somebody_else(barbara: User, radia: User, person: Callable[..., User]) -> None:
    from apps.accounts.domain.roles import Role

    joan = person("joan", Role.AUDITOR)
    for actor, owner in (
        (fresh(barbara), joan.pseudonym),
        (fresh(barbara), ""),
        (fresh(radia), barbara.pseudonym),
        (fresh(radia), radia.pseudonym),
    ):
        with pytest.raises(NotYourWitness):
            add(actor, owner=owner)
    assert add(OPERATOR, owner=barbara.pseudonym).owner_pseudonym == barbara.pseudonym


def test_who_has_not_proved_lately_who_they_are_changes_nothing(barbara: User, settings: LazySettings) -> None:
    within = timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)
    for actor in (barbara.as_actor(), fresh(barbara, NOON - within - timedelta(seconds=1))):
        with pytest.raises(ReauthenticationNeeded):
            add(actor)
    witness = add(fresh(barbara, NOON - within))
    with pytest.raises(ReauthenticationNeeded):
        end_witness(actor=barbara.as_actor(), witness_id=witness.pk, now=NOON)


@pytest.mark.parametrize(
    "vkey",
    [
        "x",
        "elm.example/w1",
        "elm.example/w1+00000000+BAID",
        key()[:-4],
        f"{key()}\n",
        f" {key()}",
        f"+{key()}",
        key() * 200,
        key(name="none"),
        key(name="majority"),
        key(name="ann@elm.example"),
        key(name="ulme.example/ß"),
        key(name="e" * 121),
        key(name="-elm"),
        Signer.from_seed("elm.example/w1", b"\x01" * 32).vkey,
        "elm\x00.example+0a1b2c3d+BAID",
        "\ud800+0a1b2c3d+BAID",
    ],
)
def test_a_key_that_is_none_of_a_witness_is_refused(barbara: User, vkey: str) -> None:
    with pytest.raises(NotAWitnessKey):
        add(fresh(barbara), vkey)


@pytest.mark.parametrize(
    "address",
    [
        "elm.example",
        " https://elm.example",
        "ftp://elm.example",
        "file:///etc/passwd",
        "javascript:x",
        "http://elm.example",
        "http://169.254.169.254",
        "https://",
        "https:///path",
        "https://user@elm.example",
        "https://user:word@elm.example",
        "https://elm.example?x",
        "https://elm.example/#x",
        "https://elm.example:port",
        "https://elm.example:99999",
        "https://[::1",
        "https://elm.example/a b",
        "https://elm.example/\n",
        "https://elm.example/\x00",
        "https://ülme.example",
        "https://elm.example/" + "x" * 400,
    ],
)
def test_an_address_that_the_log_should_not_go_to_is_refused(barbara: User, address: str) -> None:
    with pytest.raises(UnfitAddress):
        add(fresh(barbara), address=address)


def test_the_same_machine_is_an_address_in_the_demo_only(barbara: User, settings: LazySettings) -> None:
    assert add(fresh(barbara), address="http://127.0.0.1:8290").address == "http://127.0.0.1:8290"
    settings.TESTING = False
    with pytest.raises(UnfitAddress):
        add(fresh(barbara), key(2, "oak.example"), address="http://127.0.0.1:8290")
    settings.DEMO = True
    assert add(fresh(barbara), key(2, "oak.example"), address="http://localhost:8290")


@pytest.mark.parametrize("ties", ["x" * 501, "two\nlines", "a\x00b", "\ud800"])
def test_ties_are_told_in_one_short_line(barbara: User, ties: str) -> None:
    with pytest.raises(UnfitTies):
        add(fresh(barbara), ties=ties)


def test_a_name_and_a_key_are_in_force_once(barbara: User) -> None:
    witness = add(fresh(barbara))
    for vkey in (key(), key(2), key(1, "oak.example")):
        with pytest.raises(AlreadyAWitness):
            add(fresh(barbara), vkey)
    end_witness(actor=fresh(barbara), witness_id=witness.pk, now=NOON)
    # One that lost its key comes back under its name with another one.
    assert add(fresh(barbara), key(2)).pk != witness.pk


def test_there_are_never_more_than_a_policy_can_hold(barbara: User) -> None:
    for number in range(32):
        add(fresh(barbara), key(number, f"w{number}.example"))
    with pytest.raises(TooManyWitnesses):
        add(fresh(barbara), key(99, "one.more.example"))


def test_a_witness_is_ended_by_whose_it_is(barbara: User, radia: User, person: Callable[..., User]) -> None:
    from apps.accounts.domain.roles import Role

    hers, nobodys = add(fresh(barbara)), add(fresh(radia), key(2, "oak.example"))
    joan = person("joan", Role.AUDITOR)
    for actor, witness in ((radia, hers), (joan, hers), (joan, nobodys), (barbara, nobodys)):
        with pytest.raises(NotYourWitness):
            end_witness(actor=fresh(actor), witness_id=witness.pk, now=NOON)
    end_witness(actor=fresh(barbara), witness_id=hers.pk, now=NOON)
    end_witness(actor=fresh(radia), witness_id=nobodys.pk, now=NOON)
    assert not Witness.objects.in_force().exists()
    assert trail_of(hers.ref) == ["audit.witness_added", "audit.witness_ended"]
    for witness_id in (hers.pk, 0, 2**62):
        with pytest.raises(AlreadyEnded):
            end_witness(actor=OPERATOR, witness_id=witness_id, now=NOON)


def test_a_witness_moves_with_its_key_and_its_owner(barbara: User, radia: User) -> None:
    witness = add(fresh(barbara))
    with pytest.raises(NotYourWitness):
        move_witness(actor=fresh(radia), witness_id=witness.pk, address="https://new.example", now=NOON)
    with pytest.raises(UnfitAddress):
        move_witness(actor=fresh(barbara), witness_id=witness.pk, address="new.example", now=NOON)
    # What was refused half-way changed nothing.
    assert list(Witness.objects.in_force()) == [witness]
    moved = move_witness(actor=fresh(barbara), witness_id=witness.pk, address="https://new.example", now=NOON)
    assert [(one.pk, one.address) for one in Witness.objects.in_force()] == [(moved.pk, "https://new.example")]
    assert (moved.vkey, moved.owner_pseudonym, moved.ties) == (witness.vkey, barbara.pseudonym, TIES)
    assert trail_of(witness.ref) + trail_of(moved.ref) == [
        "audit.witness_added",
        "audit.witness_ended",
        "audit.witness_added",
    ]


@pytest.mark.committed
def test_of_two_who_register_one_key_at_once_one_is_refused() -> None:
    together, refused = threading.Barrier(8), []

    def register(number: int) -> None:
        try:
            together.wait()
            add(OPERATOR, key(1, f"w{number}.example"))
        except AlreadyAWitness as already:
            refused.append(already)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=register, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7
    assert Witness.objects.in_force().count() == 1
