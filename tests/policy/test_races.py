"""Two people adopt at the same moment, in every order: versions come one after the other, or the later is stale."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from apps.accounts.models import User
from tests.licensing.interleaving import Table, orders
from tests.policy.changing import judged, other

pytestmark = pytest.mark.committed


@pytest.fixture
def table(database_urls: dict[str, str], _django_db_helper: None) -> Iterator[Table]:
    found = Table([database_urls["app"], database_urls["app"]], database_urls["admin"])
    yield found
    found.close()


def test_two_adoptions_at_once_make_one_version_and_one_refusal(
    table: Table, owner_connection: psycopg.Connection[Any], radia: User, margaret: User, katherine: User
) -> None:
    """Whichever comes second was made upon a version that is not the newest any more."""
    played = 0
    for order in orders(3, 3):
        numbers = [row[0] for row in owner_connection.execute("SELECT number FROM policy_policyversion ORDER BY 1")]
        k = 11 + 2 * played
        first = judged(radia, other("W7", k=k))
        second = judged(margaret, other("W7", k=k + 1))
        scripts = [["BEGIN", f"SELECT policy_adopt({each.pk}, {katherine.pk})", "COMMIT"] for each in (first, second)]
        refusals = table.play(scripts, order)
        assert sorted(len(each) for each in refusals) == [0, 1], (order, refusals)
        assert {code for each in refusals for code in each} == {"BK004"}, (order, refusals)
        after = [row[0] for row in owner_connection.execute("SELECT number FROM policy_policyversion ORDER BY 1")]
        assert after == [*numbers, numbers[-1] + 1]
        for each in (first, second):
            owner_connection.execute(
                "UPDATE policy_policyproposal SET state = 'withdrawn' WHERE id = %s AND state = 'proposed'", [each.pk]
            )
        played += 1
    assert played == 20


def test_one_proposal_is_adopted_once(
    table: Table, owner_connection: psycopg.Connection[Any], radia: User, margaret: User, katherine: User
) -> None:
    for number, order in enumerate(orders(3, 3)):
        proposal = judged(radia, other("W7", k=11 + number))
        scripts = [
            ["BEGIN", f"SELECT policy_adopt({proposal.pk}, {second.pk})", "COMMIT"] for second in (margaret, katherine)
        ]
        refusals = table.play(scripts, order)
        assert [code for each in refusals for code in each] == ["BK001"], (order, refusals)
    found = owner_connection.execute("SELECT count(*), max(number) FROM policy_policyversion").fetchone()
    assert found == (21, 21)


def test_without_the_lock_two_would_write_one_number(
    table: Table, owner_connection: psycopg.Connection[Any], radia: User, margaret: User, katherine: User
) -> None:
    """The naive form: nobody waits, and only the numbers' own uniqueness is left to stop the second."""
    found = owner_connection.execute(
        "SELECT pg_get_functiondef('policy_adopt(bigint, bigint, timestamptz)'::regprocedure)"
    ).fetchone()
    assert found is not None
    lock = "LOCK TABLE policy_policyversion IN SHARE ROW EXCLUSIVE MODE;"
    assert lock in found[0]
    owner_connection.execute(found[0].replace(lock, "").encode())
    codes = set()
    for number, order in enumerate(orders(3, 3)):
        each = [judged(who, other("W7", k=11 + 2 * number + add)) for add, who in enumerate((radia, margaret))]
        scripts = [["BEGIN", f"SELECT policy_adopt({one.pk}, {katherine.pk})", "COMMIT"] for one in each]
        codes |= {code for refused in table.play(scripts, order) for code in refused}
        owner_connection.execute("UPDATE policy_policyproposal SET state = 'withdrawn' WHERE state = 'proposed'")
    assert "23505" in codes
