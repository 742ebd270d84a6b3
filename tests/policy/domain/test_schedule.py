"""When changes hold: what is tightened holds at once and for good, and what loosens is never early."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from apps.policy.domain.changes import ClauseChange, Kind, changed, differences
from apps.policy.domain.directions import DIRECTIONS, FLOORS, Effect, Safer, effect_of, stricter
from apps.policy.domain.rulebook import ClauseText
from apps.policy.domain.schedule import Edition, NothingDiffers, adopted, in_force, line_of

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
BOOK = (
    ClauseText(number="P4", title="Four", text="Words."),
    ClauseText(number="R1", title="Rated", text="Words.", parameters={"anchor": 1000}),
    ClauseText(number="W1", title="Age", text="Words.", parameters={"min_age_days": 60}),
    ClauseText(number="W7", title="Ten", text="Words.", parameters={"k": 10, "order": ["a", "b"]}),
    ClauseText(number="W9", title="Notice", text="Words.", parameters={"loosening_days": 30}),
    ClauseText(number="W11", title="Notices", text="Words.", parameters={"notice_days": 30}),
)
NUMBERS = [("W1", "min_age_days"), ("W7", "k"), ("W9", "loosening_days"), ("W11", "notice_days"), ("R1", "anchor")]


@st.composite
def wishes(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """Say what should be different, to be laid upon whatever is newest then."""
    names = draw(st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3, unique=True))
    found: list[tuple[str, Any]] = []
    for number, name in names:
        least = FLOORS.get((number, name), 1)
        found.append((f"{number}.{name}", draw(st.integers(least, least + 60))))
    if draw(st.integers(0, 5)) == 0:
        found.append(("words", draw(st.sampled_from(["Words.", "Other words."]))))
    return found


def laid_upon(newest: Edition, wish: Sequence[tuple[str, Any]]) -> list[ClauseChange]:
    book = {clause.number: clause for clause in newest.clauses}
    found: dict[str, ClauseChange] = {}
    for what, value in wish:
        if what == "words":
            found["P4"] = ClauseChange(number="P4", title="Four", text=value)
            continue
        number, _dot, name = what.partition(".")
        told = dict(found[number].parameters if number in found else book[number].parameters)
        found[number] = ClauseChange.of(book[number], **{**told, name: value})
    return list(found.values())


HISTORIES = st.lists(st.tuples(st.integers(0, 50), wishes()), min_size=1, max_size=6)


def values_at(editions: Sequence[Edition], at: datetime) -> dict[tuple[str, str], Any]:
    holds = in_force(editions, at)
    assert holds is not None
    return {(clause.number, name): value for clause in holds.clauses for name, value in clause.parameters.items()} | {
        (clause.number, ""): clause.text for clause in holds.clauses
    }


@given(HISTORIES)
def test_every_moment_after_a_change_is_as_it_should_be(history: list[tuple[int, list[tuple[str, Any]]]]) -> None:
    """A tightening makes every later moment stricter or leaves it; anything else leaves the next thirty days alone."""
    editions = [Edition(number=1, effective_at=START - 100 * DAY, clauses=BOOK)]
    now = START
    for days, wish in history:
        now += days * DAY
        newest = max(editions, key=lambda each: each.number)
        try:
            kind, written = adopted(editions, laid_upon(newest, wish), now=now)
        except NothingDiffers:
            continue
        after = [*editions, *written]
        assert [each.number for each in after] == list(range(1, len(after) + 1))
        moments = sorted(
            {now + each * DAY for each in (0, 1, 29, 30, 31, 59, 60, 61, 91, 120, 400)}
            | {each.effective_at for each in after if each.effective_at >= now}
        )
        for at in moments:
            was, becomes = values_at(editions, at), values_at(after, at)
            effects = {
                key: effect_of(DIRECTIONS.get(key, Safer.NONE), was[key], becomes[key]) for key in becomes if key in was
            }
            if kind is Kind.TIGHTENS:
                # Nothing is brought forward, nothing is put off, and nothing but the change is in it.
                assert set(effects.values()) <= {Effect.SAME, Effect.TIGHTENS}
            elif at < now + 30 * DAY:
                assert was == becomes
        if kind is Kind.TIGHTENS:
            told = {
                (each.number, one.name): one.after
                for each in differences(newest.clauses, changed(newest.clauses, laid_upon(newest, wish)))
                for one in each.parameters
            }
            for key, value in told.items():
                for at in moments:
                    held = values_at(after, at)[key]
                    assert stricter(DIRECTIONS[key], held, value) == held
        editions = after


@given(HISTORIES)
def test_no_number_ever_loosens_without_thirty_days_in_the_book(
    history: list[tuple[int, list[tuple[str, Any]]]],
) -> None:
    """Looking back from the end: whatever the version in force loosened had stood there for a month."""
    editions = [Edition(number=1, effective_at=START - 100 * DAY, clauses=BOOK)]
    known: list[tuple[datetime, Edition]] = [(START - 100 * DAY, editions[0])]
    now = START
    for days, wish in history:
        now += days * DAY
        newest = max(editions, key=lambda each: each.number)
        try:
            _kind, written = adopted(editions, laid_upon(newest, wish), now=now)
        except NothingDiffers:
            continue
        editions += written
        known += [(now, each) for each in written]
    for day in range((now - START).days + 130):
        at = START + day * DAY
        holds = values_at([each for since, each in known if since <= at], at)
        # What was known a month before would have been in force now, had nobody adopted anything since.
        earlier = [each for since, each in known if since <= at - 30 * DAY] or [known[0][1]]
        foreseen = values_at(earlier, at)
        for key, value in holds.items():
            if key in foreseen:
                effect = effect_of(DIRECTIONS.get(key, Safer.NONE), foreseen[key], value)
                assert effect in {Effect.SAME, Effect.TIGHTENS}, (key, foreseen[key], value)


def test_the_line_holds_what_is_in_force_and_what_will_be() -> None:
    editions = [
        Edition(number=1, effective_at=START, clauses=BOOK),
        Edition(number=2, effective_at=START + 40 * DAY, clauses=BOOK),
        Edition(number=3, effective_at=START + DAY, clauses=BOOK),
        Edition(number=4, effective_at=START + 40 * DAY, clauses=BOOK),
    ]
    assert [each.number for each in line_of(editions, START + 2 * DAY)] == [3, 4]
    assert [each.number for each in line_of(editions, START)] == [1, 3, 4]
    assert [each.number for each in line_of(editions, START + 50 * DAY)] == [4]
