"""Who acts, and how a refusal is named."""

import pytest

from apps.audit.domain.actor import Actor, ActorKind
from apps.audit.domain.refusal import NotPermitted, Refused


def test_the_system_acts_under_the_name_of_what_it_does() -> None:
    robot = Actor.system("rankings.refit")
    assert (robot.kind, robot.pseudonym, robot.account_id) == (ActorKind.SYSTEM, "system:rankings.refit", None)
    assert robot.is_system
    assert not robot.has("auditor")
    assert robot.request_id != Actor.system("rankings.refit").request_id


def test_a_visitor_holds_no_role() -> None:
    visitor = Actor.visitor(request_id="r-1")
    assert (visitor.kind, visitor.pseudonym, visitor.request_id) == (ActorKind.VISITOR, "visitor", "r-1")
    assert not visitor.is_system
    assert visitor.roles == frozenset()


def barbara(**changes: object) -> Actor:
    told: dict[str, object] = {
        "kind": ActorKind.PERSON,
        "account_id": 7,
        "pseudonym": "p-7",
        "roles": frozenset({"auditor"}),
        "reauthenticated_at": None,
        "request_id": "r-1",
    }
    return Actor(**(told | changes))  # type: ignore[arg-type]


def test_a_person_holds_the_roles_given() -> None:
    assert barbara().has("auditor")
    assert not barbara().has("moderator")


@pytest.mark.parametrize("changes", [{"account_id": None}, {"kind": ActorKind.SYSTEM}, {"pseudonym": ""}])
def test_an_impossible_actor_cannot_be_made(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"account|pseudonym"):
        barbara(**changes)


class AlreadyVotedHTTPTwice(Refused):
    pass


class Explained(NotPermitted):
    code = "explained-otherwise"


def test_a_refusal_is_named_after_its_class() -> None:
    assert Refused.code == "refused"
    assert NotPermitted.code == "not-permitted"
    assert AlreadyVotedHTTPTwice.code == "already-voted-http-twice"
    assert Explained.code == "explained-otherwise"


def test_a_refusal_knows_its_clause_and_subject() -> None:
    refused = NotPermitted("Only moderators decide.", clause="4.2", subject="moderation.case:1")
    assert (refused.message, refused.clause, refused.subject) == (
        "Only moderators decide.",
        "4.2",
        "moderation.case:1",
    )
    assert str(refused) == "Only moderators decide."
    assert Refused("No.").clause is None
