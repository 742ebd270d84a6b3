"""``manage.py provision_database``: the roles on a server of one's own, by the command or by the SQL it prints."""

import os
import subprocess

import psycopg
import pytest

from showdown import roles
from showdown.roles import scram_verifier
from showdown.supervisor import schema
from showdown.supervisor.postgres import EmbeddedPostgres, wheel_folder

PASSWORDS = {role: f'{role}\'s "own" 100% secret' for role in roles.ROLES}


@pytest.fixture
def server(empty_postgres: EmbeddedPostgres) -> EmbeddedPostgres:
    empty_postgres.make(pytest.fail)
    empty_postgres.start()
    return empty_postgres


def addresses(server: EmbeddedPostgres) -> dict[str, str]:
    return {variable: server.address(role, PASSWORDS[role], "showdown") for variable, role in schema.VARIABLES.items()}


def provision(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        schema.manage("provision_database", *arguments),
        env=schema.without_addresses() | environment,
        cwd=schema.REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def assert_provisioned(server: EmbeddedPostgres) -> None:
    for role in roles.ROLES:
        with psycopg.connect(server.address(role, PASSWORDS[role], "showdown")) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (role,)
            may_create = connection.execute("SELECT has_schema_privilege('public', 'CREATE')").fetchone()
            assert may_create == (role == roles.OWNER,)


def test_the_command_makes_roles_and_database_and_may_be_repeated(server: EmbeddedPostgres) -> None:
    environment = addresses(server) | {"DATABASE_ADMIN_URL": server.superuser_address()}
    for _time in range(2):
        done = provision(environment)
        assert done.returncode == 0, done.stderr
        assert_provisioned(server)


def test_running_it_again_forgets_what_a_role_was_told_meanwhile(server: EmbeddedPostgres) -> None:
    environment = addresses(server) | {"DATABASE_ADMIN_URL": server.superuser_address()}
    assert provision(environment).returncode == 0
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as thief:
        thief.execute("ALTER ROLE showdown_app PASSWORD 'stolen'")
        thief.execute("ALTER ROLE showdown_app SET search_path = pg_temp")
        thief.execute("ALTER ROLE showdown_app IN DATABASE showdown SET search_path = pg_temp")
    done = provision(environment)
    assert done.returncode == 0, done.stderr
    assert_provisioned(server)
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        assert connection.execute("SHOW search_path").fetchone() == ('"$user", public',)
    with psycopg.connect(environment["DATABASE_AUDITOR_URL"]) as connection:
        assert connection.execute("SHOW default_transaction_read_only").fetchone() == ("on",)


def test_an_administrator_who_may_not_is_told_so(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.superuser_address(), autocommit=True) as superuser:
        superuser.execute("CREATE ROLE clerk LOGIN PASSWORD 'clerk'")
    done = provision(addresses(server) | {"DATABASE_ADMIN_URL": server.address("clerk", "clerk", "postgres")})
    assert done.returncode == 1
    assert "DATABASE_ADMIN_URL: permission denied" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_password_that_would_need_normalising_is_refused(server: EmbeddedPostgres) -> None:
    done = provision(
        {"DATABASE_URL": server.address("showdown_app", "s\N{LATIN SMALL LETTER E WITH ACUTE}", "x")}, "--print"
    )
    assert done.returncode == 1
    assert "The password in DATABASE_URL has signs other than printable ASCII" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_printed_sql_does_the_same(server: EmbeddedPostgres) -> None:
    printed = provision(addresses(server), "--print")
    assert printed.returncode == 0, printed.stderr
    assert not any(password in printed.stdout for password in PASSWORDS.values())
    done = subprocess.run(
        [str(wheel_folder() / "bin" / "psql"), server.superuser_address(), "--no-psqlrc", "--quiet", "--file=-"],
        input=printed.stdout,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PGPASSWORD": server.superuser_password},
    )
    assert done.returncode == 0, done.stderr
    assert_provisioned(server)


def test_without_passwords_the_printed_sql_asks_for_them() -> None:
    printed = provision({}, "--print")
    assert all(rf"\password {role}" in printed.stdout for role in roles.ROLES)


def test_without_an_administrator_the_command_says_what_to_do(server: EmbeddedPostgres) -> None:
    done = provision(addresses(server))
    assert done.returncode == 1
    assert "DATABASE_ADMIN_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_with_another_role_is_refused(server: EmbeddedPostgres) -> None:
    done = provision({"DATABASE_URL": server.superuser_address("showdown")}, "--print")
    assert done.returncode == 1
    assert "the role is showdown_app" in done.stderr


def test_a_verifier_opens_for_the_password_alone() -> None:
    made = scram_verifier("secret")
    assert made.startswith("SCRAM-SHA-256$4096:")
    assert "secret" not in made
    assert scram_verifier("secret") != made
    with pytest.raises(ValueError, match="ASCII"):
        scram_verifier("sécret")
