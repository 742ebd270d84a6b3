"""Loading the whole demo network in one transaction: everything stands, or nothing does."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.utils import timezone

from apps.accounts.models import User
from apps.contributors.models import Contributor
from showdown.demo.loading.book import open_the_book
from showdown.demo.loading.crowd import load_crowd
from showdown.demo.loading.desk import load_desk
from showdown.demo.loading.fights import Fights
from showdown.demo.loading.nights import rank
from showdown.demo.loading.pool import load_pool
from showdown.demo.loading.progress import Progress
from showdown.demo.loading.rare import RareThings
from showdown.demo.loading.reading import load_reading
from showdown.demo.loading.sales import Sales
from showdown.demo.loading.stage import set_the_stage
from showdown.demo.loading.tables import one_transaction, require_known_columns
from showdown.demo.loading.trail import Trail, hand_over_to_the_log, stand_in_front_of_the_log
from showdown.demo.network import Network, Scale, make_network

KEEPING: Final = "checking every reference and keeping all of it"
PHASES: Final = (
    ("inventing people, prompts and battles", 3.5),
    ("people", 0.5),
    ("prompts", 2.5),
    ("battles and votes", 8.0),
    ("what people decided", 11.0),
    ("past the wall", 1.5),
    ("tonight's ranking", 1.0),
    ("the log", 2.5),
    (KEEPING, 3.0),
)


class NotADemo(Exception):
    """The database is not one that may be filled with invented people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What was loaded."""

    people: int
    prompts: int
    battles: int
    entries: int


def require_a_demo_database() -> None:
    """Raise ``NotADemo`` unless this is a demo's or a test's database, empty of people, and we are its owner."""
    if not (settings.DEMO or settings.TESTING):
        raise NotADemo("Invented people are loaded into demo and test databases only: SHOWDOWN_DEMO is not set.")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT session_user = (SELECT pg_get_userbyid(relowner) FROM pg_class"
            " WHERE oid = 'battles_battle'::regclass)"
        )
        (is_owner,) = cursor.fetchone()
    if not is_owner:
        raise NotADemo("Histories are loaded by the owner of the database: set DATABASE_OWNER_URL and no other.")
    if Contributor.objects.exists() or User.objects.exists():
        raise NotADemo("There are people in this database already. `make demo-reset` starts over with a new one.")


def load_network(*, seed: int, scale: Scale, progress: Progress, now: datetime | None = None) -> Loaded:
    """Invent the network of a seed, write it with its log, and compute the first ranking.

    Raises:
        NotADemo: when the database must not, or need not, be loaded.
        ColumnsHaveChanged: when a table differs from what is written here.
    """
    require_a_demo_database()
    require_known_columns()
    now = now or timezone.now()
    with progress.phase(PHASES[0][0]):
        network = make_network(seed=seed, scale=scale, now=now)
    with one_transaction():
        loaded = _write(network, seed=seed, progress=progress)
        with progress.phase(KEEPING):
            # The foreign keys wait for the end of the transaction, so that this takes seconds.
            connection.commit()
    return loaded


def _write(network: Network, *, seed: int, progress: Progress) -> Loaded:
    chance = Random(f"{seed}/rows")
    trail = Trail()
    stand_in_front_of_the_log()
    password = make_password(os.environ.get("SHOWDOWN_DEMO_PASSWORD"))
    with progress.phase("people", len(network.people)):
        stage = set_the_stage(hashed_password=password, start=network.start, now=network.now)
        members = load_crowd(
            network.people,
            trail=trail,
            organizations=stage.organizations,
            ada_password=password,
            start=network.start,
            now=network.now,
        )
    with progress.phase("prompts", len(network.prompts)) as running:
        pool = load_pool(network.prompts, members, trail=trail, chance=chance, tick=running.tick)
    with progress.phase("battles and votes", len(network.battles)) as running:
        fights = Fights(
            members=members, pool=pool, models=stage.models, endpoints=stage.endpoints, trail=trail, chance=chance
        )
        fights.load(network.battles, running.tick)
        _analyze()
    with progress.phase("what people decided") as running:
        cruel = load_desk(pool, stage=stage, trail=trail, chance=chance, now=network.now)
        rare = RareThings(
            stage=stage,
            members=members,
            pool=pool,
            cruel_cases=cruel,
            chance=chance,
            start=network.start,
            now=network.now,
        )
        rare.happen(running.tick)
        load_reading(trail=trail, chance=chance, now=network.now)
    with progress.phase("past the wall"):
        sales = Sales(stage, trail=trail, start=network.start, now=network.now)
        sales.retire_long_ago()
        sales.happen_before()
        sales.retire()
        _analyze("eligible_battle", "eligible_battle_cluster", "retired_cluster")
        sales.happen()
        open_the_book(stage, now=network.now)
    with progress.phase("tonight's ranking"):
        rank(now=network.now)
    with progress.phase("the log"):
        entries = hand_over_to_the_log()
        sales.name_entries()
        _analyze("public.audit_entry", "audit_salt")
    return Loaded(people=len(members), prompts=len(pool), battles=len(network.battles), entries=entries)


def _analyze(*tables: str) -> None:
    """Let the planner know how many rows there are now; without it, the first queries would be slow."""
    with connection.cursor() as cursor:
        for table in tables or _all_tables():
            cursor.execute(f"ANALYZE {table}")


def _all_tables() -> Sequence[str]:
    return [name for name in connection.introspection.table_names() if not name.startswith("audit_")]
