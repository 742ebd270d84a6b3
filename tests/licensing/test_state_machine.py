"""Thousands of steps through the services, beside a small model in memory; the invariant is read after each of them."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from apps.accounts.models import User
from tests.licensing.chance import Desk
from tests.licensing.world import World

pytestmark = pytest.mark.committed

# What a long walk comes by at least, or it proves little: each step that chance may take, and each turning on the way.
STEPS: Final = (
    "writes_something_new", "writes_alike", "opens", "votes", "writes_a_turn", "expires", "excludes",
    "takes_consent_back", "withdraws_the_prompt", "merges", "time_passes_and_the_night_comes", "drafts_a_release",
    "seals", "gives_a_release_up", "two_people_approve", "the_lock_is_over",
)  # fmt: skip
# Others are counted as well, and told when one of these is missing.
TURNINGS: Final = (
    "retired", "alive again", "merged", "not merged", "released", "near_released", "sealed", "given up", "opened",
    "not opened",
)  # fmt: skip
AT_LEAST: Final = {**dict.fromkeys(STEPS, 10), **dict.fromkeys(TURNINGS, 1)}


def walked(world: World, approvers: Sequence[User], *, walks: int, steps: int) -> int:
    """Let chance take so many walks of at most so many steps; return the steps that were taken."""
    Desk.world, Desk.approvers, Desk.steps, Desk.reached = world, approvers, 0, Counter()
    run_state_machine_as_test(
        Desk,
        settings=settings(
            max_examples=walks,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=True,
            print_blob=False,
            # What a walk did cannot be done again with fewer steps: the database has moved on.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    return Desk.steps


def test_a_short_walk(world: World, katherine: User, dorothy: User) -> None:
    assert walked(world, [katherine, dorothy], walks=4, steps=30) > 60


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_thousands_of_steps(world: World, katherine: User, dorothy: User) -> None:
    assert walked(world, [katherine, dorothy], walks=100, steps=60) >= 3_000
    missed = {name: Desk.reached[name] for name, least in AT_LEAST.items() if Desk.reached[name] < least}
    assert not missed, Desk.reached
