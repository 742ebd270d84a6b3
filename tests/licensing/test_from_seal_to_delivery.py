"""What may go wrong between the seal and the reader, with real files all the way: nothing leaves that must not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.contributors.models import ConsentKind, Contributor
from apps.contributors.services import withdraw_consent
from apps.licensing.domain.pseudonyms import Pseudonyms
from apps.licensing.flows import approve, build_due_editions, draft, open_now, retire_due_clusters, seal, sweep
from apps.licensing.flows.matching import match_due_days
from apps.licensing.flows.withdrawing import tend_withdrawals
from apps.licensing.models import Delivery, Edition, Offer, OfferState, PseudonymKey, Tombstone
from apps.licensing.services import Sealing, TooYoung
from tests.audit.witnessed import WitnessedPress
from tests.licensing.builds import BUILDER, NIGHT
from tests.licensing.crowds import crowd, voted
from tests.licensing.offered import proved, under_new_rules, when_the_lock_is_over
from tests.licensing.opened import PLATFORM, TABLE, adopt_terms, fetched
from tests.licensing.world import World
from tests.policy.history import decree

pytestmark = pytest.mark.committed


@dataclass
class Sold:
    """An announced release of fourteen rows, built for Ingrid, whose lock has not run out."""

    world: World
    press: WitnessedPress
    offer: Offer
    voters: list[int]
    root: Path

    @property
    def edition(self) -> Edition:
        """The edition as it now is."""
        return Edition.objects.get(offer=self.offer)

    def state(self) -> str:
        """Return how far the offer is."""
        return Offer.objects.get(pk=self.offer.pk).state

    def asked_for(self, client: Client) -> tuple[int, bytes]:
        """Let Ingrid ask for the rows."""
        answer, content = fetched(client, f"/releases/mine/{self.edition.pk}/files/{TABLE}")
        return answer.status_code, content


@pytest.fixture
def sold(
    world: World, press: WitnessedPress, margaret: User, katherine: User, dorothy: User, settings: Any, tmp_path: Path
) -> Sold:
    """Go from a draft to the notice as people do."""
    settings.RELEASES_DIR = tmp_path / "releases"
    adopt_terms()
    prompt, _cluster = world.prompt()
    voters = crowd(world, 14)
    voted(world, prompt, voters)
    retire_due_clusters(actor=NIGHT)
    release = draft(actor=margaret.as_actor(), licensee=world.licensee, title="The sky", filters={})
    seal(actor=margaret.as_actor(), release_id=release.pk, mode=Sealing.ALL_OR_NOTHING)
    assert build_due_editions(actor=BUILDER) == 1
    offer = Offer.objects.get()
    for person in (katherine, dorothy):
        offer = approve(actor=proved(person), offer_id=offer.pk, digest=offer.digest)
    assert offer.state == OfferState.ANNOUNCED
    press.publish()
    return Sold(world=world, press=press, offer=offer, voters=voters, root=tmp_path / "releases")


def test_consent_withdrawn_during_the_lock_takes_the_row_out_of_what_is_delivered(
    sold: Sold, client: Client, ingrid: User
) -> None:
    client.force_login(ingrid)
    approved = sold.edition
    person = Contributor.objects.get(pk=sold.voters[0])
    assert person.account is not None
    withdraw_consent(actor=person.account.as_actor(), kind=ConsentKind.LICENSING, now=timezone.now())
    when_the_lock_is_over(sold.world, sold.offer)
    assert sold.asked_for(client)[0] == 409
    sweep(actor=BUILDER)
    assert (sold.state(), Tombstone.objects.count()) == (OfferState.OPEN, 1)
    # The successor names the approved one, and is handed out once the log has signed it too.
    edition = sold.edition
    assert (edition.revision, edition.rows) == (1, 13)
    assert edition.manifest["edition"]["supersedes"]["approved"] == approved.manifest_sha256
    assert sold.asked_for(client)[0] == 409
    sold.press.publish()
    status, content = sold.asked_for(client)
    assert status == 200
    rows = set(pq.read_table(sold.root / edition.path / TABLE)["row"].to_pylist())
    key = bytes(PseudonymKey.objects.get(licensee=sold.world.licensee).key)
    gone = Pseudonyms(key).row(Tombstone.objects.get().battle_id).hex()
    assert content == (sold.root / edition.path / TABLE).read_bytes()
    assert (len(rows), gone in rows, edition.manifest["gone"]["withdrawn"]) == (13, False, [gone])
    assert not (sold.root / approved.path).exists()


def test_a_policy_tightened_between_seal_and_delivery_holds_it_back_until_it_is_old_enough(
    sold: Sold, client: Client, ingrid: User
) -> None:
    client.force_login(ingrid)
    under_new_rules(sold.world, "W1", min_age_days=120)
    when_the_lock_is_over(sold.world, sold.offer)
    sweep(actor=BUILDER)
    with pytest.raises(TooYoung):
        open_now(actor=BUILDER, offer_id=sold.offer.pk)
    assert (sold.state(), sold.asked_for(client)[0]) == (OfferState.ANNOUNCED, 409)
    # The stricter of the pinned version and today's: ninety days are over, and so is what the release was sealed under.
    under_new_rules(sold.world, "W1", min_age_days=90)
    open_now(actor=BUILDER, offer_id=sold.offer.pk)
    assert sold.asked_for(client)[0] == 200
    # Rule 9 is asked when it is sealed and opened. Rule 7 looks at all releases, so that a larger k reaches open ones.
    decree(sold.world.owner, "W7", k=15)
    sweep(actor=BUILDER)
    assert (sold.edition.revision, sold.edition.rows) == (1, 0)
    assert Delivery.objects.count() == 1


def test_a_machine_ninety_days_ahead_lets_nothing_out(sold: Sold, client: Client, ingrid: User) -> None:
    client.force_login(ingrid)
    fast: Callable[[], Any] = lambda: timezone.now() + timedelta(days=90)  # noqa: E731 - A clock.
    _prompt, live, _battles = sold.world.sky(days_ago=10)
    retire_due_clusters(actor=NIGHT, clock=fast)
    sweep(actor=BUILDER, clock=fast)
    tend_withdrawals(actor=PLATFORM, clock=fast)
    match_due_days(actor=PLATFORM, clock=fast)
    assert not sold.world.value("SELECT count(*) FROM retired_cluster WHERE cluster_id = %s", live)
    assert (sold.state(), sold.asked_for(client)[0]) == (OfferState.ANNOUNCED, 409)
    assert (Delivery.objects.count(), Tombstone.objects.count()) == (0, 0)
    # Nor is anything done that the right clock could not go on from.
    when_the_lock_is_over(sold.world, sold.offer)
    sold.world.owner.execute("UPDATE licensing_attempt SET closed_at = closed_at - interval '25 hours'")
    sweep(actor=BUILDER)
    assert (sold.state(), sold.asked_for(client)[0]) == (OfferState.OPEN, 200)
