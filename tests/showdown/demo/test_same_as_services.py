"""Fifty votes twice: copied by the load, and cast through the services. Rows and entries are the same.

What is drawn anew each time differs: nonces, salts and the commitments made with them, the votes' public ids, the keys
of forms, passwords. So does the moment of a live event, which is the database's when the application writes.
"""

import json
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from django.db import connection, models
from pytest_django import DjangoDbBlocker

from apps.accounts.models import RoleGrant
from apps.battles.models import Battle, BattleCluster, BattleState, EndpointFailure, Response, Vote
from apps.contributors.models import Affiliation, Consent, Contributor, DemographicClaim
from apps.moderation.models import Case, Decision
from apps.prompts.models import Cluster, Prompt, PromptBand, PromptSignature, PromptState, ScreeningHint
from showdown.demo.labs import MODELS
from showdown.demo.loading.crowd import load_crowd
from showdown.demo.loading.desk import load_desk
from showdown.demo.loading.fights import Fights
from showdown.demo.loading.pool import load_pool
from showdown.demo.loading.stage import Stage, set_the_stage
from showdown.demo.loading.trail import Trail
from showdown.demo.network import SEED, Network, Scale, make_network
from showdown.demo.people import OPEN
from tests.showdown.demo.conftest import EVENING
from tests.showdown.demo.databases import a_clone, as_application_of, as_owner_of
from tests.showdown.demo.replay import Replay, Times, apply, read_afterwards

FIFTY: Final = 50
TABLES: Final[tuple[type[models.Model], ...]] = (
    Contributor, DemographicClaim, Affiliation, Consent, RoleGrant, Cluster, Prompt, ScreeningHint, PromptSignature,
    PromptBand, Battle, BattleCluster, Response, EndpointFailure, Vote, Case, Decision,
)  # fmt: skip
# Drawn anew, or given by the database's clock.
NEW_EACH_TIME: Final = {"nonce", "commitment", "public_id", "ballot_key", "last_event_at"}
# What a moderator reads is drawn by the key of the installation, the same for both here.
NOT_OF_THE_TWO: Final = ("organizations.", "battles.model_registered", "battles.endpoint_changed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Everything that stands in a database after one of the two."""

    rows: dict[str, list[dict[str, Any]]]
    entries: list[dict[str, Any]]


def everything_written() -> Written:
    rows = {}
    for model in TABLES:
        columns = [field.attname for field in model._meta.concrete_fields if field.attname not in NEW_EACH_TIME]
        found = model._default_manager.order_by("pk").values(*columns)
        rows[model.__name__] = [{key: _plain(value) for key, value in row.items()} for row in found]
    with connection.cursor() as cursor:
        cursor.execute("SELECT convert_from(body, 'UTF8') FROM audit_entry ORDER BY recorded_at, subject, event, id")
        entries = [json.loads(body) for (body,) in cursor.fetchall()]
    return Written(rows=rows, entries=[_without_chance(entry) for entry in entries])


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def _without_chance(entry: dict[str, Any]) -> dict[str, Any]:
    """Leave out an entry's nonce, and what stands for salted texts and for votes' random names."""
    del entry["nonce"]
    facts = entry["facts"]
    for name in {"text", "choice", "left", "right", "vote", "address", "draw_commitment", "draw_salt"} & set(facts):
        if isinstance(facts[name], str):
            facts[name] = len(facts[name])
    return entry


@pytest.fixture(scope="module")
def little_network() -> Network:
    """Fifty votes in the end, with everything that comes before them; battles that ended otherwise, too."""
    made = make_network(seed=SEED, scale=Scale(contributors=20, votes=1_500, prompts=60), now=EVENING)
    people = [replace(person, network=OPEN, joins_at=0.0) for person in made.people]
    # The last weeks, in which the same models stood as stand now.
    lately = [battle for battle in made.battles if EVENING - battle.opened_at < timedelta(days=50)]
    # Votes of somebody who works for a lab come last, so that they are among the fifty: fewer models are theirs to see.
    makers = {model.lab for model in MODELS}
    lately.sort(key=lambda battle: (people[battle.voter].employer in makers, battle.opened_at))
    by_state = {state: [battle for battle in lately if battle.state == state] for state in BattleState}
    chosen = [battle for state, found in by_state.items() for battle in found[-(FIFTY if state == "voted" else 3) :]]
    # One more that still waits for its vote.
    waiting = by_state[BattleState.VOTED][-FIFTY - 1]
    chosen.append(replace(waiting, state=BattleState.READY, choice=None, ended_at=None))
    assert {battle.state for battle in chosen} == {"voted", "expired", "skipped", "voided", "ready"}
    return replace(made, people=people, battles=sorted(chosen, key=lambda battle: battle.opened_at))


@pytest.fixture(scope="module")
def loaded(
    little_network: Network, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> tuple[Written, Written]:
    """What the load writes, and what the services write."""
    with django_db_blocker.unblock():
        with a_clone("fifty_loaded") as name, as_owner_of(name):
            by_load = _load(little_network)
        with a_clone("fifty_served") as name, as_application_of(name):
            by_services = _serve(little_network, by_load)
    return by_load, by_services


def _stage(network: Network) -> Stage:
    return set_the_stage(hashed_password="!", start=network.start, now=network.now)


@contextmanager
def _same_people_again() -> Iterator[None]:
    """Let the staff's pseudonyms, which are random, be the same both times."""
    drawn = random.Random(3)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("apps.accounts.models.secrets.token_hex", lambda size: drawn.randbytes(size).hex())
        yield


def _load(network: Network) -> Written:
    with _same_people_again():
        stage = _stage(network)
    trail, chance = Trail(), random.Random(2)
    members = load_crowd(
        network.people,
        trail=trail,
        organizations=stage.organizations,
        ada_password="!",
        start=network.start,
        now=network.now,
    )
    pool = load_pool(network.prompts, members, trail=trail, chance=chance, tick=lambda _done: None)
    fights = Fights(
        members=members, pool=pool, models=stage.models, endpoints=stage.endpoints, trail=trail, chance=chance
    )
    fights.load(network.battles, lambda _done: None)
    load_desk(pool, stage=stage, trail=trail, chance=chance, now=network.now)
    return everything_written()


def _serve(network: Network, by_load: Written) -> Written:
    with _same_people_again():
        stage = _stage(network)
    rows = by_load.rows
    for person, contributor in zip(network.people, rows["Contributor"], strict=True):
        apply(person, _times_of(contributor, rows))
    replay = Replay(network)
    for prompt, row in zip(network.prompts, rows["Prompt"], strict=True):
        replay.ask(prompt, row["submission_key"])
    for battle, row in zip(network.battles, rows["Battle"], strict=True):
        replay.fight(battle, models=stage.models, key=row["opening_key"])
    readers = {user.pk: user.as_actor() for user in stage.staff.values()}
    told = {(entry["event"], entry["subject"]): entry["at"] for entry in by_load.entries}
    by_case = {row["case_id"]: row for row in rows["Decision"] if row["case_id"]}
    cases = {row["prompt_id"]: row for row in rows["Case"]}
    for rule in (row for row in rows["Decision"] if row["source"] == "rule"):
        case = cases.get(rule["prompt_id"])
        read = by_case.get(case["id"]) if case else None
        read_afterwards(
            rule["prompt_id"],
            swept_at=_time(told["moderation.decided", f"moderation.decision:{rule['id']}"]),
            reader=readers[read["decided_by_id"]] if read else None,
            taken_at=_time(told["moderation.taken", f"moderation.case:{case['id']}"]) if read and case else None,
            decided_at=read["decided_at"] if read else None,
        )
    return everything_written()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _times_of(contributor: dict[str, Any], rows: dict[str, list[dict[str, Any]]]) -> Times:
    def of(table: str) -> list[dict[str, Any]]:
        return [row for row in rows[table] if row["contributor_id"] == contributor["id"]]

    return Times(
        begun=contributor["joined_at"],
        described=of("DemographicClaim")[0]["claimed_at"],
        employed=of("Affiliation")[0]["declared_at"],
        consented={row["kind"]: row["given_at"] for row in of("Consent")},
        activated=contributor["activated_at"],
    )


@pytest.mark.parametrize("table", [model.__name__ for model in TABLES])
def test_rows_are_the_same(loaded: tuple[Written, Written], table: str) -> None:
    by_load, by_services = loaded
    assert by_load.rows[table] == by_services.rows[table]


def test_entries_are_the_same(loaded: tuple[Written, Written]) -> None:
    by_load, by_services = loaded
    for of_load, of_services in zip(by_load.entries, by_services.entries, strict=False):
        assert of_load == of_services
    assert len(by_load.entries) == len(by_services.entries)


def test_there_are_fifty_votes_and_all_that_belongs_to_them(
    loaded: tuple[Written, Written], little_network: Network
) -> None:
    by_load, _by_services = loaded
    events = [entry["event"] for entry in by_load.entries]
    assert events.count("battles.vote_cast") == FIFTY == len(by_load.rows["Vote"])
    assert {"prompts.screened", "contributors.activated", "moderation.decided", "moderation.taken"} <= set(events)
    assert {row["state"] for row in by_load.rows["Prompt"]} >= {PromptState.APPROVED}
    assert any(row["kind"] == "duplicate" for row in by_load.rows["ScreeningHint"])
    assert uuid.UUID(int=0) not in {row["opening_key"] for row in by_load.rows["Battle"]}
    makers = {model.lab for model in MODELS}
    assert any(little_network.people[battle.voter].employer in makers for battle in little_network.battles)
    assert timedelta(0) < EVENING - min(row["opened_at"] for row in by_load.rows["Battle"])
