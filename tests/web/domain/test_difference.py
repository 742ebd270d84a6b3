"""Two versions of a clause can be read line by line."""

from hypothesis import given
from hypothesis import strategies as st

from apps.web.domain.difference import compare

TEXTS = st.text(alphabet="ab\n ", max_size=60)


def test_a_changed_line_is_shown_gone_and_new() -> None:
    lines = compare("Within seven days.\nBy another.", "Within three days.\nBy another.")
    assert [(line.fate, line.text) for line in lines] == [
        ("gone", "Within seven days."),
        ("new", "Within three days."),
        ("same", "By another."),
    ]
    assert (lines[2].before, lines[2].after) == (2, 2)


@given(TEXTS, TEXTS)
def test_both_versions_can_be_read_back(old: str, new: str) -> None:
    lines = compare(old, new)
    assert [line.text for line in lines if line.before is not None] == old.splitlines()
    assert [line.text for line in lines if line.after is not None] == new.splitlines()
