"""The world in which every story about the wall takes place."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from apps.accounts.models import User
from tests.audit.witnessed import WitnessedPress
from tests.licensing.opened import Opened, adopt_terms, one_person_is_a_crowd, open_offer, sealed_edition
from tests.licensing.world import World, small_world


@pytest.fixture
def world(owner_connection: psycopg.Connection[Any], ada: User, mallory: User, margaret: User, ingrid: User) -> World:
    """A past in which Ada wrote and Mallory voted; Margaret runs licensing, Ingrid speaks for a licensee."""
    return small_world(owner_connection, ada, mallory, margaret, ingrid)


@pytest.fixture
def app(world: World, database_urls: dict[str, str]) -> Iterator[psycopg.Connection[Any]]:
    """A connection as ``showdown_app`` that commits each statement: what a thief of its password would have."""
    with psycopg.connect(database_urls["app"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def opened(
    world: World,
    press: WitnessedPress,
    margaret: User,
    ingrid: User,
    katherine: User,
    dorothy: User,
    settings: Any,
    tmp_path: Path,
) -> Opened:
    """An edition of three rows that Ingrid may fetch: approved, announced, open, and under a signed checkpoint."""
    settings.RELEASES_DIR = tmp_path / "releases"
    one_person_is_a_crowd(world)
    edition = sealed_edition(world, margaret)
    open_offer(world, edition, ingrid, katherine, dorothy)
    adopt_terms()
    press.publish()
    return Opened(
        world=world, press=press, edition=edition, contact=ingrid, officer=margaret, root=tmp_path / "releases"
    )
