"""Sequences and publishes entries on the database that the environment names, and copies the same rows by COPY."""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import django
import psutil
import psycopg
from django.db import connection, connections
from django.utils import timezone

django.setup()

from apps.audit.domain.note import Signer  # noqa: E402 - Models need Django to be set up.
from apps.audit.flows import Publisher  # noqa: E402
from apps.audit.flows.publishing import Pace  # noqa: E402
from apps.audit.flows.sequencing import BATCH  # noqa: E402
from apps.audit.gateways import KeyFolder, SignerMemory, TileStore  # noqa: E402
from apps.audit.models import Entry  # noqa: E402
from apps.audit.services import SequencerMemory, sequence_waiting  # noqa: E402
from benchmarks.inside.casting import Ballots  # noqa: E402

ORIGIN: Final = "bench.example/log"
_FILL: Final = """
INSERT INTO audit_entry (event, actor_kind, actor_pseudonym, subject, clause, recorded_at, body)
SELECT e.event, e.actor_kind, e.actor_pseudonym, e.subject, e.clause, e.recorded_at,
  convert_to((convert_from(e.body, 'UTF8')::jsonb
    || jsonb_build_object('nonce', md5(n::text || random())))::text, 'UTF8')
FROM audit_entry e CROSS JOIN generate_series(1, %s) n WHERE e.id = %s ORDER BY n
"""
# The same rows with the same keys, checks and indexes, and without foreign keys.
_COPIES: Final = """
DROP TABLE IF EXISTS copied_leaf, copied_node;
CREATE TABLE copied_leaf (LIKE audit_leaf INCLUDING ALL);
CREATE TABLE copied_node (LIKE audit_node INCLUDING ALL);
"""


def fill(example: int, count: int) -> int:
    """Write entries that are like the vote's; return the bytes of one."""
    with connection.cursor() as cursor:
        cursor.execute(_FILL, [count, example])
        cursor.execute(
            "SELECT avg(octet_length(body)) FROM (SELECT body FROM audit_entry ORDER BY id DESC LIMIT 100) b"
        )
        return int(cursor.fetchone()[0])


@contextmanager
def publisher() -> Iterator[Publisher]:
    """Publish into a folder that goes afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        keys, memory = KeyFolder(folder / "keys", ORIGIN), SignerMemory(folder / "keys", ORIGIN)
        keys.make()
        signer: Signer = keys.prepared()
        keys.activate(signer.key_id.hex())
        memory.begin()
        yield Publisher(files=TileStore(folder / "files"), keys=keys, memory=memory, clock=timezone.now)


@dataclass
class Effort:
    """What some work took, in seconds: by the clock, and of the processor for us and for the database."""

    wall: float
    ours: float
    databases: float


@contextmanager
def measured() -> Iterator[Effort]:
    """Measure the block's work over the sequencer's connection; the numbers are there when it ends."""
    effort = Effort(0.0, 0.0, 0.0)
    with connections["sequencer"].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = psutil.Process(cursor.fetchone()[0])
    databases = sum(backend.cpu_times()[:2])
    ours, wall = time.process_time(), time.perf_counter()
    yield effort
    effort.wall, effort.ours = time.perf_counter() - wall, time.process_time() - ours
    effort.databases = sum(backend.cpu_times()[:2]) - databases


def sequence_all(pace: Pace | None) -> Effort:
    """Give leaves to all that wait, and publish as the sequencer does; return what it took."""
    memory = SequencerMemory()
    with measured() as effort:
        while sequence_waiting(using="sequencer", limit=BATCH, now=timezone.now(), memory=memory):
            if pace is not None:
                pace.publish_if_due(using="sequencer")
        if pace is not None:
            pace.publisher.publish_head(using="sequencer")
    return effort


def copy_the_same(first: int, end: int) -> float:
    """Copy the rows of these leaves and their nodes by COPY, as many at once as the sequencer; return the seconds."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        owner.execute(_COPIES)
        leaves = owner.execute(
            "SELECT entry_id, leaf_index, leaf_hash FROM audit_leaf WHERE leaf_index >= %s AND leaf_index < %s"
            " ORDER BY leaf_index",
            [first, end],
            binary=True,
        ).fetchall()
        nodes = owner.execute(
            "SELECT level, position, hash FROM audit_node WHERE ((position + 1) << level) > %s ORDER BY 2, 1",
            [first],
            binary=True,
        ).fetchall()
        owner.commit()
        began = time.perf_counter()
        for at in range(0, max(len(leaves), len(nodes)), BATCH):
            _copy(owner, "copied_leaf (entry_id, leaf_index, leaf_hash)", "int8", leaves[at : at + BATCH])
            _copy(owner, "copied_node (level, position, hash)", "int2", nodes[at : at + BATCH])
            owner.commit()
        return time.perf_counter() - began


def _copy(owner: psycopg.Connection[Any], target: str, first_type: str, rows: Sequence[Any]) -> None:
    with owner.cursor().copy(f"COPY {target} FROM STDIN (FORMAT BINARY)".encode()) as copy:
        copy.set_types([first_type, "int8", "bytea"])
        for row in rows:
            copy.write_row(row)


def main() -> None:
    """Measure so many entries in so many rounds, and print the numbers as JSON."""
    count, rounds = map(int, sys.argv[1:])
    ballots = Ballots()
    (battle,) = ballots.waiting(1)
    ballots.cast(battle)
    example = Entry.objects.filter(event="battles.vote_cast").latest("id").pk
    found: dict[str, list[float]] = {"published": [], "sequenced": [], "copied": []}
    efforts: list[Effort] = []
    size = bytes_each = 0
    with publisher() as press:
        pace = Pace(press, lambda line: print(line, file=sys.stderr))
        size = _empty_the_queue(pace)
        for _ in range(rounds):
            bytes_each = fill(example, count)
            efforts.append(sequence_all(pace))
            found["published"].append(count / efforts[-1].wall)
            found["copied"].append(count / copy_the_same(size, size + count))
            fill(example, count)
            found["sequenced"].append(count / sequence_all(None).wall)
            size += 2 * count
            press.publish_head(using="sequencer")
    ratios = [ours / copied for ours, copied in zip(found["published"], found["copied"], strict=True)]
    answer = {name: statistics.median(speeds) for name, speeds in found.items()}
    answer["ratio"] = statistics.median(ratios)
    answer["ours"] = statistics.median(effort.ours for effort in efforts) / count
    answer["databases"] = statistics.median(effort.databases for effort in efforts) / count
    json.dump({**answer, "bytes": bytes_each}, sys.stdout)


def _empty_the_queue(pace: Pace) -> int:
    sequence_all(pace)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_leaf")
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    main()
