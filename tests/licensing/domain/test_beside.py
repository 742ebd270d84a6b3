"""Two steps at the same time: in order, and no mistake is lost."""

from collections.abc import Iterator
from functools import partial

import pytest

from apps.licensing.domain.beside import Beside


def test_steps_are_taken_in_their_order() -> None:
    taken: list[int] = []
    with Beside() as beside:
        for number in range(20):
            beside.do(partial(taken.append, number))
    assert taken == list(range(20))


def test_a_step_that_goes_wrong_is_told_by_the_next_or_at_the_end() -> None:
    taken: list[int] = []

    def fails() -> None:
        raise OSError("The disk is full.")

    def goes_on(beside: Beside) -> None:
        beside.do(fails)
        beside.do(lambda: taken.append(1))

    with Beside() as beside, pytest.raises(OSError, match="full"):
        goes_on(beside)
    with pytest.raises(OSError, match="full"), Beside() as ends:
        ends.do(fails)
    assert taken == []


def test_things_come_in_their_order_and_so_does_what_goes_wrong() -> None:
    def things() -> Iterator[int]:
        yield from range(3)
        raise ValueError("No more.")

    found: list[int] = []
    with pytest.raises(ValueError, match="No more"), Beside() as beside:
        found.extend(beside.ahead(things()))
    assert found == [0, 1, 2]
