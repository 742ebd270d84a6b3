"""What no reader can see."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.prompts.domain.readability import find_unreadable


@pytest.mark.parametrize(
    "readable",
    [
        "Plain words.\n\tIndented.",
        "<script>alert(1)</script>",
        "ما هي عاصمة البرازيل؟",
        "می\u200cخواهم بدانم",
        "\u200fשלום\u200f",
        "क्\u200dष",
        "👩\u200d👩\u200d👧 and 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "日本の首都はどこですか。",
        "Supercalifragilisticexpialidocious " + "-" * 300,
        "a" * 5000,
    ],
)
def test_words_in_every_script_are_readable(readable: str) -> None:
    assert find_unreadable(readable) is None


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("a\x07b", "U+0007", 1),
        ("ab\ufffd", "U+FFFD", 2),
        ("\x1b[31mred", "U+001B", 0),
        ("turn\u202eback", "U+202E", 4),
        ("hi\U000e0041\U000e0042", "U+E0041", 2),
        ("\ue000", "U+E000", 0),
        ("a\x85b", "U+0085", 1),
    ],
)
def test_what_cannot_be_seen_is_found_at_its_place(text: str, code: str, at: int) -> None:
    finding = find_unreadable(text)
    assert finding is not None
    assert finding.needs_review
    assert finding.clause == "P8"
    assert finding.evidence["characters"][0] == {"at": at, "code": code}


def test_a_long_payload_is_found_and_not_repeated() -> None:
    payload = "QmFzZTY0IGlzIGhhcmQgdG8gcmVhZA" * 8
    finding = find_unreadable(f"Decode {payload} please")
    assert finding is not None
    assert finding.evidence["payloads"] == [{"start": 7, "end": 7 + len(payload), "length": len(payload)}]
    assert payload[:20] not in str(finding.evidence)


@given(st.text(st.characters(exclude_categories=())))
def test_evidence_is_short_whatever_the_text(text: str) -> None:
    finding = find_unreadable(text * 20)
    assert finding is None or len(str(finding.evidence)) < 2000
