"""The gate before others' words: what Grace reads is written down first, counted, and ends when her day is full."""

import hashlib
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import psycopg
import pytest
from django.db import connections, transaction

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.policy.domain.reading import Purpose
from apps.policy.models import ContentLook, ReadingBatch
from apps.policy.services import DailyReadingReached, NotForThisPurpose, close_readings, read_content
from showdown.supervisor import schema
from tests import services
from tests.battles.arena import amend
from tests.conftest import NOON
from tests.trails import facts_about, trail_of

SWEEPER = Actor.system("policy.close_readings")
pytestmark = pytest.mark.django_db


def read(user: User, *numbers: int, purpose: Purpose = Purpose.CASE, key: str = "") -> str:
    return read_content(
        actor=user.as_actor(),
        purpose=purpose,
        subjects=[f"prompts.prompt:{number}" for number in numbers],
        load=lambda: "the words",
        now=NOON,
        key=key,
    )


def test_what_is_read_is_written_down_before_it_is_loaded(grace: User) -> None:
    seen: list[list[str]] = []
    read_content(
        actor=grace.as_actor(),
        purpose=Purpose.CASE,
        subjects=["prompts.prompt:2", "prompts.prompt:1"],
        load=lambda: seen.append(ContentLook.objects.get().subjects),
        now=NOON,
    )
    assert seen == [["prompts.prompt:1", "prompts.prompt:2"]]


def test_a_page_that_fails_afterwards_stays_written_down(grace: User) -> None:
    def fail() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        read_content(actor=grace.as_actor(), purpose=Purpose.CASE, subjects=["prompts.prompt:1"], load=fail, now=NOON)
    assert ContentLook.objects.get().counted == 1


def test_nothing_of_others_is_nothing_to_write_down(grace: User) -> None:
    assert read(grace) == "the words"
    assert not ReadingBatch.objects.exists()


def test_the_same_text_counts_once_a_day_and_is_noted_every_time(grace: User) -> None:
    amend("G1", moderator=2)
    for _time in range(4):
        assert read(grace, 1, 2) == "the words"
    assert list(ContentLook.objects.order_by("pk").values_list("counted", flat=True)) == [2, 0, 0, 0]


def test_a_full_day_ends_the_reading_and_says_what_to_do(grace: User, alan: User) -> None:
    amend("G1", moderator=2)
    read(grace, 1)
    read(grace, 2)
    with pytest.raises(
        DailyReadingReached, match=r"read 2 texts .* may read 2\. A colleague can take the case"
    ) as refused:
        read(grace, 3)
    assert (refused.value.clause, refused.value.code) == ("G1", "daily-reading-reached")
    assert ContentLook.objects.count() == 2
    assert read(grace, 1) == "the words", "what she has read already she may look at again"
    assert read(alan, 3) == "the words", "and a colleague goes on"


def test_other_purposes_and_keys_share_the_day(grace: User) -> None:
    amend("G1", moderator=2)
    read(grace, 1, key="sk_one")
    read(grace, 2, purpose=Purpose.STATEMENT)
    with pytest.raises(DailyReadingReached):
        read(grace, 3, key="sk_two")


def test_a_rulebook_that_gives_a_role_nothing_lets_it_read_nothing(grace: User) -> None:
    amend("G1", moderator=0)
    with pytest.raises(DailyReadingReached):
        read(grace, 1)


@pytest.mark.parametrize(
    "role", [role for role in Role if role is not Role.MODERATOR], ids=lambda role: str(role.value)
)
def test_nobody_else_reads_what_moderators_read(person: Any, role: Role) -> None:
    somebody = person("joan", role)
    for purpose in (Purpose.CASE, Purpose.STATEMENT):
        with pytest.raises(NotForThisPurpose):
            read(somebody, 1, purpose=purpose)
    assert not ContentLook.objects.exists()


def test_a_ballot_is_opened_by_auditors_alone(grace: User, barbara: User) -> None:
    assert read(barbara, 1, purpose=Purpose.DRAWN_BALLOT) == "the words"
    with pytest.raises(NotForThisPurpose):
        read(grace, 1, purpose=Purpose.DRAWN_BALLOT)


@pytest.mark.committed
def test_the_database_sets_the_time_whatever_the_application_says(
    grace: User, owner_connection: psycopg.Connection[Any], database_urls: dict[str, str]
) -> None:
    read(grace, 1)
    batch = ReadingBatch.objects.get()
    with psycopg.connect(database_urls["app"], autocommit=True) as app:
        app.execute(
            "INSERT INTO policy_contentlook (batch_id, at, subjects, counted) "
            "VALUES (%s, now() - interval '3 days', '{prompts.prompt:9}', 1)",
            [batch.pk],
        )
        for forbidden in (
            "UPDATE policy_contentlook SET counted = 0",
            "DELETE FROM policy_contentlook",
            "TRUNCATE policy_contentlook",
            "DELETE FROM policy_readingbatch",
            "UPDATE policy_readingbatch SET reader = 'somebody else'",
            "UPDATE policy_readingbatch SET began_at = now() - interval '3 days'",
            "UPDATE policy_egressroute SET because = 'because'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(forbidden)
    young = owner_connection.execute("SELECT bool_and(at > now() - interval '1 hour') FROM policy_contentlook")
    assert young.fetchone() == (True,)


@pytest.mark.committed
def test_after_a_day_the_first_texts_leave_the_count(grace: User, owner_connection: psycopg.Connection[Any]) -> None:
    amend("G1", moderator=1)
    read(grace, 1)
    with pytest.raises(DailyReadingReached):
        read(grace, 2)
    owner_connection.execute("UPDATE policy_contentlook SET at = at - interval '24 hours'")
    assert read(grace, 2) == "the words"
    with pytest.raises(DailyReadingReached):
        read(grace, 1)


@pytest.mark.committed
def test_two_tabs_at_once_do_not_pass_the_day_together(grace: User) -> None:
    amend("G1", moderator=1)
    together = Barrier(8)

    def look(number: int) -> bool:
        together.wait()
        try:
            read(grace, number)
        except DailyReadingReached:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as tabs:
        assert sum(tabs.map(look, range(8))) == 1
    assert ContentLook.objects.count() == 1


@pytest.mark.committed
def test_words_are_not_read_where_the_note_could_still_be_undone(grace: User) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        read(grace, 1)


@pytest.mark.committed
def test_an_hour_of_reading_becomes_one_entry(grace: User, owner_connection: psycopg.Connection[Any]) -> None:
    read(grace, 1, 2)
    read(grace, 2, 3)
    assert close_readings(actor=SWEEPER, now=NOON) == 0, "the hour is not over"
    owner_connection.execute("UPDATE policy_readingbatch SET began_at = began_at - interval '1 hour'")
    assert close_readings(actor=SWEEPER, now=NOON) == 1
    assert close_readings(actor=SWEEPER, now=NOON) == 0
    batch = ReadingBatch.objects.get()
    assert trail_of(batch) == ["policy.content_read"]
    told = facts_about(batch)
    assert {name: told[name] for name in ("reader", "role", "purpose", "looks", "texts")} == {
        "reader": grace.pseudonym,
        "role": "moderator",
        "purpose": "case",
        "looks": 2,
        "texts": 3,
    }
    # Anybody who holds the rows computes the digest that the log has.
    rows = owner_connection.execute("SELECT at, counted, subjects FROM policy_contentlook ORDER BY id").fetchall()
    lines = [f"{at:%Y-%m-%dT%H:%M:%S.%f}Z {counted} {' '.join(subjects)}\n" for at, counted, subjects in rows]
    assert told["digest"] == batch.digest == hashlib.sha256("".join(lines).encode()).hexdigest()


@pytest.mark.committed
def test_whoever_reads_on_after_the_hour_begins_a_new_batch(
    grace: User, owner_connection: psycopg.Connection[Any]
) -> None:
    read(grace, 1)
    owner_connection.execute("UPDATE policy_readingbatch SET began_at = began_at - interval '61 minutes'")
    read(grace, 2)
    first, second = ReadingBatch.objects.order_by("pk")
    assert trail_of(first) == ["policy.content_read"]
    assert (second.closed_at, trail_of(second)) == (None, [])


_KILLED = """
import os, signal, sys
import django
django.setup()
from django.utils import timezone
from apps.accounts.models import User
from apps.policy.domain.reading import Purpose
from apps.policy.services import read_content
read_content(
    actor=User.objects.get(pk=int(sys.argv[1])).as_actor(), purpose=Purpose.CASE, subjects=["prompts.prompt:1"],
    load=lambda: os.kill(os.getpid(), signal.SIGKILL), now=timezone.now(),
)
"""


@pytest.fixture
def application(database_urls: dict[str, str]) -> dict[str, str]:
    return {**os.environ, **services.database_variables(connections.settings["default"]["NAME"])}


@pytest.mark.committed
def test_a_process_that_is_killed_while_it_reads_leaves_its_look(grace: User, application: dict[str, str]) -> None:
    program = [sys.executable, "-c", _KILLED, str(grace.pk)]
    done = subprocess.run(program, cwd=schema.REPOSITORY, env=application, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert ContentLook.objects.get().batch.reader == grace.pseudonym
