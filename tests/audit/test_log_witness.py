"""``manage.py log_witness``: the operator names witnesses, and the log says so."""

import io

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.models import User
from apps.audit.domain.note import Cosigner
from apps.audit.models import Entry, Witness
from apps.audit.queries import trail_of

pytestmark = pytest.mark.django_db

VKEY = Cosigner.from_seed("elm.example/w1", b"\x01" * 32).vkey


def told(*arguments: str) -> str:
    out = io.StringIO()
    call_command("log_witness", *arguments, stdout=out)
    return out.getvalue()


def test_a_witness_is_added_moved_listed_and_ended(barbara: User) -> None:
    assert "is a witness from now on" in told("add", VKEY, "--owner", barbara.pseudonym, "--ties", "None known.")
    assert told("list").startswith(f"{VKEY}  only pulls, of {barbara.pseudonym}, since ")
    assert "https://elm.example" in told("move", "elm.example/w1", "--address", "https://elm.example")
    assert "is asked no more" in told("end", "elm.example/w1")
    first, second = Witness.objects.order_by("pk")
    assert trail_of(second.ref) == ["audit.witness_added", "audit.witness_ended"]
    assert Entry.objects.filter(subject=first.ref).values_list("actor_pseudonym", flat=True).distinct().get() == (
        "system:audit.log_witness"
    )
    assert told("list").count(" until ") == 2


def test_what_is_refused_is_told_and_recorded() -> None:
    with pytest.raises(CommandError, match="This is no public key of a witness"):
        told("add", "nonsense")
    assert Entry.objects.filter(event="audit.refused").count() == 1
    with pytest.raises(CommandError, match=r"No witness in force is called 'elm\.example/w1'"):
        told("end", "elm.example/w1")
    assert told("list") == ""
