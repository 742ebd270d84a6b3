"""Where points over time fall on a drawing."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.web.domain.plotting import HEIGHT, Point, plot_of

DAY = datetime(2026, 9, 14, tzinfo=UTC)


def test_time_runs_across_and_more_is_higher() -> None:
    plot = plot_of([[Point(DAY, 1_000.0, 990.0, 1_010.0), Point(DAY + timedelta(days=1), 1_050.0)]])
    ((first, second),) = plot.series
    assert first.x < second.x
    assert first.y > second.y
    assert first.low is not None
    assert first.high is not None
    assert first.low > first.y > first.high
    assert (second.low, second.high) == (None, None)
    assert plot.ends == (DAY, DAY + timedelta(days=1))
    assert all(0 <= y <= HEIGHT for _tick, y in plot.ticks)


def test_series_share_one_scale() -> None:
    low, high = plot_of([[Point(DAY, 900.0)], [Point(DAY + timedelta(days=2), 1_100.0)]]).series
    assert low[0].y > high[0].y
    assert low[0].x < high[0].x


def test_one_night_stands_in_the_middle() -> None:
    ((only,),) = plot_of([[Point(DAY, 1_000.0)]]).series
    assert 12 < only.x < 98


@pytest.mark.parametrize("series", [[], [[]], [[Point(DAY, float("nan"))], [Point(DAY, float("inf"))]]])
def test_nothing_to_draw_draws_nothing(series: list[list[Point]]) -> None:
    plot = plot_of(series)
    assert plot.ends is None
    assert plot.ticks == ()
    assert not any(plot.series)
