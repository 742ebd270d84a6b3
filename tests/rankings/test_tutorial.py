"""The tutorial ``docs/recompute.md`` runs, command by command, and ends at the published numbers."""

import json
import re
import shlex
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from apps.rankings.cli import main
from apps.rankings.flows import sealed_file
from tests.rankings.grove import plant_votes
from tests.rankings.test_recomputation import recomputed
from tests.rankings.test_sealed_input import published, with_answers

PAGE = Path(__file__).parents[2] / "docs" / "recompute.md"


def test_every_command_of_the_tutorial_leads_to_the_published_numbers(
    db: None, client: Client, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RANKINGS_DIR = tmp_path / "rankings"
    with_answers(plant_votes(240))
    snapshot = recomputed()
    sealed = sealed_file(snapshot)
    assert sealed is not None
    monkeypatch.chdir(tmp_path)
    Path("input.parquet").write_bytes(sealed.path.read_bytes())
    known: dict[str, Any] = {}
    ran = []
    for language, block in re.findall(r"```(sh|python)\n(.*?)```", PAGE.read_text(), re.DOTALL):
        if language == "python":
            exec(compile(block, str(PAGE), "exec"), known)  # noqa: S102
            ran.append("python")
            continue
        for line in block.strip().splitlines():
            program, *arguments = shlex.split(line.replace("/17/", f"/{snapshot.pk}/"))
            ran.append(program)
            if program == "curl":
                _option, name, address = arguments
                answer = client.get(address.removeprefix("https://showdown.example"))
                assert answer.status_code == 200, line
                Path(name).write_bytes(answer.content)
            elif program == "showdown-rank":
                assert main(arguments) == 0, line
            else:
                out = StringIO()
                call_command("verify_snapshot", str(snapshot.pk), stdout=out, stderr=StringIO())
                assert "holds" in out.getvalue()
    assert ran.count("curl") == 4
    assert ran.count("python") == ran.count("showdown-rank") == 3
    for file, method in (("audited-plain", "plain"), ("audited-styled", "styled")):
        assert numbers(file) == [row[:7] for row in published(snapshot, method)]
    assert [row[:2] for row in numbers("plain")] == [row[:2] for row in published(snapshot, "plain")]


def numbers(file: str) -> list[tuple[object, ...]]:
    """Return what a ranking says: ratings in whole millionths, and ranks."""
    found = json.loads(Path(f"{file}.json").read_text())["models"]
    keys = ("rating", "lower", "upper")
    return sorted(
        (
            line["model"],
            *(None if line[key] is None else round(line[key] * 1e6) for key in keys),
            line["rank"], line["rank_low"], line["rank_high"],
        )
        for line in found
    )  # fmt: skip


def test_what_is_not_published_is_not_answered(db: None, client: Client) -> None:
    for path in ("pair-counts/", "evidence/", "evidence/?style=on"):
        assert client.get(f"/api/v1/snapshots/999999/{path}").status_code == 404
    plant_votes(60)
    snapshot = recomputed()
    assert client.get(f"/api/v1/snapshots/{snapshot.pk}/evidence/?style=sideways").status_code == 400
    assert client.get(f"/api/v1/snapshots/{snapshot.pk}/evidence/?style=on").status_code == 404
    counts = client.get(f"/api/v1/snapshots/{snapshot.pk}/pair-counts/").json()
    assert set(counts) == {"snapshot", "from_snapshot", "models", "pairs"}
    # Another night on the same votes: the board stands, and so do its counts, under their own date.
    later = recomputed()
    again = client.get(f"/api/v1/snapshots/{later.pk}/pair-counts/").json()
    assert (again["snapshot"], again["from_snapshot"]) == (later.pk, snapshot.pk)
    assert again["pairs"] == counts["pairs"]
