"""Margaret at her desk: she tries to sell what is live, waits, and sells what is past the wall."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.models import Entry
from apps.licensing.events import LicensingEvent
from apps.licensing.flows import cancel, retire_due_clusters, seal, sweep
from apps.licensing.models import Attempt, AttemptState, EligibleBattle, Release, ReleaseItem, ReleaseState
from apps.licensing.queries import retirement_window, tally_of
from apps.licensing.services import (
    AttemptIsOver,
    NotCancellable,
    Sealing,
    SealingUnderWay,
    TakenOut,
    attempt_sealing,
    draft_release,
)
from tests.licensing.world import World
from tests.trails import trail_of

pytestmark = pytest.mark.committed

NIGHT = Actor.system("licensing.retire_due")


def drafted(world: World, margaret: User, **filters: Any) -> Release:
    return draft_release(
        actor=margaret.as_actor(),
        licensee=world.licensee,
        title="Questions about the sky",
        filters=filters,
        now=timezone.now(),
    )


def facts_of(event: LicensingEvent) -> dict[str, Any]:
    facts: dict[str, Any] = Entry.objects.filter(event=event).latest("pk").facts
    return facts


def test_margaret_cannot_sell_what_is_live(world: World, margaret: User) -> None:
    world.sky(days_ago=10)
    world.sky(days_ago=40)
    _prompt, _cluster, [old] = world.sky(days_ago=100)
    retire_due_clusters(actor=NIGHT)
    release = drafted(world, margaret)
    with pytest.raises(TakenOut) as refused:
        seal(actor=margaret.as_actor(), release_id=release.pk, mode=Sealing.ALL_OR_NOTHING)
    assert refused.value.clause == "W1"
    assert "2 of 3 battles are behind the wall" in refused.value.message
    release.refresh_from_db()
    assert (release.state, release.refused_clause) == (ReleaseState.REFUSED, "W1")
    assert release.tally == {"W1": 2, "W2": 0, "W3": 0}
    assert trail_of(release) == [
        LicensingEvent.DRAFTED,
        LicensingEvent.SEAL_ATTEMPTED,
        LicensingEvent.SEAL_REFUSED,
    ]
    assert facts_of(LicensingEvent.SEAL_REFUSED)["taken_out"] == {"live": 2, "consent": 0, "unfit": 0}
    assert not ReleaseItem.objects.exists()
    assert EligibleBattle.objects.get().battle_id == old
    # A refused release has ended.
    with pytest.raises(AttemptIsOver):
        seal(actor=margaret.as_actor(), release_id=release.pk, mode=Sealing.PAST_THE_WALL)


def test_the_refusal_says_when_the_first_and_the_last_are_past_the_wall(world: World, margaret: User) -> None:
    world.sky(days_ago=10)
    world.sky(days_ago=40)
    world.sky(days_ago=70)
    release = drafted(world, margaret)
    window = retirement_window(release)
    now = timezone.now()
    assert (window.live, window.waiting, window.never) == (2, 1, 0)
    assert window.first_at is not None
    assert window.last_at is not None
    assert abs(window.first_at - (now + timedelta(days=20))) < timedelta(minutes=5)
    assert abs(window.last_at - (now + timedelta(days=50))) < timedelta(minutes=5)
    with pytest.raises(TakenOut) as refused:
        seal(actor=margaret.as_actor(), release_id=release.pk, mode=Sealing.ALL_OR_NOTHING)
    assert "the last on" in refused.value.message


def test_past_the_wall_it_seals(world: World, margaret: User) -> None:
    world.sky(days_ago=1)
    _old_prompt, _old_cluster, old = world.sky(days_ago=100, battles=3)
    retire_due_clusters(actor=NIGHT)
    release = drafted(world, margaret)
    sealed = seal(actor=margaret.as_actor(), release_id=release.pk, mode=Sealing.PAST_THE_WALL)
    assert (sealed.state, sealed.items, sealed.asked) == (ReleaseState.SEALED, 3, 4)
    assert sealed.tally == {"W1": 1, "W2": 0, "W3": 0}
    assert list(ReleaseItem.objects.values_list("battle_id", flat=True)) == old
    assert len(sealed.items_root) == 64
    assert trail_of(sealed) == [
        LicensingEvent.DRAFTED,
        LicensingEvent.SEAL_ATTEMPTED,
        LicensingEvent.SEALED,
    ]
    assert facts_of(LicensingEvent.SEALED)["items_root"] == sealed.items_root
    assert Attempt.objects.get().state == AttemptState.DONE


def test_a_month_later_all_of_it_seals(world: World, margaret: User) -> None:
    world.sky(days_ago=35, battles=2)
    world.sky(days_ago=90)
    assert retire_due_clusters(actor=NIGHT) == 1
    world.owner.execute("UPDATE battles_battle SET last_event_at = last_event_at - interval '720 hours'")
    assert retire_due_clusters(actor=NIGHT) == 2
    release = drafted(world, margaret)
    assert tally_of(release).first_refusing is None
    sealed = seal(actor=margaret.as_actor(), release_id=release.pk, mode=Sealing.ALL_OR_NOTHING)
    assert sealed.items == 3


def test_when_nothing_is_past_the_wall_nothing_seals_and_the_draft_stays(world: World, margaret: User) -> None:
    world.sky(days_ago=10)
    release = drafted(world, margaret)
    with pytest.raises(TakenOut):
        seal(actor=margaret.as_actor(), release_id=release.pk, mode=Sealing.PAST_THE_WALL)
    release.refresh_from_db()
    assert release.state == ReleaseState.DRAFT
    assert Attempt.objects.get().state == AttemptState.REFUSED


def test_a_machine_whose_clock_is_ninety_days_ahead_changes_nothing(world: World, margaret: User) -> None:
    _prompt, _cluster, [old] = world.sky(days_ago=100)
    world.sky(days_ago=10)
    fast = timezone.now() + timedelta(days=90)
    assert retire_due_clusters(actor=NIGHT, clock=lambda: fast) == 1
    release = draft_release(
        actor=margaret.as_actor(), licensee=world.licensee, title="From the future", filters={}, now=fast
    )
    assert tally_of(release).to_json()["W1"] == 1
    seal(actor=margaret.as_actor(), release_id=release.pk, mode=Sealing.PAST_THE_WALL, clock=lambda: fast)
    assert list(ReleaseItem.objects.values_list("battle_id", flat=True)) == [old]
    assert world.value("SELECT retired_at < now() + interval '1 minute' FROM retired_cluster")


def test_only_licensing_officers_draft_seal_and_cancel(
    world: World, ada: User, katherine: User, ingrid: User, barbara: User, margaret: User
) -> None:
    world.sky()
    retire_due_clusters(actor=NIGHT)
    release = drafted(world, margaret)
    for person in (ada, katherine, ingrid, barbara):
        with pytest.raises(NotPermitted):
            drafted(world, person)
        with pytest.raises(NotPermitted):
            seal(actor=person.as_actor(), release_id=release.pk, mode=Sealing.PAST_THE_WALL)
        with pytest.raises(NotPermitted):
            cancel(actor=person.as_actor(), release_id=release.pk)
    for actor in (NIGHT, Actor.visitor(request_id="somebody")):
        with pytest.raises(NotPermitted):
            seal(actor=actor, release_id=release.pk, mode=Sealing.PAST_THE_WALL)
    assert not Attempt.objects.exists()


def test_a_second_click_finds_the_release_sealed(world: World, margaret: User) -> None:
    world.sky()
    retire_due_clusters(actor=NIGHT)
    release = drafted(world, margaret)
    seal(actor=margaret.as_actor(), release_id=release.pk, mode=Sealing.PAST_THE_WALL)
    with pytest.raises(AttemptIsOver):
        seal(actor=margaret.as_actor(), release_id=release.pk, mode=Sealing.PAST_THE_WALL)
    assert ReleaseItem.objects.count() == 1


def test_two_officers_do_not_seal_one_release_at_once(world: World, margaret: User) -> None:
    world.sky()
    retire_due_clusters(actor=NIGHT)
    release = drafted(world, margaret)
    attempt_sealing(actor=margaret.as_actor(), release_id=release.pk, is_strict=False, now=timezone.now())
    with pytest.raises(SealingUnderWay):
        seal(actor=margaret.as_actor(), release_id=release.pk, mode=Sealing.PAST_THE_WALL)


def test_two_drafts_on_one_cluster_are_sold_once(world: World, margaret: User) -> None:
    world.sky(battles=2)
    retire_due_clusters(actor=NIGHT)
    first, second = drafted(world, margaret), drafted(world, margaret)
    seal(actor=margaret.as_actor(), release_id=first.pk, mode=Sealing.ALL_OR_NOTHING)
    assert tally_of(second).to_json()["W1"] == 2
    assert retirement_window(second).never == 2
    with pytest.raises(TakenOut):
        seal(actor=margaret.as_actor(), release_id=second.pk, mode=Sealing.PAST_THE_WALL)


def test_an_attempt_whose_process_died_is_closed_as_interrupted(world: World, margaret: User) -> None:
    world.sky()
    retire_due_clusters(actor=NIGHT)
    release = drafted(world, margaret)
    begun = timezone.now() - timedelta(hours=1)
    attempt = attempt_sealing(actor=margaret.as_actor(), release_id=release.pk, is_strict=True, now=begun)
    sweep(actor=Actor.system("licensing.sweep"))
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.INTERRUPTED
    assert trail_of(release)[-1] == LicensingEvent.SEAL_INTERRUPTED
    # The draft is as it was, and can be sealed.
    assert seal(actor=margaret.as_actor(), release_id=release.pk, mode=Sealing.ALL_OR_NOTHING).items == 1


def test_a_cancelled_release_gives_its_clusters_back(world: World, margaret: User) -> None:
    world.sky()
    retire_due_clusters(actor=NIGHT)
    first = drafted(world, margaret)
    seal(actor=margaret.as_actor(), release_id=first.pk, mode=Sealing.ALL_OR_NOTHING)
    cancelled = cancel(actor=margaret.as_actor(), release_id=first.pk)
    assert (cancelled.state, cancelled.items) == (ReleaseState.CANCELLED, 1)
    assert trail_of(first)[-1] == LicensingEvent.CANCELLED
    assert not EligibleBattle.objects.exists()
    with pytest.raises(NotCancellable):
        cancel(actor=margaret.as_actor(), release_id=first.pk)
    # They must be retired anew, and then somebody else may have them.
    assert retire_due_clusters(actor=NIGHT) == 1
    second = drafted(world, margaret)
    assert seal(actor=margaret.as_actor(), release_id=second.pk, mode=Sealing.ALL_OR_NOTHING).items == 1


def test_a_draft_is_cancelled_and_a_refused_release_is_not(world: World, margaret: User) -> None:
    world.sky(days_ago=3)
    draft, doomed = drafted(world, margaret), drafted(world, margaret)
    assert cancel(actor=margaret.as_actor(), release_id=draft.pk).state == ReleaseState.CANCELLED
    with pytest.raises(TakenOut):
        seal(actor=margaret.as_actor(), release_id=doomed.pk, mode=Sealing.ALL_OR_NOTHING)
    with pytest.raises(NotCancellable):
        cancel(actor=margaret.as_actor(), release_id=doomed.pk)
