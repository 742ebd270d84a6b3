"""Sealing, opening, giving up and taking back change no rank: the same votes are counted, byte for byte."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.licensing.flows import approve, draft, open_now, retire_due_clusters, seal, tend_offers
from apps.licensing.models import Tombstone
from apps.licensing.services import Sealing, cancel_release
from apps.rankings.domain.board import as_json
from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.method import FitMethod
from apps.rankings.flows import recompute_open_run
from apps.rankings.queries import counted_votes
from apps.rankings.services import request_refit
from tests.licensing.offered import BUILDER, proved, sealed_release, when_the_lock_is_over, with_editions
from tests.licensing.world import World

pytestmark = pytest.mark.committed

NIGHT = Actor.system("rankings.nightly")


def ranked() -> tuple[Any, ...]:
    """Everything that a night's ranking is made of, and what it comes to."""
    counted = counted_votes(until=timezone.now() + timedelta(days=1))
    votes = counted.votes
    arrays = [votes.model_a, votes.model_b, votes.outcome, votes.contributor, votes.style]
    request_refit(actor=NIGHT, now=timezone.now())
    snapshot = recompute_open_run(actor=NIGHT)
    assert snapshot is not None
    return (
        [np.asarray(each).tobytes() for each in arrays],
        counted.leaves,
        counted.model_ids,
        [(one.vote_id, one.because) for one in counted.aside],
        as_json(fit_board(votes, FitMethod(style=(), draws=99, seed=7))),
        (snapshot.votes_root, snapshot.votes_counted, snapshot.left_out),
        list(snapshot.boards.order_by("segment", "method").values("segment", "method", "votes", "fit")),
    )


def test_a_sale_from_its_draft_to_its_opening_changes_no_rank(
    world: World, margaret: User, katherine: User, dorothy: User
) -> None:
    world.sky(days_ago=5, battles=2)
    world.sky(days_ago=100, battles=3)
    retire_due_clusters(actor=NIGHT)
    before = ranked()
    assert before[5][1] == 5
    release = draft(actor=margaret.as_actor(), licensee=world.licensee, title="The sky", filters={})
    release = seal(actor=margaret.as_actor(), release_id=release.pk, mode=Sealing.PAST_THE_WALL)
    assert release.items == 3
    assert ranked() == before
    offer = with_editions(release.offers.get())
    for person in (katherine, dorothy):
        approve(actor=proved(person), offer_id=offer.pk, digest=offer.digest)
    when_the_lock_is_over(world, offer)
    open_now(actor=BUILDER, offer_id=offer.pk)
    assert ranked() == before


def test_sealing_giving_up_and_taking_back_count_the_same_votes(world: World, margaret: User) -> None:
    world.sky(days_ago=5, battles=2)
    release = sealed_release(world, margaret)
    sealed = ranked()
    world.owner.execute(
        "UPDATE contributors_consent SET withdrawn_at = now() WHERE kind = 'licensing' AND contributor_id = %s",
        [world.voters_id],
    )
    tend_offers(actor=BUILDER)
    assert Tombstone.objects.count() == 3
    assert ranked() == sealed
    cancel_release(actor=margaret.as_actor(), release_id=release.pk, now=timezone.now())
    assert ranked() == sealed
