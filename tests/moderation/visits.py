"""How moderation's pages are visited, and what a visit may cost."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User


def visit(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


# Marks of transactions, what every page costs whoever is signed in, and what the log writes with every act.
_NOT_ITS_OWN = re.compile(
    r"(RELEASE )?SAVEPOINT|BEGIN|COMMIT|INSERT INTO audit_"
    r'|(SELECT|UPDATE) "(django_session|usersessions_usersession|accounts_user|accounts_rolegrant)"'
)


@contextmanager
def at_most(most: int) -> Iterator[None]:
    """Count the statements that a page or an act needs for itself."""
    with CaptureQueriesContext(connection) as told:
        yield
    made = [query["sql"] for query in told if not _NOT_ITS_OWN.match(query["sql"])]
    assert len(made) <= most, f"{len(made)} statements:\n" + "\n".join(sql[:160] for sql in made)


def text_of(response: object) -> str:
    content: bytes = response.content  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content.decode()))
