"""A release that two people approved, whose days in the open are over, and whose editions the log has signed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.licensing.domain.ranges import Span
from apps.licensing.flows import build_due_editions, retire_due_clusters, seal
from apps.licensing.flows.delivering import Sending, begin_sending
from apps.licensing.models import Edition
from apps.licensing.queries.deliveries import OfferedFile, file_of
from apps.licensing.services import Sealing, draft_release
from apps.policy.models import Clause, PolicyVersion
from tests.audit.witnessed import WitnessedPress
from tests.licensing.world import World
from tests.policy.history import decree

PLATFORM: Final = Actor.system("licensing.tend_withdrawals")
TABLE: Final = "battles-00000.parquet"
TERMS: Final = {"notice_days": 30, "urgent_days": 5, "escalation_days": 14}

_ANNOUNCED: Final = """
UPDATE licensing_offer SET state = 'announced', requester_id = %s, first_approver_id = %s, second_approver_id = %s,
  lock_hours = 72, announced_at = now() - interval '100 hours', opens_at = now() - interval '28 hours' WHERE id = %s
"""
_OPEN: Final = "UPDATE licensing_offer SET state = 'open', opened_at = now() - interval '27 hours' WHERE id = %s"


@dataclass
class Opened:
    """An edition that may be fetched, the people around it, and the press that signs the log."""

    world: World
    press: WitnessedPress
    edition: Edition
    contact: User
    officer: User
    root: Path

    @property
    def folder(self) -> Path:
        """Where the edition's files lie."""
        return self.root / self.edition.path

    @property
    def table(self) -> OfferedFile:
        """The Parquet file."""
        file = file_of(self.edition, TABLE)
        assert file is not None
        return file

    @property
    def bytes(self) -> bytes:
        """What the Parquet file holds."""
        return (self.folder / TABLE).read_bytes()

    def address(self, name: str = TABLE) -> str:
        """Return the address of a file."""
        return f"/releases/mine/{self.edition.pk}/files/{name}"

    def sending(self, *, span: Span | None = None, **more: Any) -> Sending:
        """Begin to fetch the Parquet file, as the licensee's contact."""
        told = {"edition": self.edition, "file": self.table, "via": "web"}
        return begin_sending(actor=self.contact.as_actor(), span=span, **{**told, **more})

    def fetch(self) -> None:
        """Fetch the Parquet file whole."""
        assert b"".join(self.sending()) == self.bytes


def sealed_edition(world: World, officer: User, *, battles: int = 3, title: str = "The sky") -> Edition:
    """Write a past, seal all of it, and build the edition; one voter is enough of a kind here."""
    decree(world.owner, "W7", k=1)
    world.sky(battles=battles)
    retire_due_clusters(actor=PLATFORM)
    release = draft_release(
        actor=officer.as_actor(), licensee=world.licensee, title=title, filters={}, now=timezone.now()
    )
    seal(actor=officer.as_actor(), release_id=release.pk, mode=Sealing.ALL_OR_NOTHING)
    assert build_due_editions(actor=PLATFORM) == 1
    return Edition.objects.get(release=release)


def open_offer(world: World, edition: Edition, requester: User, first: User, second: User) -> None:
    """Let an offer be open, as the owner loads a history: four people, and times that have passed."""
    world.owner.execute(_ANNOUNCED, [requester.pk, first.pk, second.pk, edition.offer_id])
    world.owner.execute(_OPEN, [edition.offer_id])


def one_person_is_a_crowd(world: World) -> None:
    """Let copies tell of a single person: of how many they tell, and what, is proved elsewhere."""
    world.owner.execute(
        "ALTER TABLE IF EXISTS licensing_releasefit DROP CONSTRAINT IF EXISTS licensing_nobody_stands_alone"
    )


def by_the_owner(world: World, statement: str) -> None:
    """Change what no service changes so, with the triggers of its table asleep."""
    words = statement.split()
    world.rewritten(words[1] if words[0] == "UPDATE" else words[2], statement)


def adopt_terms(**terms: int) -> None:
    """Put clause W11 into the rulebook, where it is not there yet."""
    version = PolicyVersion.objects.order_by("-number").first()
    assert version is not None
    Clause.objects.get_or_create(
        version=version,
        number="W11",
        defaults={"title": "Taken back is taken back", "text": "They delete it.", "parameters": {**TERMS, **terms}},
    )


def fetched(client: Client, address: str, **headers: str) -> tuple[Any, bytes]:
    """Ask for a file and read all of the answer; headers are given as ``Range="bytes=0-"``, ``If_Range=…``."""
    named = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    answer: Any = client.get(address, **named)  # type: ignore[arg-type]
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    answer.close()
    return answer, content


def later(**more: float) -> Callable[[], datetime]:
    """Return a clock that is so much ahead."""
    return lambda: timezone.now() + timedelta(**more)
