"""A refusal is in the log before anybody is shown it, whichever edge it reaches."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from celery import Celery
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import AsyncClient, RequestFactory
from django.urls import ResolverMatch

from apps.accounts.models import User
from apps.audit import middleware as middleware_module
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.management.base import RecordedCommand
from apps.audit.middleware import RefusalMiddleware
from apps.audit.models import Entry
from apps.audit.queries import trail_of
from apps.audit.services import record_refusal
from apps.audit.task_base import RecordedTask
from tests.audit.garden import ROBOT
from tests.conftest import NOON


class TreeIsProtected(Refused):
    pass


def last_refusal() -> Entry:
    return Entry.objects.filter(event="audit.refused").latest("id")


def test_a_refusal_tells_what_was_tried_and_why_not(mallory: User) -> None:
    refused = TreeIsProtected("Mallory, this tree stays.", clause="4.2", subject="gardens.tree:1")
    entry = record_refusal(refused, actor=mallory.as_actor(), attempted="gardens:fell", at=NOON)
    assert entry.facts == {"attempted": "gardens:fell", "code": "tree-is-protected"}
    assert (entry.subject, entry.clause, entry.actor_pseudonym) == ("gardens.tree:1", "4.2", mallory.pseudonym)
    assert b"Mallory" not in bytes(entry.body)
    assert trail_of("gardens.tree:1") == ["audit.refused"]


def test_a_refusal_about_nothing_names_the_request(db: None) -> None:
    visitor = Actor.visitor(request_id="req-17")
    assert record_refusal(Refused("No."), actor=visitor, attempted="x", at=NOON).subject == "audit.request:req-17"
    odd = Actor.visitor(request_id="two words\n")
    subject = record_refusal(Refused("No."), actor=odd, attempted="x", at=NOON).subject
    assert subject.startswith("audit.request:")
    assert "words" not in subject


@pytest.mark.committed
def test_a_refusal_is_written_after_the_refused_work_is_undone() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        record_refusal(Refused("No."), actor=ROBOT, attempted="x", at=NOON)
    assert not Entry.objects.filter(event="audit.refused").exists()
    record_refusal(Refused("No."), actor=ROBOT, attempted="x", at=NOON)
    assert Entry.objects.filter(event="audit.refused").count() == 1


# --- The web ---


def answer_to(refused: Exception, request: HttpRequest) -> HttpResponse | None:
    def view(_request: HttpRequest) -> HttpResponseBase:
        return HttpResponse()

    return RefusalMiddleware(view).process_exception(request, refused)


def request_for(actor: Actor | None) -> HttpRequest:
    request = RequestFactory().post("/gardens/fell/")
    request.resolver_match = ResolverMatch(lambda: None, (), {}, "fell", namespaces=["gardens"])
    request.user = AnonymousUser()
    if actor is not None:
        request.actor = actor  # type: ignore[attr-defined]
    return request


@pytest.mark.parametrize(("kind", "status"), [(NotPermitted, 403), (TreeIsProtected, 409)])
def test_the_web_records_and_then_explains(db: None, kind: type[Refused], status: int) -> None:
    response = answer_to(kind("This tree stays.", clause="4.2"), request_for(ROBOT))
    assert response is not None
    assert response.status_code == status
    page = response.content.decode()
    assert "This tree stays." in page
    assert "4.2" in page
    assert kind.code in page
    entry = last_refusal()
    assert entry.facts == {"attempted": "gardens:fell", "code": kind.code}
    assert entry.clause == "4.2"


def test_a_refusal_is_answered_the_same_under_asgi(mallory: User) -> None:
    client = AsyncClient()
    async_to_sync(client.aforce_login)(mallory)
    response = async_to_sync(client.get)("/log/entries/")
    assert response.status_code == 403
    assert last_refusal().actor_pseudonym == mallory.pseudonym


def test_a_request_without_an_actor_is_a_visitors(db: None) -> None:
    answer_to(Refused("No."), request_for(None))
    assert last_refusal().actor_kind == "visitor"


def test_other_errors_are_not_the_middlewares(db: None) -> None:
    assert answer_to(ValueError("a mistake"), request_for(ROBOT)) is None
    assert not Entry.objects.filter(event="audit.refused").exists()


def test_nobody_is_refused_unrecorded(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_named: object) -> None:
        raise DatabaseError("the log is away")

    monkeypatch.setattr(middleware_module, "record_refusal", fail)
    with pytest.raises(DatabaseError, match="away"):
        answer_to(NotPermitted("No."), request_for(ROBOT))


# --- The command line ---


class FellCommand(RecordedCommand):
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        raise TreeIsProtected("This tree stays.", subject="gardens.tree:1")


def test_a_command_records_and_fails_with_the_reason(db: None) -> None:
    command = FellCommand(stdout=StringIO(), stderr=StringIO())
    with pytest.raises(CommandError, match="This tree stays"):
        command.execute(verbosity=1, force_color=False, no_color=True, skip_checks=True)
    entry = last_refusal()
    assert entry.facts["code"] == "tree-is-protected"
    assert entry.actor_pseudonym.startswith("system:")
    assert entry.facts["attempted"] in entry.actor_pseudonym


def test_a_command_of_an_app_acts_under_its_own_name() -> None:
    kind = type("Command", (RecordedCommand,), {"__module__": "apps.rankings.management.commands.recompute_rankings"})
    assert kind().actor.pseudonym == "system:rankings.recompute_rankings"


# --- The workers ---


@pytest.fixture
def task() -> Callable[[], object]:
    app = Celery("tests", set_as_current=False)

    @app.task(base=RecordedTask, bind=True, name="gardens.fell_due")
    def fell_due(self: RecordedTask, tree: int) -> int:
        if tree == 1:
            raise TreeIsProtected("This tree stays.", subject="gardens.tree:1")
        return tree

    return fell_due


def test_a_task_records_and_ends(db: None, task: Any) -> None:
    assert task(2) == 2
    assert task(1) is None
    assert task.apply(args=[1]).successful()
    assert Entry.objects.filter(event="audit.refused").count() == 2
    entry = last_refusal()
    assert entry.facts == {"attempted": "gardens.fell_due", "code": "tree-is-protected"}
    assert entry.actor_pseudonym == "system:gardens.fell_due"


def test_a_task_whose_refusal_cannot_be_recorded_fails(db: None, task: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_named: object) -> None:
        raise DatabaseError("the log is away")

    monkeypatch.setattr("apps.audit.task_base.record_refusal", fail)
    with pytest.raises(DatabaseError):
        task(1)


def test_a_refusal_leaves_the_connection_usable(db: None) -> None:
    answer_to(Refused("No."), request_for(ROBOT))
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
