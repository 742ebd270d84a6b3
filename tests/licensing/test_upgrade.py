"""A database with releases from before there were offers is migrated to today: what was sold stays sold, and shown."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections, transaction
from django.test import Client

from apps.accounts.domain.roles import Role
from apps.accounts.services import grant_role
from apps.audit.domain.actor import Actor
from apps.audit.flows import publicly_proved
from apps.audit.queries import receipt_for
from apps.audit.services import record
from apps.licensing.events import LicensingEvent
from apps.licensing.flows import recluster_if_due, retire_due_clusters, sweep
from apps.licensing.models import Attempt, AttemptState, Edition, Offer, OfferState, Release
from showdown import granting
from tests import services
from tests.audit.witnessed import WitnessedPress
from tests.conftest import NOON
from tests.licensing.before_offers import (
    HASH,
    ITEMS,
    Past,
    as_it_was,
    empty_database,
    everybody_may_everything,
    person,
)
from tests.licensing.opened import later
from tests.licensing.races import BROKEN
from tests.licensing.verdicts import NEVER
from tests.web.test_receipts import verified

SYSTEM = Actor.system("tests.upgrade")
# Everything that licensing wrote to the log before, about the release that was sold then.
SEALED = LicensingEvent.SEALED


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.committed
def test_an_old_database_with_something_sold_goes_on(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.LOG_FILES = tmp_path / "transparency"
    settings.RELEASES_DIR = tmp_path / "releases"
    with empty_database(services.database_name("upgraded")) as owner:
        past = as_it_was(owner)
        everybody_may_everything(owner)
        press = WitnessedPress(tmp_path)
        sealed = past.releases["sealed"]
        with transaction.atomic():
            record(SEALED, actor=SYSTEM, subject=f"licensing.release:{sealed}", at=NOON, facts={"items": ITEMS})
        first = press.publish()
        connections.close_all()
        call_command("migrate", database="owner", verbosity=0, interactive=False, skip_checks=True, stdout=StringIO())
        connections.close_all()
        the_wall_holds(past)
        nobody_has_more_than_the_file_says()
        what_was_there_is_there(past)
        the_desk_goes_on(past, press)
        the_pages_open(past, client)
        the_log_verifies(past, press, tmp_path, first.size)


def the_wall_holds(past: Past) -> None:
    for name, query in {**BROKEN, **NEVER}.items():
        found = past.owner.execute(query.encode(), {"clusters": past.clusters}).fetchall()
        assert found == [], name


def nobody_has_more_than_the_file_says() -> None:
    with connections["owner"].cursor() as cursor:
        assert granting.wanted(cursor) == granting.given(cursor)


def what_was_there_is_there(past: Past) -> None:
    assert dict(Release.objects.values_list("state", "pk")) == past.releases
    sealed = Release.objects.get(state="sealed")
    assert (sealed.items, sealed.items_root) == (ITEMS, HASH)
    items = past.owner.execute("SELECT battle_id FROM release_item ORDER BY 1").fetchall()
    assert [battle for (battle,) in items] == past.sold
    # What was sealed then waits for an edition of today's format, and for everything that is asked before it opens.
    offer = Offer.objects.get()
    assert (offer.release_id, offer.state, offer.builder_id) == (
        sealed.pk, OfferState.BUILDING, past.people["margaret"],
    )  # fmt: skip
    assert offer.requester_id is None
    assert list(offer.recipients.values_list("licensee_id", flat=True)) == [sealed.licensee_id]
    assert not Edition.objects.exists()


def the_desk_goes_on(past: Past, press: WitnessedPress) -> None:
    for name, role in (("margaret", Role.LICENSING_OFFICER), ("ingrid", Role.LICENSEE), ("barbara", Role.AUDITOR)):
        grant_role(actor=SYSTEM, user=person(past, name), role=role, now=NOON)
    compared = recluster_if_due(actor=Actor.system("licensing.recluster_due"))
    assert compared is not None
    assert (compared.founders, compared.signed, compared.merged, compared.near_released) == (4, 4, 0, 0)
    retire_due_clusters(actor=Actor.system("licensing.retire_due"))
    # The cancelled one's cluster retires again, the live one's does not, and nothing sold does twice.
    certified = past.owner.execute("SELECT cluster_id FROM retired_cluster ORDER BY 1").fetchall()
    assert [cluster for (cluster,) in certified] == past.clusters[:3]
    sweep(actor=Actor.system("licensing.sweep"), clock=later(hours=1))
    assert Attempt.objects.get(release=past.releases["draft"]).state == AttemptState.INTERRUPTED
    edition = Edition.objects.get()
    # One voter is no ten: they are in no copy. The rows are counted all the same.
    assert (edition.rows, edition.release_id) == (0, past.releases["sealed"])
    assert Offer.objects.get().state == OfferState.AWAITING
    the_wall_holds(past)
    press.publish()


def the_pages_open(past: Past, client: Client) -> None:
    pages = {
        "": ["/releases/", "/releases/live/", "/releases/announced/", "/releases/licensees/", "/log/"],
        "margaret": ["/releases/desk/", "/releases/withdrawals/",
                     *(f"/releases/{release}/" for release in past.releases.values())],
        "ingrid": ["/releases/mine/", "/releases/mine/terms/"],
        "barbara": [f"/releases/{past.releases['sealed']}/", f"/releases/{past.releases['sealed']}/replay/"],
    }  # fmt: skip
    for name, addresses in pages.items():
        client.logout()
        if name:
            client.force_login(person(past, name))
        for address in addresses:
            answer = client.get(address)
            assert answer.status_code == 200, (name, address, answer.status_code)


def the_log_verifies(past: Past, press: WitnessedPress, folder: Path, size_before: int) -> None:
    assert press.publish().size > size_before
    subject = f"licensing.release:{past.releases['sealed']}"
    proof = publicly_proved(lambda size: receipt_for(subject, SEALED.value, size=size))
    text = proof.as_text() if proof is not None else None
    assert proof is not None
    assert text is not None
    (folder / "proof").write_text(text)
    (folder / "entry").write_bytes(proof.proved.body)
    said = verified(folder, press, "proof", "--entry", "entry")
    assert said.returncode == 0, said.stdout + said.stderr
