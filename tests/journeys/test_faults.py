"""When a part is away: people are told, nothing acknowledged is lost, and what can go on goes on."""

import pytest
from django.db import OperationalError
from django.test import Client

from apps.web.views import boards


@pytest.mark.django_db
def test_a_database_that_is_away_is_a_clear_page_and_no_traceback(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(boards, "latest_snapshot", away)
    client.raise_request_exception = False
    answer = client.get("/")
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert "The database is away" in answer.content.decode()


@pytest.mark.django_db
def test_any_other_error_is_a_500_that_tells_nothing_of_the_inside(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("a secret inside")

    monkeypatch.setattr(boards, "latest_snapshot", broken)
    client.raise_request_exception = False
    answer = client.get("/")
    assert answer.status_code == 500
    assert "secret" not in answer.content.decode()
