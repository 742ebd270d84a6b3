"""Bundles that are made once and copied by whoever does something to them."""

from pathlib import Path

import pytest

from tests.verify.paper import LOG, NOON, WITNESSES, Paper, edition, manifest, votes


@pytest.fixture(scope="session")
def paper() -> Paper:
    """A log of 700 votes and two editions for each of two licensees."""
    told = [manifest(rows) for rows in (700, 701, 702, 703)]
    editions = [edition(700 + number, number // 2 + 1, ("acme", "bolt")[number % 2]) for number in range(4)]
    return Paper([*votes(700).entries, *editions], told)


@pytest.fixture(scope="session")
def pristine(paper: Paper, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of that log, signed by it and two witnesses; nobody writes here."""
    folder = tmp_path_factory.mktemp("bundle") / "log"
    return paper.write(folder, LOG, WITNESSES[0].at(NOON), WITNESSES[1].at(NOON + 1))
