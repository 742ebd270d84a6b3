"""The witnesses, what each countersigned last, and the policy that they make."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery

from apps.audit.domain.policy_text import PolicyWitness, policy_text
from apps.audit.models import Cosignature, Witness
from apps.audit.queries.entries import DEFAULT
from apps.audit.queries.heads import announced_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessRow:
    """A witness; ``last_size`` is the largest checkpoint that it countersigned here, None when there is none.

    ``owner`` is a pseudonym, or empty; ``address`` is empty when it only pulls.
    """

    id: int
    name: str
    vkey: str
    address: str
    owner: str
    ties: str
    added_at: datetime
    ended_at: datetime | None
    last_size: int | None
    last_cosigned_at: datetime | None

    @property
    def ref(self) -> str:
        """The witness as a subject of entries."""
        return f"audit.witness:{self.id}"

    @property
    def is_asked(self) -> bool:
        """Whether the log asks it for its signature, so that the quorum counts it."""
        return self.ended_at is None and bool(self.address)


def witness_rows(*, using: str = DEFAULT) -> list[WitnessRow]:
    """Return every witness in one read: those in force first, in the order of their registration."""
    newest = Cosignature.objects.using(using).filter(witness=OuterRef("pk")).order_by("-checkpoint_id")
    rows = (
        Witness.objects.using(using)
        .annotate(
            last_size=Subquery(newest.values("checkpoint_id")[:1]),
            last_cosigned_at=Subquery(newest.values("cosigned_at")[:1]),
        )
        .order_by("pk")
        .values_list(
            "pk",
            "name",
            "vkey",
            "address",
            "owner_pseudonym",
            "ties",
            "added_at",
            "ended_at",
            "last_size",
            "last_cosigned_at",
        )
    )
    found = [
        WitnessRow(
            id=number,
            name=name,
            vkey=vkey,
            address=address,
            owner=owner,
            ties=ties,
            added_at=added_at,
            ended_at=ended_at,
            last_size=last_size,
            last_cosigned_at=last_cosigned_at,
        )
        for number, name, vkey, address, owner, ties, added_at, ended_at, last_size, last_cosigned_at in rows
    ]
    return sorted(found, key=lambda row: row.ended_at is not None)


def witness_row(witness_id: int, *, using: str = DEFAULT) -> WitnessRow | None:
    """Return one witness, or None."""
    return next((row for row in witness_rows(using=using) if row.id == witness_id), None)


def witnesses_of(pseudonym: str, *, using: str = DEFAULT) -> list[WitnessRow]:
    """Return the witnesses in force that belong to one auditor."""
    return [row for row in witness_rows(using=using) if row.owner == pseudonym and row.ended_at is None]


def policy_now(*, log_address: str, using: str = DEFAULT) -> str:
    """Return the policy file (C2SP tlog-policy): the keys that sign, the witnesses in force, and their majority.

    ``log_address`` is where the log is read.
    """
    return policy_text(
        log_vkeys=_signing(using),
        log_address=log_address,
        witnesses=[
            PolicyWitness(name=witness.name, vkey=witness.vkey, address=witness.address)
            for witness in Witness.objects.using(using).in_force()
        ],
    )


def _signing(using: str) -> Sequence[str]:
    return [key.vkey for key in announced_keys(using=using) if key.retired_at is None]
