"""Public files of votes, brought in by batches: a batch commits or does not, and a file that broke off goes on."""

import hashlib
import secrets
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.battles.domain.declared import declared
from apps.battles.domain.formats.rows import BattleRow, Winner
from apps.battles.domain.measures import measure
from apps.battles.events import BattleEvent
from apps.battles.models import (
    Battle,
    BattleState,
    Choice,
    ImportedDataset,
    Response,
    Side,
    Source,
    Vote,
)
from apps.battles.services.imported_rows import models_named, voters_named
from apps.prompts.models import Category

_CHOICES: Final = {
    Winner.MODEL_A: Choice.LEFT,
    Winner.MODEL_B: Choice.RIGHT,
    Winner.TIE: Choice.BOTH_GOOD,
    Winner.BOTH_BAD: Choice.BOTH_BAD,
}
_MIRRORED: Final = {Choice.LEFT: Choice.RIGHT, Choice.RIGHT: Choice.LEFT}
LONGEST: Final = 120


class AlreadyImported(Refused):
    """These very bytes are here already, or another file has this name."""


class UnfitLabel(Refused):
    """A dataset's name or licence is empty, too long for a heading, or more than one line."""


class NotTheNextRows(Refused):
    """The batch does not begin where the last one ended: another process imports the same file."""


def _require_importer(actor: Actor) -> None:
    if not (actor.is_system or actor.has(Role.NETWORK_ADMIN)):
        raise NotPermitted("Only a network administrator imports votes.")


@transaction.atomic
def begin_import(
    *, actor: Actor, name: str, format_name: str, licence: str, source_sha256: str, now: datetime
) -> ImportedDataset:
    """Open a dataset for a file, or the one that an interrupted import left; ``rows`` says how far that came.

    Raises:
        NotPermitted: when the actor may not import.
        AlreadyImported: when the file is here completely, or its name belongs to other bytes.
        UnfitLabel: when the name or the licence cannot be shown as a heading.
    """
    _require_importer(actor)
    name, licence = _label(name, "name"), licence and _label(licence, "licence")
    known = ImportedDataset.objects.select_for_update().filter(source_sha256=source_sha256).first()
    if known is not None:
        if known.is_complete:
            raise AlreadyImported(f"This file is here already, as “{known.name}” with {known.rows:,} votes.")
        return known
    if ImportedDataset.objects.filter(name=name).exists():
        raise AlreadyImported(f"Another file was imported as “{name}”; choose another name with --name.")
    dataset = ImportedDataset.objects.create(
        name=name, format=format_name, licence=licence, source_sha256=source_sha256, imported_at=now
    )
    record(
        BattleEvent.IMPORT_BEGUN,
        actor=actor,
        subject=dataset.ref,
        at=now,
        facts={"format": format_name, "source_digest": source_sha256},
    )
    return dataset


@transaction.atomic
def import_rows(
    *, actor: Actor, dataset_id: int, after: int, rows: Sequence[BattleRow], now: datetime
) -> ImportedDataset:
    """Write one batch of voted battles with their pseudonymous voters, or nothing of it.

    The batch's entry counts its rows and its new voters, with a digest over each; a model that is new gets an entry of
    its own.

    ``after`` is how many rows of the file came before this batch.

    Raises:
        NotPermitted: when the actor may not import.
        NotTheNextRows: when the dataset already holds these rows, or not yet the ones before.
    """
    _require_importer(actor)
    dataset = ImportedDataset.objects.select_for_update().get(pk=dataset_id)
    if dataset.rows != after or dataset.is_complete:
        raise NotTheNextRows(f"The dataset holds {dataset.rows:,} rows, and this batch would follow {after:,}.")
    names = [name for row in rows for name in (row.model_a, row.model_b)]
    models = models_named(names, dataset=dataset, actor=actor, now=now)
    voters, new_voters = voters_named({_voter_id(dataset, row) for row in rows}, actor=actor, now=now)
    battles = Battle.objects.bulk_create(
        Battle(
            source=Source.IMPORTED,
            dataset=dataset,
            contributor=voters[_voter_id(dataset, row)],
            left_model=models[row.model_b if row.left_first is False else row.model_a],
            right_model=models[row.model_a if row.left_first is False else row.model_b],
            language=declared(row, "language"),
            state=BattleState.VOTED,
            voted=True,
            opened_at=row.timestamp or now,
        )
        for row in rows
    )
    Response.objects.bulk_create(
        response for battle, row in zip(battles, rows, strict=True) for response in _responses(battle, row, now)
    )
    Vote.objects.bulk_create(
        Vote(
            battle=battle,
            contributor=battle.contributor,
            nonce=secrets.token_bytes(16),
            choice=_choice(row),
            commitment="",
            cast_at=row.timestamp or now,
            country=declared(row, "country"),
            language=declared(row, "language"),
            profession=declared(row, "profession"),
            age_band=declared(row, "age_band"),
            education=declared(row, "education"),
            category=_category(row),
        )
        for battle, row in zip(battles, rows, strict=True)
    )
    dataset.rows += len(rows)
    dataset.save(update_fields=["rows"])
    record(
        BattleEvent.IMPORTED,
        actor=actor,
        subject=dataset.ref,
        at=now,
        facts={
            "after": after,
            "rows": len(rows),
            "rows_digest": _digest(rows),
            "voters": len(new_voters),
            "voters_digest": _digest_of_voters(new_voters),
        },
    )
    return dataset


@transaction.atomic
def finish_import(*, actor: Actor, dataset_id: int, now: datetime) -> ImportedDataset:
    """Mark the dataset as whole; only then it gets a board of its own. Twice is once."""
    _require_importer(actor)
    dataset = ImportedDataset.objects.select_for_update().get(pk=dataset_id)
    if not dataset.is_complete:
        dataset.is_complete = True
        dataset.save(update_fields=["is_complete"])
        record(BattleEvent.IMPORT_FINISHED, actor=actor, subject=dataset.ref, at=now, facts={"rows": dataset.rows})
    return dataset


def _label(given: str, what: str) -> str:
    label = given.strip()
    if not label or len(label) > LONGEST or not label.isprintable():
        raise UnfitLabel(
            f"The {what} of a dataset is one line of 1 to {LONGEST} printable characters; choose another with --{what}."
        )
    return label


def _category(row: BattleRow) -> str:
    said = (row.category or "").strip().lower()
    return said if said in Category.values else ""


def _choice(row: BattleRow) -> Choice:
    choice = _CHOICES[row.winner]
    return _MIRRORED.get(choice, choice) if row.left_first is False else choice


def _voter_id(dataset: ImportedDataset, row: BattleRow) -> uuid.UUID:
    """Name a voter of the file, the same in every batch; a vote by nobody known is a voter of its own."""
    voter = f"voter {row.voter}" if row.voter else f"line {row.line}"
    return uuid.uuid5(uuid.UUID(dataset.source_sha256[:32]), voter)


def _responses(battle: Battle, row: BattleRow, now: datetime) -> list[Response]:
    left, right = row.response_a or "", row.response_b or ""
    if not left.strip() or not right.strip():
        # Without both answers there is no difference in style; the plain board counts the vote all the same.
        return []
    sides = (Side.RIGHT, Side.LEFT) if row.left_first is False else (Side.LEFT, Side.RIGHT)
    durations = row.numbers.get("duration", (0.0, 0.0))
    responses = []
    for side, text, duration in zip(sides, (left, right), durations, strict=True):
        measures = measure(text)
        responses.append(
            Response(
                battle=battle,
                side=side,
                text=text.replace("\x00", "\N{REPLACEMENT CHARACTER}"),
                tokens=measures.tokens,
                headers=measures.headers,
                lists=measures.lists,
                bold=measures.bold,
                first_token_ms=0,
                last_token_ms=max(0, min(int(duration), 2**31 - 1)),
                created_at=now,
            )
        )
    return responses


def _digest(rows: Sequence[BattleRow]) -> str:
    """Commit to what a batch brought in: SHA-256 over line, models and outcome of each row."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(f"{row.line}\x1f{row.model_a}\x1f{row.model_b}\x1f{row.winner}\x1e".encode())
    return digest.hexdigest()


def _digest_of_voters(voter_ids: Collection[uuid.UUID]) -> str:
    """Return SHA-256 over the sorted ids of the batch's new voters, 16 bytes each."""
    return hashlib.sha256(b"".join(voter_id.bytes for voter_id in sorted(voter_ids))).hexdigest()
