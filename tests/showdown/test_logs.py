"""What the machine's logs say about an error: its kind and its places, and no word that somebody wrote."""

import io
import logging
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import DataError, IntegrityError, connection, transaction

from showdown.logs import PlacesAndKinds

CANARY = "zanzibarcanary"


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logger(log: io.StringIO) -> logging.Logger:
    handler = logging.StreamHandler(log)
    handler.setFormatter(PlacesAndKinds("%(levelname)s %(name)s %(message)s"))
    quiet = logging.Logger("tests.quiet")
    quiet.addHandler(handler)
    return quiet


def test_a_message_that_quotes_somebody_stays_out(logger: logging.Logger, log: io.StringIO) -> None:
    try:
        int(CANARY)
    except ValueError:
        logger.exception("Prompt %s could not be screened.", 7)
    told = log.getvalue()
    assert CANARY not in told
    assert "Prompt 7 could not be screened." in told
    assert "ValueError" in told
    assert "in test_a_message_that_quotes_somebody_stays_out" in told


def test_causes_and_groups_are_told_by_their_kind(logger: logging.Logger, log: io.StringIO) -> None:
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as cause:
            raise ExceptionGroup(CANARY, [LookupError(CANARY), UnicodeError(CANARY)]) from cause
    except ExceptionGroup:
        logger.exception("It went wrong.")
    told = log.getvalue()
    assert CANARY not in told
    assert all(kind in told for kind in ("ExceptionGroup", "LookupError", "UnicodeError", "Caused by:", "KeyError"))


def test_what_speaks_of_the_machine_is_kept(logger: logging.Logger, log: io.StringIO) -> None:
    for error in (ConnectionRefusedError(111, "Connection refused"), OSError(28, "No space left on device", CANARY)):
        try:
            raise error
        except OSError:
            logger.exception("The machine.")
    told = log.getvalue()
    assert "Connection refused" in told
    assert "No space left on device (28)" in told
    assert CANARY not in told


def test_an_error_among_the_arguments_is_told_by_its_kind(logger: logging.Logger, log: io.StringIO) -> None:
    logger.warning("It failed: %s", ValueError(CANARY))
    logger.error("Task %(name)s raised: %(exc)s\n%(traceback)s", {"name": "x", "exc": CANARY, "traceback": CANARY})
    assert CANARY not in log.getvalue()
    assert "It failed: ValueError" in log.getvalue()


@pytest.mark.django_db
def test_a_row_that_a_constraint_refused_stays_out(logger: logging.Logger, log: io.StringIO) -> None:
    """PostgreSQL's DETAIL quotes the whole row, and Django passes it on."""
    leaks: list[str] = []
    for error, statement in (
        (IntegrityError, "INSERT INTO prompts_prompt (text) VALUES (%s)"),
        (DataError, "SELECT %s::text::integer"),
    ):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, [CANARY])
        except error as refused:
            leaks.append(str(refused))
            logger.exception("Not stored.")
    assert all(CANARY in leak for leak in leaks), "PostgreSQL quotes what it refuses"
    told = log.getvalue()
    assert CANARY not in told
    assert "sqlstate 23502, table prompts_prompt, column" in told
    assert "sqlstate 22P02" in told


def test_a_database_that_is_away_says_why(logger: logging.Logger, log: io.StringIO) -> None:
    try:
        psycopg.connect("postgresql://nobody@/none?host=/nowhere&connect_timeout=1")
    except psycopg.OperationalError:
        logger.exception("No database.")
    assert "/nowhere" in log.getvalue()


def test_every_handler_of_the_settings_writes_so() -> None:
    configured: dict[str, Any] = settings.LOGGING
    assert set(configured["formatters"]["line"]) == {"()", "format"}
    assert all(handler["formatter"] == "line" for handler in configured["handlers"].values())
    root = logging.getLogger()
    ours = [handler for handler in root.handlers if isinstance(handler.formatter, PlacesAndKinds)]
    assert len(ours) == 1
    assert logging.getLogger("django").handlers == []
