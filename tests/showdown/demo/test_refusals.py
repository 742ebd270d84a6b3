"""Where invented people must not go: a platform that is no demo, a database with people, a role that serves."""

import io

import pytest
from django.db import connection
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from apps.accounts.models import User
from apps.contributors.models import Contributor
from showdown.demo.loading import whole
from showdown.demo.loading.progress import Progress
from showdown.demo.loading.whole import PHASES, NotADemo, load_network
from showdown.demo.network import Scale
from tests.showdown.demo.databases import a_clone, as_owner_of

TINY = Scale(contributors=12, prompts=30, votes=120)


def load() -> None:
    load_network(seed=1, scale=TINY, progress=Progress(io.StringIO(), PHASES))


@pytest.mark.committed
def test_a_platform_that_is_no_demo_is_left_alone() -> None:
    with override_settings(DEMO=False, TESTING=False), pytest.raises(NotADemo, match="demo and test databases only"):
        load()


@pytest.mark.committed
def test_the_role_that_serves_loads_no_history() -> None:
    with pytest.raises(NotADemo, match="owner"):
        load()


@pytest.mark.committed
def test_a_database_with_people_is_left_alone() -> None:
    User.objects.create_user("somebody@demo.example")
    with as_owner_of(connection.settings_dict["NAME"]), pytest.raises(NotADemo, match="demo-reset"):
        load()
    assert User.objects.count() == 1


def test_a_load_that_dies_leaves_nothing(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(**_told: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(whole, "rank", die)
    with django_db_blocker.unblock(), a_clone("dying_demo") as name, as_owner_of(name):
        with pytest.raises(KeyboardInterrupt):
            load()
        assert not User.objects.exists()
        assert not Contributor.objects.exists()
        monkeypatch.undo()
        load()
        assert Contributor.objects.count() == TINY.contributors
