"""What choices count."""

import pytest

from apps.battles.domain.choice import LEFT_SCORES, left_score, mirrored
from apps.battles.models import Choice


def test_every_choice_that_can_be_stored_counts_something() -> None:
    assert set(LEFT_SCORES) == set(Choice.values)


@pytest.mark.parametrize("choice", Choice.values)
def test_a_choice_gives_both_sides_one_win_together(choice: str) -> None:
    assert left_score(choice) + left_score(mirrored(choice)) == 1.0
    assert mirrored(mirrored(choice)) == choice


@pytest.mark.parametrize("choice", ["both_good", "both_bad"])
def test_both_good_and_both_bad_count_half(choice: str) -> None:
    assert left_score(choice) == 0.5
    assert mirrored(choice) == choice


def test_an_unknown_choice_is_an_error() -> None:
    for count in (left_score, mirrored):
        with pytest.raises(KeyError):
            count("neither")
