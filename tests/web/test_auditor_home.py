"""Barbara's overview: what needs her, and what the log's state is; and the public page that strangers check."""

from datetime import timedelta

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.audit.models import Entry
from apps.web.queries import auditor_home
from tests.audit.garden import plant
from tests.audit.witnessed import WitnessedPress
from tests.conftest import NOON
from tests.web.test_samples import text_of

pytestmark = pytest.mark.committed


@pytest.fixture
def auditor(client: Client, barbara: User) -> Client:
    client.force_login(barbara)
    return client


def test_before_the_first_signature_it_says_so(auditor: Client) -> None:
    page = text_of(auditor.get("/home/").content)
    assert "nothing is signed yet" in page
    assert "Nobody countersigns" in page
    assert "You have no witness of your own" in page


def test_it_shows_the_last_checkpoint_and_its_witnesses(auditor: Client, barbara: User, press: WitnessedPress) -> None:
    press.add_witness("barbara.example/w1", barbara)
    checkpoint = press.publish()
    page = text_of(auditor.get("/home/").content)
    assert f"{checkpoint.size} entries are signed, and 1 witness says so" in page
    assert "barbara.example/w1" in page
    assert "You have no witness" not in page
    assert not Entry.objects.filter(event__contains="looked_at").exists(), "it shows no entry, so it is no look"


def test_a_silent_witness_and_a_tree_that_nobody_signs_are_exceptions(barbara: User, press: WitnessedPress) -> None:
    press.add_witness("barbara.example/w1", barbara)
    press.publish()
    home = auditor_home(actor=barbara.as_actor(), now=NOON)
    assert home.silent == []
    press.stop_witness("barbara.example/w1")
    plant(1)
    press.publish(now=NOON + timedelta(minutes=9))
    assert auditor_home(actor=barbara.as_actor(), now=press.now).silent == []
    plant(1)
    press.publish(now=NOON + timedelta(minutes=11))
    assert [row.name for row in auditor_home(actor=barbara.as_actor(), now=press.now).silent] == ["barbara.example/w1"]
    plant(4)
    # The press's people wrote at noon; whoever looks a minute later finds them waiting.
    assert auditor_home(actor=barbara.as_actor(), now=NOON + timedelta(minutes=30)).is_behind


def test_refusals_and_pending_releases_are_counted(auditor: Client, mallory: User, barbara: User) -> None:
    other = Client()
    other.force_login(mallory)
    other.get("/log/entries/")
    page = text_of(auditor.get("/home/").content)
    assert "1 refusals since yesterday" in page
    assert auditor.get("/log/entries/?event=audit.refused").status_code == 200


def test_the_public_page_gives_keys_checkpoint_and_three_commands(client: Client, press: WitnessedPress) -> None:
    press.add_witness("somebody.example/w1")
    checkpoint = press.publish()
    page = client.get("/log/").content.decode()
    assert press.vkey in page
    assert checkpoint.root.hex() in page
    assert "somebody.example/w1" in page
    assert page.count("<pre") == 3
    assert "/log/entries/" not in page
