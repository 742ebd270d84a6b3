"""The system checks of the wiring, and a production environment that passes them all."""

import os
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connections
from django.test import override_settings

from showdown import checks
from showdown.supervisor import schema


def ids(found: list[Any]) -> list[str]:
    return [message.id for message in found]


@pytest.mark.parametrize(("version", "old"), [(90624, True), (140012, True), (150000, False), (180004, False)])
def test_servers_before_15_are_too_old(version: int, old: bool) -> None:
    assert checks.too_old(version) is old


@pytest.mark.usefixtures("db")
def test_the_server_of_the_tests_is_young_enough() -> None:
    assert checks.servers_are_young_enough(databases=["default"]) == []


@pytest.mark.usefixtures("db")
def test_a_server_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "too_old", lambda _version: True)
    with pytest.raises(SystemCheckError, match=r"(?s)showdown\.E004.*PostgreSQL 18.*PostgreSQL 15 or newer is needed"):
        call_command("check", databases=["default"])


@pytest.mark.committed
def test_a_server_that_would_log_peoples_words_is_named(database_urls: dict[str, str]) -> None:
    assert checks.servers_log_nobodys_words(databases=["default"]) == []
    database = connections["default"].settings_dict["NAME"]
    with psycopg.connect(database_urls["admin"], autocommit=True) as server:
        server.execute(f"ALTER DATABASE {database} SET log_statement = 'all'")
        server.execute(f"ALTER DATABASE {database} SET log_error_verbosity = 'default'")
    connections.close_all()
    (found,) = checks.servers_log_nobodys_words(databases=["default"])
    assert found.id == "showdown.W001"
    assert "log_error_verbosity = default, log_statement = all" in found.msg
    assert found.hint == "log_error_verbosity = terse; log_statement = none"


def test_what_a_command_writes_is_its_users_alone(tmp_path: Path) -> None:
    told = manage("shell", "-v0", "-c", f"open({str(tmp_path / 'copy')!r}, 'w').close()", SHOWDOWN_TESTING="1")
    assert told.returncode == 0, told.stderr
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600


def test_another_engine_is_refused() -> None:
    other = {"default": {"ENGINE": "django.db.backends.sqlite3"}}
    with override_settings():
        from django.conf import settings

        settings.DATABASES = other
        assert ids(checks.engines_are_postgresql()) == ["showdown.E002"]
    assert checks.engines_are_postgresql() == []


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in schema.without_addresses().items() if not name.startswith("SHOWDOWN_")}
    for only_in_tests in ("DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE"):
        kept.pop(only_in_tests, None)
    return subprocess.run(
        schema.manage(*arguments),
        env=kept | environment,
        cwd=schema.REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def test_another_engine_in_the_environment_is_refused() -> None:
    done = manage("check", SHOWDOWN_TESTING="1", DATABASE_URL="sqlite:///elsewhere.sqlite3")
    assert done.returncode == 1
    assert "only PostgreSQL is served" in done.stderr


def test_a_platform_without_secrets_is_refused() -> None:
    done = manage("check")
    assert done.returncode == 1
    assert "SHOWDOWN_SECRET_KEY is not set" in done.stderr


def test_the_sequencer_needs_no_secret_of_the_web(database_urls: dict[str, str]) -> None:
    done = manage("check", DATABASE_SEQUENCER_URL=database_urls["sequencer"])
    assert done.returncode == 0, done.stderr


def test_a_deployment_without_a_database_is_refused() -> None:
    done = manage("check", "--deploy", SHOWDOWN_SECRET_KEY="k" * 40 + "0123456789")
    assert done.returncode == 1
    assert "DATABASE_URL is not set" in done.stderr
    assert "SHOWDOWN_LOG_ORIGIN is not set" in done.stderr


def test_a_production_environment_passes_every_check_of_a_deployment(database_urls: dict[str, str]) -> None:
    done = manage(
        "check",
        "--deploy",
        "--fail-level",
        "WARNING",
        "--database",
        "default",
        "--database",
        "auditor",
        SHOWDOWN_SECRET_KEY="q8Zr-unlike-anything-else-27-of-every-kind-0f4bd1-xyzw",
        SHOWDOWN_HOSTS="showdown.example",
        SHOWDOWN_ADDRESS="https://showdown.example",
        SHOWDOWN_MAIL_HOST="mail.example",
        SHOWDOWN_LOG_ORIGIN="showdown.example/log",
        DATABASE_URL=database_urls["app"],
        DATABASE_AUDITOR_URL=database_urls["auditor"],
        REDIS_URL=os.environ["REDIS_URL"],
    )
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout
