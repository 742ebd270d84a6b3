"""From a head to a checkpoint that everybody sees; and whatever would contradict what others hold is not signed."""

from pathlib import Path

import pytest

from apps.audit.models import PublishedCheckpoint
from tests.audit.garden import plant, sequence_what_was_there
from tests.audit.press import ORIGIN, Press, assert_the_shown_log_holds, text_of

pytestmark = pytest.mark.committed


@pytest.fixture
def press(_django_db_helper: None, tmp_path: Path) -> Press:
    """A press whose log is still unpublished."""
    sequence_what_was_there()
    return Press.new(tmp_path)


def grow(count: int) -> int:
    """Write entries and give them leaves; return the size of the tree."""
    plant(count)
    return sequence_what_was_there()


def test_what_is_published_can_be_checked_from_its_bytes_alone(press: Press) -> None:
    seen = None
    for count in (1, 254, 1, 1, 300, 0, 600):
        size = grow(count)
        assert press.publish() == size
        seen = assert_the_shown_log_holds(press, seen)
        assert seen is not None
        assert seen.size == size
    note = press.files.checkpoint()
    assert note is not None
    assert text_of(note).splitlines()[0] == ORIGIN
    kept = PublishedCheckpoint.objects.get(pk=seen.size if seen else 0)
    assert bytes(kept.note) == note
