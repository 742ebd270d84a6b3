"""Thousands of steps through the services, beside a small model in memory; the invariant is read after each of them."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from apps.accounts.models import User
from tests.licensing.chance import Desk
from tests.licensing.world import World

pytestmark = pytest.mark.committed


def walked(world: World, approvers: Sequence[User], *, walks: int, steps: int) -> int:
    """Let chance take so many walks of at most so many steps; return the steps that were taken."""
    Desk.world, Desk.approvers, Desk.steps, Desk.reached = world, approvers, 0, set()
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
    assert Desk.reached == {"sealed", "given up", "opened", "not opened", "released", "near_released"}
