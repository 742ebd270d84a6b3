"""PostgreSQL stops and comes back: a clear page meanwhile, and every vote that was acknowledged is there."""

from collections.abc import Callable, Iterator
from typing import Any

import dj_database_url
import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from apps.accounts.domain.roles import Role
from apps.battles.events import BattleEvent
from apps.battles.models import Vote
from tests.battles.arena import Arena, add_lab, add_model, add_prompt
from tests.conftest import make_contributor, make_person
from tests.database import OwnPostgres
from tests.trails import trail_of

_VARIABLES = {"default": "DATABASE_URL", "auditor": "DATABASE_AUDITOR_URL"}


@pytest.fixture
def own_server(_django_db_helper: None, embedded_postgres_factory: Callable[[], OwnPostgres]) -> Iterator[OwnPostgres]:
    """Lead the application to a server that this test may stop."""
    server = embedded_postgres_factory()
    before = {alias: dict(connections.settings[alias]) for alias in _VARIABLES}
    connections.close_all()
    for alias, variable in _VARIABLES.items():
        address: dict[str, Any] = dict(dj_database_url.parse(server.variables[variable]))
        address["OPTIONS"] = {**before[alias]["OPTIONS"], **address.get("OPTIONS", {})}
        connections.settings[alias].update(address)
    yield server
    connections.close_all()
    for alias, settings in before.items():
        connections.settings[alias].update(settings)


@pytest.mark.committed
def test_an_acknowledged_vote_outlives_a_restart(own_server: OwnPostgres) -> None:
    ada = make_person("ada", Role.CONTRIBUTOR)
    make_contributor(ada)
    models = [add_model("Cobalt 2", add_lab("Fjord AI")), add_model("Tamarind Large", add_lab("Banyan Labs"))]
    arena = Arena(prompt=add_prompt(ada), models=models)
    first, second = (arena.ready(ada, now=timezone.now()) for _time in range(2))
    client = Client(raise_request_exception=False)
    client.force_login(ada)
    acknowledged = client.post(f"/battles/{first.pk}/vote/", {"choice": "left"})
    assert acknowledged.status_code == 302

    own_server.server.kill()
    for answer in (
        client.get(f"/battles/{first.pk}/"),
        client.post(f"/battles/{second.pk}/vote/", {"choice": "right"}),
    ):
        assert answer.status_code == 503
        assert "The database is away" in answer.content.decode()

    own_server.server.start()
    # The server's handler drops broken connections at the end of a request; the test's client keeps them.
    connections.close_all()
    assert "Your receipt" in client.get(f"/battles/{first.pk}/").content.decode()
    assert Vote.objects.get().battle == first
    assert client.post(f"/battles/{second.pk}/vote/", {"choice": "right"}).status_code == 302
    assert trail_of(second)[-1] == BattleEvent.VOTE_CAST
    assert Vote.objects.count() == 2
