"""A database as it was before there were offers, with releases in every state that a release could have then."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import psycopg
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from psycopg import sql

from apps.accounts.models import User
from apps.prompts.domain.normalisation import canonical_hash
from apps.prompts.domain.similarity import Signing, packed
from showdown import roles
from tests import services
from tests.conftest import NOON
from tests.database import connected_to, drop
from tests.licensing.world import _ANSWERS, _BATTLE, _VOTE

# Where every app was when licensing's fourth migration was its last. The log's own tables have not changed since.
BEFORE: Final = [
    ("accounts", "0001_initial"),
    ("audit", "0003_checkpoints_by_time"),
    ("battles", "0003_draws_of_ended_battles"),
    ("contributors", "0002_first_words"),
    ("integrity", "0001_initial"),
    ("jobs", "0001_initial"),
    ("licensing", "0004_words_stay"),
    ("moderation", "0002_another_person"),
    ("organizations", "0001_initial"),
    ("policy", "0003_auditors_draw_by_lot"),
    ("prompts", "0001_initial"),
    ("rankings", "0002_which_votes_counted"),
]
HASH: Final = "ab" * 32
# Signed as everything was then.
SIGNING: Final = Signing(permutations=128, bands=32, shingle=5, method=1)
# A prompt each for what was sold, sold and given back, asked for, and live.
WORDS: Final = {
    "sealed": "Why is the sky blue at noon and red in the evening?",
    "cancelled": "How do I bake a loaf of sourdough bread without a mixer?",
    "draft": "Explain the offside rule to somebody who has never watched football.",
    "live": "Write a bedtime story about a choir without a conductor.",
}
ITEMS: Final = 3


@dataclass
class Past:
    """What was in the database before: releases by their state, and the battles that were sold."""

    owner: psycopg.Connection[Any]
    releases: dict[str, int]
    sold: list[int]
    clusters: list[int]
    people: dict[str, int]


@contextmanager
def empty_database(name: str) -> Iterator[psycopg.Connection[Any]]:
    """Make a database as an administrator provisions one, lead every alias to it, and drop it afterwards."""
    with psycopg.connect(services.admin_address(), autocommit=True) as server:
        for statement in roles.database_statements(name):
            server.execute(statement)
    try:
        with psycopg.connect(services.admin_address(name), autocommit=True) as inside:
            for statement in (*roles.schema_statements(), *roles.catalogue_statements()):
                inside.execute(statement)
        with (
            connected_to(name),
            psycopg.connect(services.database_variables(name)["DATABASE_OWNER_URL"], autocommit=True) as owner,
        ):
            yield owner
    finally:
        drop(name)


def as_it_was(owner: psycopg.Connection[Any]) -> Past:
    """Migrate an empty database to where it was then, and write the past with that day's models and functions."""
    executor = MigrationExecutor(connections["owner"])
    executor.migrate(BEFORE)
    then = executor.loader.project_state(BEFORE).apps

    def made(app: str, named: str, /, **fields: Any) -> Any:
        return then.get_model(app, named).objects.using("owner").create(**fields)

    people = {name: _person(made, name) for name in ("ada", "mallory", "margaret", "ingrid", "barbara")}
    texts = {each.kind: each for each in then.get_model("contributors", "ConsentText").objects.using("owner").all()}
    voters = {name: _contributor(made, people[name], texts) for name in ("ada", "mallory")}
    models = [_model(made, name) for name in ("Cobalt 3", "Tamarind Large")]
    university = made("organizations", "Organization", name="Meridian University", slug="meridian", country="NO")
    licensee = made(
        "licensing", "Licensee", purpose="Research", agreement_sha256=HASH, agreed_at=NOON,
        contact=people["ingrid"], organization=university,
    )  # fmt: skip
    made("licensing", "PseudonymKey", licensee=licensee, key=b"k" * 32)
    battles: dict[str, list[int]] = {}
    clusters: dict[str, int] = {}
    for name, words in WORDS.items():
        cluster = made("prompts", "Cluster", founded_at=NOON)
        prompt = made(
            "prompts", "Prompt", text=words, text_sha256=canonical_hash(words), language="en", category="knowledge",
            state="approved", submission_key=uuid.uuid4(), submitted_at=NOON, screened_at=NOON, decided_at=NOON,
            decided_clause="P1", author=voters["ada"], cluster=cluster,
        )  # fmt: skip
        signed = SIGNING.sign(words)
        made(
            "prompts", "PromptSignature", prompt=prompt, cluster=cluster, is_founder=True, algorithm=SIGNING.algorithm,
            values=packed(signed),
        )  # fmt: skip
        for band, key in enumerate(SIGNING.band_keys(signed)):
            made("prompts", "PromptBand", prompt=prompt, band=band, key=key)
        row = {
            "prompt": prompt.pk, "contributor": voters["mallory"].pk, "voted": True,
            "left": models[0].model_id, "right": models[1].model_id,
            "left_endpoint": models[0].pk, "right_endpoint": models[1].pk,
            "ago": timedelta(days=1 if name == "live" else 100),
        }  # fmt: skip
        battles[name] = [_battle(owner, row) for _number in range(ITEMS)]
        clusters[name] = cluster.pk
        if name != "live":
            owner.execute("SELECT retire_cluster(%s, 60)", [cluster.pk])
    releases = {}
    for name in ("sealed", "cancelled", "draft", "refused"):
        release = made(
            "licensing", "Release", title=name.title(), drafted_at=timezone.now(), policy_version=1,
            drafted_by=people["margaret"], licensee=licensee, asked=ITEMS,
        )  # fmt: skip
        releases[name] = release.pk
        for battle in battles.get(name, battles["live"]):
            made("licensing", "ReleaseCandidate", battle_id=battle, release=release)
        attempted = {"act": "seal", "actor": "p-0", "attempted_at": timezone.now(), "release": release}
        if name in {"sealed", "cancelled"}:
            _seal(owner, release.pk, battles[name])
            made("licensing", "Attempt", state="done", closed_at=timezone.now(), **attempted)
            # The first format of all: nobody could fetch one yet.
            made(
                "licensing", "Edition", release=release, manifest={"format": "showdown-edition/1"},
                manifest_sha256=HASH, path=f"release-{release.pk}", rows=ITEMS, built_at=timezone.now(),
            )  # fmt: skip
        if name == "draft":
            made("licensing", "Attempt", state="attempted", **attempted)
    owner.execute("SELECT cancel_release(%s)", [releases["cancelled"]])
    owner.execute(
        "UPDATE licensing_release SET state = 'cancelled', cancelled_at = now() WHERE id = %s", [releases["cancelled"]]
    )
    owner.execute(
        "UPDATE licensing_release SET state = 'refused', refused_at = now(), refused_clause = 'W1' WHERE id = %s",
        [releases["refused"]],
    )
    connections.close_all()
    return Past(
        owner=owner,
        releases=releases,
        sold=battles["sealed"],
        clusters=sorted(clusters.values()),
        people={name: person.pk for name, person in people.items()},
    )


def everybody_may_everything(owner: psycopg.Connection[Any]) -> None:
    """Let the log be written before there are grants for these tables; what migrates last takes it back."""
    for role in (roles.APP, roles.SEQUENCER):
        for what in ("TABLES", "SEQUENCES", "FUNCTIONS"):
            owner.execute(
                sql.SQL("GRANT ALL ON ALL {what} IN SCHEMA public TO {role}").format(
                    what=sql.SQL(what), role=sql.Identifier(role)
                )
            )


def person(past: Past, name: str) -> User:
    """Return somebody of the past as they now are."""
    return User.objects.get(pk=past.people[name])


def _person(made: Any, name: str) -> Any:
    return made("accounts", "User", email=f"{name}@demo.example", display_name=name.title(), date_joined=NOON)


def _contributor(made: Any, account: Any, texts: dict[str, Any]) -> Any:
    network = made("contributors", "Network", name=f"Of {account.display_name}")
    contributor = made(
        "contributors", "Contributor", standing="active", joined_at=NOON, activated_at=NOON, account=account,
        network=network,
    )  # fmt: skip
    for kind, text in texts.items():
        given = timezone.now() - timedelta(days=400)
        made("contributors", "Consent", kind=kind, given_at=given, text=text, contributor=contributor)
    return contributor


def _model(made: Any, name: str) -> Any:
    slug = name.lower().replace(" ", "-")
    lab = made("organizations", "Organization", name=f"Lab of {name}", slug=f"lab-{slug}", country="NO", is_lab=True)
    model = made("battles", "LanguageModel", name=name, slug=slug, licence="", added_at=NOON, organization=lab)
    return made(
        "battles", "Endpoint", provider="recorded", base_url="", remote_name=slug, key_reference="",
        redistribution_allowed=True, model=model,
    )  # fmt: skip


def _battle(owner: psycopg.Connection[Any], row: dict[str, Any]) -> int:
    with owner.transaction():
        found = owner.execute(_BATTLE, row).fetchone()
        assert found is not None
        owner.execute(_ANSWERS, [found[0]])
        owner.execute(_VOTE, [found[0]])
    return int(found[0])


def _seal(owner: psycopg.Connection[Any], release: int, battles: list[int]) -> None:
    with owner.transaction():
        assert owner.execute("SELECT seal_release(%s, %s)", [release, battles]).fetchone() == (len(battles),)
        owner.execute(
            "UPDATE licensing_release SET state = 'sealed', sealed_at = now(), items_root = %s WHERE id = %s",
            [HASH, release],
        )
