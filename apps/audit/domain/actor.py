"""Who acts: a person, the system itself, or a visitor whom nobody knows."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self


class ActorKind(StrEnum):
    """What kind of somebody stands behind an act."""

    PERSON = "person"
    SYSTEM = "system"
    VISITOR = "visitor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody who asks a service for something.

    The log keeps ``pseudonym`` and never ``account_id``. ``roles`` holds the values of ``apps.accounts.models.Role``;
    ``reauthenticated_at`` is the last time (aware) at which the person proved who they are, or None.
    """

    kind: ActorKind
    account_id: int | None
    pseudonym: str
    roles: frozenset[str]
    reauthenticated_at: datetime | None
    request_id: str

    def __post_init__(self) -> None:
        if not self.pseudonym:
            raise ValueError("An actor needs a pseudonym.")
        if (self.kind is ActorKind.PERSON) != (self.account_id is not None):
            raise ValueError("A person has an account, and nobody else has one.")

    @classmethod
    def system(cls, name: str) -> Self:
        """Return the platform acting on its own, for example ``Actor.system("rankings.refit")``."""
        return cls(
            kind=ActorKind.SYSTEM,
            account_id=None,
            pseudonym=f"system:{name}",
            roles=frozenset(),
            reauthenticated_at=None,
            request_id=uuid.uuid4().hex,
        )

    @classmethod
    def visitor(cls, *, request_id: str) -> Self:
        """Return somebody who has not signed in."""
        return cls(
            kind=ActorKind.VISITOR,
            account_id=None,
            pseudonym="visitor",
            roles=frozenset(),
            reauthenticated_at=None,
            request_id=request_id,
        )

    @property
    def is_system(self) -> bool:
        """Whether the platform itself acts."""
        return self.kind is ActorKind.SYSTEM

    def has(self, role: str) -> bool:
        """Whether the actor holds ``role``; the system holds none and is asked for with ``is_system``."""
        return role in self.roles
