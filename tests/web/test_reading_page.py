"""Barbara reads who read how much; that she did is an entry, and nobody else gets in."""

import csv
import io

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.audit.models import Entry
from apps.policy.domain.reading import Purpose
from apps.policy.models import ContentLook
from apps.policy.services import read_content
from tests.conftest import NOON

pytestmark = pytest.mark.committed
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def visit(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def read(user: User, purpose: Purpose, *numbers: int, key: str = "") -> None:
    read_content(
        actor=user.as_actor(),
        purpose=purpose,
        subjects=[f"prompts.prompt:{number}" for number in numbers],
        load=lambda: None,
        now=NOON,
        key=key,
    )


def test_barbara_sees_who_read_how_much_by_month_and_role(grace: User, alan: User, barbara: User) -> None:
    read(grace, Purpose.CASE, 1, 2, 3)
    read(grace, Purpose.CASE, 3)
    read(alan, Purpose.STATEMENT, 3, key="sk_7f3a")
    month = f"{ContentLook.objects.latest('pk').at:%Y-%m}"
    page = visit(barbara).get("/auditor/reading/").content.decode()
    assert "2 people who work here read 4 texts of others" in " ".join(page.split())
    assert grace.pseudonym in page
    assert alan.pseudonym in page
    told = visit(barbara).get(f"/auditor/reading.csv?month={month}")
    assert told["Content-Type"].startswith("text/csv")
    rows = [
        (row["month"], row["role"], row["purpose"], row["reader"], row["key"], row["looks"], row["texts"])
        for row in csv.DictReader(io.StringIO(told.content.decode()))
    ]
    assert rows == [
        (month, "moderator", "case", grace.pseudonym, "", "2", "3"),
        (month, "moderator", "statement", alan.pseudonym, "sk_7f3a", "1", "1"),
    ]
    looks = Entry.objects.filter(event="web.reading_looked_at").order_by("pk")
    assert [look.subject for look in looks] == [f"policy.reading:{month}"] * 2


def test_a_month_without_reading_says_so_and_nonsense_is_this_month(barbara: User) -> None:
    page = visit(barbara).get("/auditor/reading/?month=2020-02")
    assert "Nobody who works here read a word of others in February 2020" in " ".join(page.content.decode().split())
    assert visit(barbara).get("/auditor/reading/?month=2020-13%27--").status_code == 200
    every = visit(barbara).get("/auditor/reading.csv?month=nonsense")
    assert every["Content-Disposition"] == 'attachment; filename="showdown-reading-all.csv"'


def test_nobody_but_auditors_reads_it(grace: User, radia: User, ada: User) -> None:
    for user in (grace, radia, ada):
        for address in ("/auditor/reading/", "/auditor/reading.csv"):
            assert visit(user).get(address).status_code == 403
    assert Client().get("/auditor/reading/").status_code == 302
    assert not Entry.objects.filter(event="web.reading_looked_at").exists()
