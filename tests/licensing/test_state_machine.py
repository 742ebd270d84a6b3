"""Thousands of steps through the services, beside a small model in memory; the invariant is read after each of them."""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from apps.accounts.models import User
from tests.licensing.chance import Desk
from tests.licensing.world import World

pytestmark = pytest.mark.committed

# Always the same walks, unless somebody asks for others.
SEED: Final = int(os.environ.get("SHOWDOWN_WALK_SEED", "1"))

# What a long walk comes by at least, or it proves little: each step that chance may take, and each turning on the way.
# Seed 1 came by each of them at least twice as often in 4,320 steps; "not opened" is the rarest, five times.
STEPS: Final = (
    "writes_something_new", "writes_alike", "opens", "votes", "writes_a_turn", "expires", "excludes",
    "takes_consent_back", "withdraws_the_prompt", "merges", "time_passes_and_the_night_comes", "drafts_a_release",
    "seals", "gives_a_release_up", "two_people_approve", "the_lock_is_over",
)  # fmt: skip
TURNINGS: Final = (
    "retired", "alive again", "merged", "not merged", "released", "near_released", "kept apart", "apart no more",
    "sealed", "nothing to sell", "given up", "opened", "not opened", "a turn too late", "left out: consent",
    "left out: vote", "left out: prompt",
)  # fmt: skip
AT_LEAST: Final = {**dict.fromkeys(STEPS, 5), **dict.fromkeys(TURNINGS, 2), "not opened": 1}


def walked(world: World, approvers: Sequence[User], *, walks: int, steps: int) -> int:
    """Let chance take so many walks of at most so many steps; return the steps that were taken."""
    Desk.world, Desk.approvers, Desk.steps, Desk.reached = world, approvers, 0, Counter()
    run_state_machine_as_test(
        seed(SEED)(Desk),
        settings=settings(
            max_examples=walks,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            print_blob=False,
            # What a walk did cannot be done again with fewer steps: the database has moved on.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    return Desk.steps


def test_a_short_walk(world: World, katherine: User, dorothy: User) -> None:
    assert walked(world, [katherine, dorothy], walks=3, steps=25) > 60


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_thousands_of_steps(world: World, katherine: User, dorothy: User) -> None:
    assert walked(world, [katherine, dorothy], walks=60, steps=60) >= 3_000
    sys.stdout.write(f"seed {SEED}: {Desk.steps} steps, {dict(Desk.reached)}\n")
    missed = {name: Desk.reached[name] for name, least in AT_LEAST.items() if Desk.reached[name] < least}
    assert not missed, Desk.reached
