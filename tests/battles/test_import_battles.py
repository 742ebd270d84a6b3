"""Public files of votes: brought in whole or in batches that commit, never half, and never among the platform's own."""

import hashlib
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, InternalError, connection, transaction
from django.test import Client

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.audit.models import Entry
from apps.audit.queries import trail_of
from apps.battles.events import BattleEvent
from apps.battles.management.commands import import_battles
from apps.battles.models import Battle, ImportedDataset, LanguageModel, Response, Source, Vote
from apps.battles.services import importing
from apps.battles.services.imported_rows import MAKER, NETWORK
from apps.battles.services.importing import NotTheNextRows, import_rows
from apps.contributors.models import Contributor, Network, Standing
from apps.contributors.services import add_network
from apps.organizations.models import Organization
from apps.organizations.services import register_organization
from apps.prompts.models import Cluster
from apps.rankings.flows import recompute_open_run
from apps.rankings.models import Method
from apps.rankings.queries import board_view
from apps.rankings.services import request_refit
from tests.conftest import NOON
from tests.trails import facts_about

LLMFAO = Path(__file__).parents[3] / "shared" / "data" / "llmfao" / "crowd-comparisons.csv"
HEADER = "model_a,model_b,winner,voter,language,response_a,response_b\n"
GOOD = "".join(
    f"Alder,Birch,{winner},voter {number % 7},pt,# A long answer,short\n"
    for number, winner in enumerate(["model_a", "model_b", "tie", "both_bad"] * 30)
)

pytestmark = pytest.mark.django_db


def run(path: Path, *options: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("import_battles", str(path), *options, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def votes_csv(tmp_path: Path) -> Path:
    path = tmp_path / "grove.csv"
    path.write_text(HEADER + GOOD)
    return path


def test_a_file_becomes_a_board_of_its_own(votes_csv: Path) -> None:
    run(votes_csv, "--licence", "CC BY 4.0")
    dataset = ImportedDataset.objects.get()
    assert (dataset.name, dataset.rows, dataset.is_complete) == ("grove", 120, True)
    assert Vote.objects.count() == 120
    assert Contributor.objects.filter(standing=Standing.LEFT, account=None).count() == 7
    assert Response.objects.filter(headers=1).count() == 120
    request_refit(actor=Actor.system("tests"), now=NOON)
    snapshot = recompute_open_run(actor=Actor.system("tests"))
    assert snapshot is not None
    assert snapshot.votes_counted == 0
    view = board_view(snapshot=snapshot, segment=f"dataset={dataset.pk}", method=Method.PLAIN)
    assert view is not None
    assert {row.model.name for row in view.rows} == {"Alder", "Birch"}
    assert trail_of(dataset.ref) == [BattleEvent.IMPORT_BEGUN, BattleEvent.IMPORTED, BattleEvent.IMPORT_FINISHED]


def test_what_a_file_brings_along_stands_in_the_log_once(
    votes_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_battles, "BATCH", 50)
    run(votes_csv)
    another = tmp_path / "meadow.csv"
    another.write_text(HEADER + GOOD.replace("Birch", "Clover"))
    run(another)
    first, second = ImportedDataset.objects.order_by("pk")
    models = {model.name: model for model in LanguageModel.objects.filter(is_imported=True)}
    assert set(models) == {"Alder", "Birch", "Clover"}
    for name, dataset in (("Alder", first), ("Birch", first), ("Clover", second)):
        assert trail_of(models[name].ref) == [BattleEvent.MODEL_IMPORTED]
        assert facts_about(models[name]) == {
            "slug": models[name].slug,
            "organization": models[name].organization.ref,
            "dataset": dataset.ref,
        }
    assert trail_of(models["Alder"].organization.ref) == ["organizations.registered"]
    network = Network.objects.get(is_imported=True)
    assert trail_of(network.ref) == ["contributors.network_added"]
    for dataset in (first, second):
        batches = [entry.facts for entry in Entry.objects.filter(event=BattleEvent.IMPORTED, subject=dataset.ref)]
        # Seven people vote in each file, all of them in its first batch; a second file's seven are others.
        assert [facts["voters"] for facts in batches] == [7, 0, 0]
        voters = Vote.objects.filter(battle__dataset=dataset).values_list("contributor__voter_id", flat=True).distinct()
        digest = hashlib.sha256(b"".join(sorted(voter.bytes for voter in voters))).hexdigest()
        assert batches[0]["voters_digest"] == digest


def test_a_batch_that_fails_leaves_neither_rows_nor_entries(votes_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object, **_kwargs: object) -> None:
        raise OSError("no space left")

    before = Entry.objects.count()
    monkeypatch.setattr(Vote.objects, "bulk_create", full)
    with pytest.raises(OSError, match="no space"):
        run(votes_csv)
    assert not LanguageModel.objects.filter(is_imported=True).exists()
    assert not Network.objects.filter(is_imported=True).exists()
    # Only that the import was begun, which it was.
    assert Entry.objects.count() == before + 1


def test_two_first_imports_at_once_share_maker_and_network(votes_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other import's transaction ends between our look and our write."""
    register_organization(actor=Actor.system("another"), name=MAKER, country="", is_lab=True, now=NOON)
    add_network(actor=Actor.system("another"), name=NETWORK, is_imported=True, now=NOON)
    for manager in (Organization.objects, Network.objects):
        whole = manager.filter
        monkeypatch.setattr(manager, "filter", lambda whole=whole, **_wanted: whole(pk=0))
    run(votes_csv)
    assert Vote.objects.count() == 120
    assert Organization.objects.get(name=MAKER).language_models.count() == 2


def test_the_same_file_twice_is_refused(votes_csv: Path) -> None:
    run(votes_csv)
    with pytest.raises(CommandError, match="here already"):
        run(votes_csv, "--name", "another name")
    assert Vote.objects.count() == 120


def test_bad_rows_are_listed_with_line_and_reason_and_nothing_is_imported(votes_csv: Path) -> None:
    lines = votes_csv.read_text().splitlines(keepends=True)
    lines = lines + lines[1:] * 75
    lines[8_999] = "Alder,Alder,model_a,voter 1,pt,a,b\n"
    votes_csv.write_text("".join(lines))
    err = StringIO()
    with pytest.raises(CommandError, match="1 bad row; nothing was imported"):
        call_command("import_battles", str(votes_csv), stderr=err)
    assert "line 9000" in err.getvalue()
    assert not ImportedDataset.objects.exists()
    out, complaints = run(votes_csv, "--dry-run")
    assert "could be imported" in out
    assert "line 9000" in complaints
    assert not ImportedDataset.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"model_a,model_b\nx,y\n",
        b"model_a,model_b,winner\n",
        "model_a,model_b,winner\nÄlpha,Beta,model_a\n".encode("latin-1"),
        b"\x00\x01\x02",
    ],
    ids=["empty", "wrong-columns", "no-rows", "latin-1", "binary"],
)
def test_a_file_that_cannot_be_used_says_why_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    with pytest.raises(CommandError) as complaint:
        call_command("import_battles", str(path), stderr=StringIO())
    assert len(str(complaint.value).splitlines()) == 1
    assert not Battle.objects.exists()


def test_a_byte_order_mark_is_no_column(votes_csv: Path) -> None:
    votes_csv.write_text("\ufeff" + votes_csv.read_text())
    run(votes_csv)
    assert Vote.objects.count() == 120


def test_an_import_that_broke_off_goes_on_where_it_stopped(votes_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        """What no code catches, as a SIGKILL."""

    whole = importing.import_rows
    calls: Iterator[int] = iter(range(100))

    def once_then_die(**kwargs: object) -> object:
        if next(calls) == 2:
            raise Killed
        return whole(**kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(import_battles, "BATCH", 25)
    with monkeypatch.context() as patched:
        patched.setattr(import_battles, "import_rows", once_then_die)
        with pytest.raises(Killed):
            run(votes_csv)
    assert (Vote.objects.count(), ImportedDataset.objects.get().is_complete) == (50, False)
    run(votes_csv)
    assert (Vote.objects.count(), ImportedDataset.objects.get().is_complete) == (120, True)


def test_words_that_are_no_codes_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text(
        "model_a,model_b,winner,country,language,profession,age_band,education,category\n"
        "x,y,tie,Brazil,Portuguese,software engineer,25 to 34,PhD,jokes\n"
        "x,y,tie,br,pt-BR,2512,25-34,7,coding\n"
        "x,y,tie,ZZ,,,,,\n"
    )
    _out, said = run(path)
    votes = Vote.objects.order_by("pk").values_list(
        "country", "language", "profession", "age_band", "education", "category"
    )
    assert list(votes) == [
        ("", "", "", "", "", ""),
        ("BR", "pt", "2512", "25-34", "7", "coding"),
        ("", "", "", "", "", ""),
    ]
    assert "country: 2 values are no known code and are left out" in said
    assert "education: 1 value" in said


def test_moments_that_no_clock_has_shown_cost_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "moments.csv"
    moments = ("0001-01-01T00:00:00+14:00", "-62135596800", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00")
    path.write_text("model_a,model_b,winner,timestamp\n" + "".join(f"x,y,tie,{moment}\n" for moment in moments))
    err = StringIO()
    with pytest.raises(CommandError, match="4 bad rows"):
        call_command("import_battles", str(path), stderr=err)
    assert err.getvalue().count("lies before 1970") == 3
    assert err.getvalue().count("lies in the future") == 1


@pytest.mark.parametrize("option", ["--name", "--licence"])
@pytest.mark.parametrize("label", ["n" * 121, "two\nlines", "\x1b[31mred", "  \u202e  "])
def test_a_label_that_is_no_heading_is_refused(votes_csv: Path, option: str, label: str) -> None:
    with pytest.raises(CommandError, match=f"one line of 1 to 120 printable characters; choose another with {option}"):
        run(votes_csv, option, label)
    assert not ImportedDataset.objects.exists()


def test_names_that_differ_only_at_their_ends_are_different_models(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    names = [f"{'n' * 150}{number}" for number in range(4)]
    path.write_text("model_a,model_b,winner\n" + "".join(f"{names[n]},{names[n - 1]},tie\n" for n in range(4)))
    run(path)
    assert LanguageModel.objects.filter(is_imported=True).count() == 4


def test_two_imports_of_one_file_do_not_double_it(votes_csv: Path, mallory: User) -> None:
    run(votes_csv)
    dataset = ImportedDataset.objects.get()
    with pytest.raises(NotTheNextRows):
        import_rows(actor=Actor.system("tests"), dataset_id=dataset.pk, after=0, rows=[], now=NOON)
    with pytest.raises(NotPermitted):
        import_rows(actor=mallory.as_actor(), dataset_id=dataset.pk, after=120, rows=[], now=NOON)


def test_the_database_refuses_a_cluster_for_an_imported_battle(votes_csv: Path) -> None:
    run(votes_csv)
    battle = Battle.objects.filter(source=Source.IMPORTED).first()
    assert battle is not None
    cluster = Cluster.objects.create(founded_at=NOON)
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO battle_cluster (battle_id, cluster_id) VALUES (%s, %s)", [battle.pk, cluster.pk])


@pytest.mark.skipif(not LLMFAO.exists(), reason="The llmfao votes are not in ../shared/data.")
def test_the_leaderboard_shows_the_59_models_of_real_votes(client: Client) -> None:
    run(LLMFAO, "--licence", "CC BY 4.0")
    dataset = ImportedDataset.objects.get()
    assert (dataset.rows, dataset.format) == (8_931, "llmfao")
    assert LanguageModel.objects.filter(is_imported=True).count() == 59
    assert Contributor.objects.filter(account=None).count() == 124
    request_refit(actor=Actor.system("tests"), now=NOON)
    assert recompute_open_run(actor=Actor.system("tests")) is not None
    lines = client.get(f"/leaderboard.csv?dataset={dataset.pk}&style=off").content.decode().splitlines()
    assert len(lines) == 60
    assert client.get(f"/?dataset={dataset.pk}").status_code == 200
