"""Opens battles through the service, with the wall and without it, on the database that the environment names."""

import json
import os
import random
import statistics
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import django
import psycopg

django.setup()

from apps.battles.models import Battle  # noqa: E402 - Models need Django to be set up.
from apps.battles.services import open_battle, opening  # noqa: E402
from apps.licensing.queries import liveness_of  # noqa: E402
from tests.battles.arena import add_lab, add_model, add_prompt  # noqa: E402
from tests.conftest import make_contributor, make_person  # noqa: E402

_TRIGGERS: Final = """
SELECT tgrelid::regclass::text, tgname FROM pg_trigger
WHERE tgname LIKE 'wall\\_%' AND tgrelid IN ('battles_battle'::regclass, 'battle_cluster'::regclass)
"""


class Openings:
    """People, models and prompts, and the two ways to open a battle."""

    def __init__(self, owner: psycopg.Connection[Any]) -> None:
        self.owner = owner
        self.person = make_person("ada")
        make_contributor(self.person)
        labs = [add_lab("Fjord AI"), add_lab("Banyan Labs")]
        for number in range(8):
            add_model(f"Cobalt {number}", labs[number % 2])
        self.prompts = [add_prompt(self.person, f"Question {number}?") for number in range(200)]
        self.chance = random.Random(1)
        # A day has its number of battles, so each is opened some minutes after the last.
        self.now = datetime.now(UTC) - timedelta(days=400)

    def seconds(self, count: int) -> float:
        """Open so many battles, and return the seconds of each."""
        actor = self.person.as_actor()
        began = time.perf_counter()
        for _number in range(count):
            self.now += timedelta(minutes=10)
            prompt = self.chance.choice(self.prompts)
            open_battle(actor=actor, prompt=prompt, opening_key=uuid.uuid4(), now=self.now, rng=self.chance)
        return (time.perf_counter() - began) / count

    @contextmanager
    def without_the_wall(self) -> Iterator[None]:
        """Put the wall's triggers to sleep for a while, and let the service hold no cluster."""
        triggers = self.owner.execute(_TRIGGERS).fetchall()
        holding = opening.hold_living_cluster
        for table, name in triggers:
            self.owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}".encode())
        opening.hold_living_cluster = lambda cluster_id: cluster_id
        try:
            yield
        finally:
            opening.hold_living_cluster = holding
            for table, name in triggers:
                self.owner.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}".encode())


def seconds_to_ask(count: int) -> float:
    """Return the seconds of asking whether a battle is live, the median over some of them."""
    battles = random.Random(2).choices(list(Battle.objects.values_list("pk", flat=True)), k=count)
    durations = []
    for battle in battles:
        began = time.perf_counter()
        liveness_of(battle)
        durations.append(time.perf_counter() - began)
    return statistics.median(durations)


def main() -> None:
    """Measure so many openings in so many alternating pairs, and print the medians as JSON."""
    count, rounds = map(int, sys.argv[1:])
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        openings = Openings(owner)
        found: dict[str, list[float]] = {"with": [], "without": []}
        # The first pair warms both sides up.
        for number in range(rounds + 1):
            for way in ("with", "without") if number % 2 else ("without", "with"):
                if way == "with":
                    taken = openings.seconds(count)
                else:
                    with openings.without_the_wall():
                        taken = openings.seconds(count)
                if number:
                    found[way].append(taken)
    medians = {way: statistics.median(durations) for way, durations in found.items()}
    json.dump(medians | {"liveness": seconds_to_ask(2_000), "battles": Battle.objects.count()}, sys.stdout)


if __name__ == "__main__":
    main()
