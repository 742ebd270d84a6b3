"""Whatever leaves the platform leaves by a way that the register names, and the public page shows them all."""

from collections import Counter

import pytest
from django.test import Client

from apps.policy.domain.way_out import WayKind
from apps.policy.domain.ways_out import WAYS_OUT
from apps.policy.models import EgressRoute
from tests.architecture.exits import every_exit, is_page

REGISTERED = [exit_ for way in WAYS_OUT for exit_ in way.exits]


def test_every_way_out_of_the_code_is_registered() -> None:
    missing = sorted(every_exit() - set(REGISTERED))
    assert not missing, (
        "By these, something leaves (or could), and apps/policy/domain/ways_out.py does not say what, whose it is and "
        f"why it may. Add each to a way's exits, or write a WayOut for it: {missing}"
    )


def test_the_register_names_no_way_that_is_not_there() -> None:
    gone = sorted(set(REGISTERED) - every_exit())
    assert not gone, f"apps/policy/domain/ways_out.py names exits that the code does not have: {gone}"


def test_each_exit_belongs_to_one_way_and_each_way_has_a_name_of_its_own() -> None:
    assert [name for name, times in Counter(REGISTERED).items() if times > 1] == []
    assert [name for name, times in Counter(way.name for way in WAYS_OUT).items() if times > 1] == []


@pytest.mark.django_db
def test_the_table_is_the_list() -> None:
    rows = {row.name: row for row in EgressRoute.objects.all()}
    assert set(rows) == {way.name for way in WAYS_OUT}
    for way in WAYS_OUT:
        row = rows[way.name]
        assert (row.kind, row.title, row.owner, row.carries, row.because, row.exits, row.holds_content) == (
            way.kind.value, way.title, way.owner, way.carries, way.because, list(way.exits), way.holds_content,
        )  # fmt: skip


@pytest.mark.django_db
def test_everybody_can_read_which_ways_there_are(client: Client) -> None:
    page = client.get("/rulebook/ways-out/")
    assert page.status_code == 200
    words = page.content.decode()
    assert all(way.title.replace("'", "&#x27;") in words for way in WAYS_OUT)
    assert {way.kind for way in WAYS_OUT} == set(WayKind)


def test_a_view_that_answers_with_json_is_no_page() -> None:
    from apps.api.v1.leaderboard import LeaderboardView
    from apps.web.views import boards, receipts

    assert is_page(boards.leaderboard)
    assert not is_page(receipts.receipt_json)
    assert not is_page(boards.leaderboard_csv)
    assert not is_page(LeaderboardView.as_view())
