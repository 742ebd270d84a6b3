"""An entry reads the same everywhere and holds nothing personal."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import (
    JSON,
    MAX_BODY_BYTES,
    EntryTooLarge,
    UnfitForTheLog,
    commitment_of,
    entry_body,
    time_text,
)

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ROBOT = Actor.system("tests.robot")


def body_of(**changes: Any) -> bytes:
    told: dict[str, Any] = {
        "event": "prompts.withdrawn",
        "actor": ROBOT,
        "subject": "prompts.prompt:42",
        "clause": "4.2",
        "facts": {"cluster": 7},
        "at": NOON,
        "nonce": bytes(range(16)),
    }
    return entry_body(**(told | changes))


def test_an_entry_spells_out_what_happened_in_canonical_json() -> None:
    assert body_of() == (
        b'{"actor":{"kind":"system","pseudonym":"system:tests.robot"},"at":"2026-11-23T12:00:00.000000Z",'
        b'"clause":"4.2","event":"prompts.withdrawn","facts":{"cluster":7},'
        b'"nonce":"000102030405060708090a0b0c0d0e0f","subject":"prompts.prompt:42","v":1}'
    )


facts = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-1e15, 1e15)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="@"), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1), inner)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=60), facts, max_size=4))
def test_facts_come_back_as_they_went_in(told: dict[str, JSON]) -> None:
    try:
        body = body_of(facts=told)
    except UnfitForTheLog as refused:
        assert "nested" in str(refused) or "key" in str(refused)  # noqa: PT017 - the generator may go too deep.
        return
    assert json.loads(body)["facts"] == told
    # Writing what was read gives the same bytes: there is one spelling only.
    assert rfc8785.dumps(json.loads(body)) == body


class Colour(StrEnum):
    RED = "red"


def test_members_of_enums_are_written_as_their_values() -> None:
    assert json.loads(body_of(facts={"colour": Colour.RED, "more": (Colour.RED, 1)}))["facts"] == {
        "colour": "red",
        "more": ["red", 1],
    }


@pytest.mark.parametrize(
    ("unfit", "reason"),
    [
        ({"share": math.nan}, "JSON reader"),
        ({"share": math.inf}, "JSON reader"),
        ({"share": 1e300}, "JSON reader"),
        ({"count": 2**53}, "JSON reader"),
        ({"count": -(2**53)}, "JSON reader"),
        ({"note": "x" * 201}, "commit_to"),
        ({"note": "two\nlines"}, "control"),
        ({"note": "nul\x00"}, "control"),
        ({"who": "ada@demo.example"}, "personal"),
        ({"who": "mail ada.l+x@demo.example now"}, "personal"),
        ({"sha256": 1}, "a-z and _"),
        ({"Upper": 1}, "a-z and _"),
        ({"": 1}, "a-z and _"),
        ({"a" * 61: 1}, "a-z and _"),
        ({1: 1}, "a-z and _"),
        ({"inner": {"Bad Key": 1}}, "a-z and _"),
        ({"raw": b"bytes"}, "does not know"),
        ({"when": NOON}, "does not know"),
        ({"some": {1, 2}}, "does not know"),
        ({"half": "\ud800"}, "canonical JSON"),
        ({"deep": [[[[[[[1]]]]]]]}, "nested"),
    ],
)
def test_what_is_no_fact_is_refused(unfit: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnfitForTheLog, match=reason):
        body_of(facts=unfit)


@pytest.mark.parametrize(
    "changes",
    [
        {"event": "withdrawn"},
        {"event": "Prompts.withdrawn"},
        {"event": "prompts.withdrawn\n"},
        {"subject": "prompt 42"},
        {"subject": "prompts.prompt:"},
        {"subject": "prompts.prompt:a b"},
        {"subject": "prompts.prompt:" + "9" * 81},
        {"clause": ""},
        {"clause": "a clause of ours"},
        {"nonce": b"short"},
        {"at": NOON.replace(tzinfo=None)},
    ],
)
def test_what_is_misspelt_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UnfitForTheLog):
        body_of(**changes)


def test_an_address_is_no_pseudonym() -> None:
    with pytest.raises(UnfitForTheLog, match="pseudonym"):
        body_of(actor=Actor.system("ada@demo.example"))


def test_an_entry_has_at_most_65535_bytes() -> None:
    with pytest.raises(EntryTooLarge, match="65,535"):
        body_of(facts={"items": ["x" * 200] * 330})
    assert len(body_of(facts={"items": ["x" * 200] * 320})) <= MAX_BODY_BYTES


def test_time_is_written_in_utc() -> None:
    assert time_text(NOON.astimezone(timezone(timedelta(hours=-3)))) == "2026-11-23T12:00:00.000000Z"


@given(st.text(), st.text())
def test_a_commitment_opens_for_its_own_text_only(one: str, other: str) -> None:
    salt = bytes(32)
    assert (commitment_of(one, salt) == commitment_of(other, salt)) == (one == other)
    assert commitment_of(one, salt) != commitment_of(one, bytes(31) + b"\x01")


def test_a_salt_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        commitment_of("text", b"short")
