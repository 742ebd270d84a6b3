"""The database's function and the program's explanation of it say the same about every change, at any time."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from apps.accounts.models import User
from apps.policy.domain.changes import ClauseChange
from apps.policy.domain.rulebook import ClauseText
from apps.policy.domain.schedule import Edition, NothingDiffers, adopted
from tests.policy.domain.test_schedule import DAY, HISTORIES, laid_upon

pytestmark = pytest.mark.committed

BEGIN = datetime(2026, 2, 1, tzinfo=UTC)
Owner = psycopg.Connection[Any]


def editions_in(owner: Owner) -> list[Edition]:
    rows = owner.execute(
        "SELECT v.number, v.effective_at, w.number, c.number, c.title, c.text, c.parameters"
        " FROM policy_policyversion v JOIN policy_clause c ON c.version_id = v.id"
        " LEFT JOIN policy_policyversion w ON w.id = v.carries_id ORDER BY v.number, c.number"
    ).fetchall()
    return [
        Edition(
            number=number,
            effective_at=effective_at,
            carries=carries,
            clauses=tuple(ClauseText(number=row[3], title=row[4], text=row[5], parameters=row[6]) for row in clauses),
        )
        for (number, effective_at, carries), clauses in itertools.groupby(rows, key=lambda row: row[:3])
    ]


def propose(owner: Owner, changes: Sequence[ClauseChange], *, by: int) -> int:
    found = owner.execute(
        "INSERT INTO policy_policyproposal (based_on_id, reason, state, proposer_id, proposed_at, decision, kind)"
        " SELECT id, 'A wish', 'proposed', %s, now(), '', '' FROM policy_policyversion ORDER BY number DESC LIMIT 1"
        " RETURNING id",
        [by],
    ).fetchone()
    assert found is not None
    for each in changes:
        owner.execute(
            "INSERT INTO policy_clauseproposal (proposal_id, number, title, text, parameters, is_removed)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [found[0], each.number, each.title, each.text, Jsonb(dict(each.parameters)), each.is_removed],
        )
    owner.execute("UPDATE policy_policyproposal SET backtested_at = now() WHERE id = %s", [found[0]])
    return int(found[0])


def sorted_by_number(edition: Edition) -> tuple[ClauseText, ...]:
    return tuple(sorted(edition.clauses, key=lambda each: each.number))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=HISTORIES, goes=st.booleans())
def test_both_say_the_same(
    owner_connection: Owner, radia: User, katherine: User, history: list[Any], goes: bool
) -> None:
    owner = owner_connection
    with owner.transaction(force_rollback=True):
        now = BEGIN
        for step, (days, wish) in enumerate(history):
            now += days * DAY + timedelta(seconds=1)
            before = editions_in(owner)
            newest = max(before, key=lambda each: each.number)
            changes = laid_upon(newest, wish)
            if goes and step == 1:
                changes = [each for each in changes if each.number != "P4"]
                changes.append(ClauseChange(number="P4", is_removed=True))
            try:
                kind, written = adopted(before, changes, now=now)
            except NothingDiffers:
                written = []
            proposal = propose(owner, changes, by=radia.pk)
            try:
                with owner.transaction():
                    found = owner.execute("SELECT policy_adopt(%s, %s, %s)", [proposal, katherine.pk, now]).fetchone()
            except psycopg.Error as error:
                # The database refuses what changes nothing, and what takes away what was taken away.
                if error.sqlstate not in {"BK005", "BK006"}:
                    raise
                assert not written or any(each.number == "P4" for each in changes)
                return
            assert found == (len(written),)
            after = editions_in(owner)
            assert after[: len(before)] == before
            assert [(each.number, each.effective_at, each.carries) for each in after[len(before) :]] == [
                (each.number, each.effective_at, each.carries) for each in written
            ]
            for one, other in zip(after[len(before) :], written, strict=True):
                assert sorted_by_number(one) == sorted_by_number(other)
            told = owner.execute("SELECT kind FROM policy_policyproposal WHERE id = %s", [proposal]).fetchone()
            assert told == (kind.value,)


MUTATIONS = {
    "everything tightens": (
        "policy_effect(text, text, jsonb, jsonb)",
        "ELSE 'loosens' END",
        "ELSE 'tightens' END",
    ),
    "what has no safer side tightens": (
        "policy_effect(text, text, jsonb, jsonb)",
        "WHEN d.safer = 'none' THEN 'changes'",
        "WHEN d.safer = 'none' THEN 'tightens'",
    ),
    "words do not matter": (
        "policy_differences(bigint, bigint)",
        "IS DISTINCT FROM (p.title, p.text)",
        "IS DISTINCT FROM (c.title, c.text)",
    ),
    "nobody waits for a month": (
        "policy_adopt(bigint, bigint, timestamptz)",
        "hours => 24 * coalesce(days, 30)::integer",
        "hours => 0 * coalesce(days, 30)::integer",
    ),
    "the newest version's notice counts alone": (
        "policy_adopt(bigint, bigint, timestamptz)",
        "greatest(30, max(policy_number(c.parameters -> 'loosening_days')))",
        "30",
    ),
    "what waits is forgotten": (
        "policy_adopt(bigint, bigint, timestamptz)",
        "greatest(each.effective_at, moment), asked.reason",
        "moment, asked.reason",
    ),
    "a tightening is put upon the newest alone": (
        "policy_adopt(bigint, bigint, timestamptz)",
        "CONTINUE WHEN NOT is_moved;",
        "CONTINUE WHEN NOT is_moved OR each.id <> newest.id;",
    ),
    "a waiting version is stricter than it should be": (
        "policy_adopt(bigint, bigint, timestamptz)",
        "AND policy_effect(d.clause, d.name, c.parameters -> d.name, d.becomes) = 'tightens'), '{}')",
        "), '{}')",
    ),
    "a stale proposal is as good as a fresh one": (
        "policy_adopt(bigint, bigint, timestamptz)",
        "asked.based_on_id <> newest.id",
        "false",
    ),
    "one person is enough": (
        "policy_adopt(bigint, bigint, timestamptz)",
        "second_person = asked.proposer_id",
        "false",
    ),
    "an untested proposal is as good as a tested one": (
        "policy_adopt(bigint, bigint, timestamptz)",
        "NOT policy_is_tested(of_proposal)",
        "false",
    ),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_each_rule_is_missed_when_it_is_gone(
    owner_connection: Owner, radia: User, katherine: User, mutation: str
) -> None:
    """A story in which every rule of the function matters goes wrong without it."""
    assert story(owner_connection, radia.pk, katherine.pk) == []
    function, rule, gone = MUTATIONS[mutation]
    found = owner_connection.execute("SELECT pg_get_functiondef(%s::regprocedure)", [function]).fetchone()
    assert found is not None
    assert rule in found[0], found[0]
    owner_connection.execute(found[0].replace(rule, gone).encode())
    assert story(owner_connection, radia.pk, katherine.pk) != []


def story(owner: Owner, first: int, second: int) -> list[str]:
    """Change the book seven times and return what is not as it should be; nothing of it is kept."""
    wrong: list[str] = []
    book = {clause.number: clause for clause in editions_in(owner)[0].clauses}

    def change(at: datetime, *changes: ClauseChange, by: int = second) -> list[Edition]:
        count = len(editions_in(owner))
        owner.execute("SELECT policy_adopt(%s, %s, %s)", [propose(owner, changes, by=first), by, at])
        return editions_in(owner)[count:]

    def expect(what: str, is_so: bool) -> None:
        if not is_so:
            wrong.append(what)

    def number(edition: Edition, clause: str, name: str) -> Any:
        return next(each.parameters[name] for each in edition.clauses if each.number == clause)

    def refuses(what: str, code: str, proposal: int, by: int) -> None:
        try:
            with owner.transaction():
                owner.execute("SELECT policy_adopt(%s, %s, %s)", [proposal, by, BEGIN])
        except psycopg.Error as error:
            expect(what, error.sqlstate == code)
        else:
            wrong.append(what)

    with owner.transaction(force_rollback=True):
        alone = propose(owner, [ClauseChange.of(book["W7"], k=11)], by=first)
        refuses("one person alone", "BK002", alone, first)
        untested = propose(owner, [ClauseChange.of(book["W7"], k=11)], by=first)
        owner.execute("UPDATE policy_policyproposal SET backtested_at = NULL WHERE id = %s", [untested])
        refuses("untested", "BK003", untested, second)
        words = ClauseChange(number="W3", title="Nothing", text="Other words.")
        version, *_more = change(BEGIN, words, ClauseChange.of(book["W1"], min_age_days=61))
        expect("words wait", version.effective_at == BEGIN + 30 * DAY)
        version, *_more = change(BEGIN + DAY, ClauseChange.of(book["R1"], anchor=900))
        expect("what has no side waits", version.effective_at == BEGIN + 31 * DAY)
        version, *_more = change(BEGIN + 2 * DAY, ClauseChange.of(book["W7"], k=5))
        expect("a loosening waits", version.effective_at == BEGIN + 32 * DAY)
        stale = propose(owner, [ClauseChange.of(book["B5"], per_day=100)], by=first)
        versions = change(
            BEGIN + 3 * DAY, ClauseChange.of(book["W7"], k=7), ClauseChange.of(book["W9"], loosening_days=45)
        )
        expect("every version is written anew", len(versions) == 4)
        if len(versions) == 4:
            expect(
                "each keeps its day",
                [each.effective_at for each in versions] == [BEGIN + days * DAY for days in (3, 30, 31, 32)],
            )
            expect("nothing comes early", [number(each, "W7", "k") for each in versions] == [10, 10, 10, 7])
            expect("the notice is longer", {number(each, "W9", "loosening_days") for each in versions} == {45})
        refuses("stale", "BK004", stale, second)
        version, *_more = change(BEGIN + 4 * DAY, ClauseChange.of(book["M1"], days=100))
        expect("the longer notice counts", version.effective_at == BEGIN + 49 * DAY)
    return wrong
