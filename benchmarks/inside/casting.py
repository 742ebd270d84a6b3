"""Casts votes through the service and by bare statements, on the database that the environment names.

The bare statements are not guessed: the service casts every vote once and is rolled back, and what it sent to change
something is sent again, and timed, with nothing around it.
"""

import json
import os
import random
import statistics
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import django
import psycopg
from django.db import connection, transaction

django.setup()

from apps.audit.domain.actor import Actor, ActorKind  # noqa: E402 - Models need Django to be set up.
from apps.battles.models import Battle, BattleState, Choice, Response, Side  # noqa: E402
from apps.battles.services import cast_vote  # noqa: E402
from tests.battles.arena import add_lab, add_model, add_prompt  # noqa: E402
from tests.conftest import make_contributor, make_person  # noqa: E402

CONNECTIONS: Final = (1, 4)
Statement = tuple[str, tuple[Any, ...]]
Work = Callable[[threading.Barrier], None]


class Ballots:
    """Battles that wait for votes, and both ways of casting them."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        person = make_person("ada")
        make_contributor(person)
        self.contributor = person.contributor
        self.actor = Actor(
            kind=ActorKind.PERSON,
            account_id=person.pk,
            pseudonym=person.pseudonym,
            roles=frozenset({"contributor"}),
            reauthenticated_at=None,
            request_id="benchmark",
        )
        lab = add_lab("Fjord AI")
        self.models = [add_model(f"Cobalt {number}", lab) for number in range(8)]
        self.prompts = [add_prompt(person, f"Question {number}?") for number in range(200)]

    def waiting(self, count: int) -> list[Battle]:
        """Make battles that have both answers."""
        chance = random.Random(1)
        battles = []
        for _number in range(count):
            left, right = chance.sample(self.models, 2)
            battles.append(
                Battle(
                    prompt=chance.choice(self.prompts),
                    contributor=self.contributor,
                    left_model=left,
                    right_model=right,
                    language="en",
                    state=BattleState.READY,
                    opening_key=uuid.uuid4(),
                    opened_at=self.now,
                )
            )
        Battle.objects.bulk_create(battles)
        style = {"tokens": 2, "headers": 0, "lists": 0, "bold": 0, "first_token_ms": 1, "last_token_ms": 2}
        Response.objects.bulk_create(
            Response(battle=battle, side=side, text="An answer.", created_at=self.now, **style)
            for battle in battles
            for side in Side
        )
        return battles

    def cast(self, battle: Battle) -> None:
        """Cast a vote through the service."""
        cast_vote(actor=self.actor, battle=battle, choice=Choice.LEFT, ballot_key=uuid.uuid4(), now=self.now)

    def sent(self, battle: Battle) -> tuple[list[Statement], int]:
        """Return what the service sends for a battle to change something, and the number of all its statements."""
        writes: list[Statement] = []
        every: list[str] = []

        def keep(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
            if "SAVEPOINT" not in sql:
                every.append(sql)
            if sql.startswith(("INSERT", "UPDATE")):
                writes.append((sql, tuple(params)))
            return execute(sql, params, many, context)

        with transaction.atomic(), connection.execute_wrapper(keep):
            self.cast(battle)
            transaction.set_rollback(True)
        return writes, len(every)


def measure(ballots: Ballots, *, connections: int, votes: int, rounds: int) -> dict[str, float]:
    """Cast the votes both ways in turn, and return the medians of votes per second."""
    speeds: dict[str, list[float]] = {"bare": [], "service": []}
    statements = writes = 0
    for number in range(rounds + 1):
        ways = ("bare", "service") if number % 2 else ("service", "bare")
        for way in ways:
            battles = ballots.waiting(votes)
            shares: list[list[Battle]] = [battles[start::connections] for start in range(connections)]
            if way == "service":
                speed = speed_of([through_the_service(ballots, share) for share in shares], votes)
            else:
                recorded = [[ballots.sent(battle) for battle in share] for share in shares]
                statements, writes = recorded[0][0][1], len(recorded[0][0][0])
                speed = speed_of([_bare([sent for sent, _all in share]) for share in recorded], votes)
            if number:  # The first round warms both sides up.
                speeds[way].append(speed)
    return {
        "connections": connections,
        "statements": statements,
        "writes": writes,
        **{way: statistics.median(found) for way, found in speeds.items()},
    }


def speed_of(works: Sequence[Work], votes: int) -> float:
    """Let every work begin at the same moment, and return the votes per second of all together."""
    barrier = threading.Barrier(len(works) + 1)
    threads = [threading.Thread(target=work, args=(barrier,)) for work in works]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return votes / (time.perf_counter() - began)


def through_the_service(ballots: Ballots, battles: Sequence[Battle]) -> Work:
    """Return what casts a vote on each battle, through a connection of its own."""

    def work(barrier: threading.Barrier) -> None:
        connection.ensure_connection()
        barrier.wait()
        for battle in battles:
            ballots.cast(battle)
        connection.close()

    return work


def _bare(votes: Sequence[Sequence[Statement]]) -> Work:
    def work(barrier: threading.Barrier) -> None:
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            barrier.wait()
            for writes in votes:
                with connection.transaction():
                    for sql, params in writes:
                        connection.execute(sql, params)

    return work


def main() -> None:
    """Measure so many votes in so many rounds, and print the numbers as JSON."""
    votes, rounds = map(int, sys.argv[1:])
    ballots = Ballots()
    found = [measure(ballots, connections=count, votes=votes, rounds=rounds) for count in CONNECTIONS]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
