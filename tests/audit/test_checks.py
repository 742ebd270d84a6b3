"""What is wrong with the log's name or folders is said before anything is signed."""

from pathlib import Path

import pytest
from django.test import override_settings

from apps.audit import checks


@pytest.mark.parametrize(
    ("origin", "fits"),
    [
        ("", True),
        ("showdown.example.org/log", True),
        ("https://showdown.example.org/log", False),
        ("showdown log", False),
        ("showdown+log", False),
        ("line\nbreak", False),
        ("a" * 140, True),
        ("a" * 200, False),
    ],
)
def test_an_origin_can_name_a_key(origin: str, fits: bool) -> None:
    with override_settings(LOG_ORIGIN=origin):
        found = checks.the_origin_can_name_a_key()
    assert [message.id for message in found] == ([] if fits else ["audit.E001"])


def test_a_deployment_has_an_origin() -> None:
    with override_settings(LOG_ORIGIN=""):
        assert [message.id for message in checks.the_log_has_an_origin()] == ["audit.E002"]
    assert checks.the_log_has_an_origin() == []


def test_keys_and_public_files_lie_apart(tmp_path: Path) -> None:
    def found(keys: Path, public: Path) -> list[str | None]:
        with override_settings(LOG_KEYS=keys, LOG_FILES=public):
            return [message.id for message in checks.the_keys_are_not_among_the_public_files()]

    assert found(tmp_path / "keys", tmp_path / "public") == []
    assert found(tmp_path / "public" / "keys", tmp_path / "public") == ["audit.E003"]
    assert found(tmp_path / "keys", tmp_path / "keys" / "public") == ["audit.E003"]
    assert found(tmp_path, tmp_path) == ["audit.E003"]
    (tmp_path / "link").symlink_to(tmp_path / "public")
    assert found(tmp_path / "link" / "keys", tmp_path / "public") == ["audit.E003"]
