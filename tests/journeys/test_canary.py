"""A canary is planted wherever people write, everything goes right and then wrong, and it sings in no other place.

The whole platform runs as real processes. Afterwards every file that they wrote, every byte that went through Redis,
every mail, header and page of an error, and every table that is not meant for words is searched for it.
"""

import base64
import os
import re
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any, Final

import httpx2
import psycopg
import pytest
from django.contrib.sessions.models import Session
from psycopg import sql

from apps.accounts.models import User
from apps.battles.models import Battle, BattleState, Vote
from apps.contributors.models import OwnExport
from apps.moderation.models import Appeal, Case
from apps.prompts.models import Prompt, PromptState
from showdown.grants import TABLES
from tests import services
from tests.battles.arena import Arena
from tests.battles.conftest import arena, models_at
from tests.battles.model_server import ModelServer
from tests.browser import LivePlatform
from tests.conftest import PASSWORD
from tests.moderation.desk import FLAGGED

__all__ = ["arena", "models_at"]
pytestmark = [pytest.mark.journey, pytest.mark.timeout(420)]

CANARY: Final = "zanzibarcanary7f3a"
#: The tables that are made for people's words.
HOMES: Final = {
    "prompts_prompt",
    "prompts_screeninghint",
    "battles_response",
    "moderation_appeal",
    "moderation_decision",
    "moderation_draft",
    "accounts_inboxmessage",
}


def songs() -> list[bytes]:
    """Return the canary as it is, in capitals, in hexadecimal, and as base64 has it at each of three offsets."""
    word = CANARY.encode()
    inner = [base64.b64encode(b"." * shift + word)[4:-4] for shift in range(3)]
    return [word, word.upper(), word.hex().encode(), *inner]


def sings(content: bytes) -> bool:
    return any(song in content for song in songs())


class Listener:
    """Hears every command that Redis is given, from the beginning."""

    def __init__(self, path: Path) -> None:
        self.heard = bytearray()
        self._line = socket.socket(socket.AF_UNIX)
        self._line.connect(str(path))
        self._line.sendall(b"MONITOR\r\n")
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                part = self._line.recv(65_536)
            except OSError:
                return
            if not part:
                return
            self.heard += part

    def close(self) -> None:
        self._line.close()


class Visitor:
    """A person at the site without a browser, who remembers every address and header that came and went."""

    def __init__(self, platform: LivePlatform, user: User) -> None:
        self.http = httpx2.Client(base_url=platform.address, follow_redirects=False, timeout=60, trust_env=False)
        self.told: list[bytes] = []
        self.get("/accounts/login/")
        self.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
        assert self.get("/home/").status_code == 200

    def close(self) -> None:
        self.http.close()

    def get(self, path: str) -> httpx2.Response:
        return self._kept(self.http.get(path))

    def post(self, path: str, data: dict[str, Any] | None = None) -> httpx2.Response:
        token = self.http.cookies.get("csrftoken") or ""
        headers = {"Referer": str(self.http.base_url), "X-CSRFToken": token}
        return self._kept(self.http.post(path, data={"csrfmiddlewaretoken": token, **(data or {})}, headers=headers))

    def _kept(self, response: httpx2.Response) -> httpx2.Response:
        self.told.append(f"{response.url} {response.headers}".encode())
        return response


@pytest.fixture
def let_in(live_platform: LivePlatform) -> Iterator[Callable[[User], Visitor]]:
    """Sign people in, and close the door behind them at the end."""
    with ExitStack() as doors:
        yield lambda user: doors.enter_context(closing(Visitor(live_platform, user)))


@pytest.fixture
def redis_heard(live_platform: LivePlatform) -> Iterator[Listener]:
    listener = Listener(live_platform.redis.socket)
    yield listener
    listener.close()


def until(found: Any, what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, f"It never came: {what}"
        time.sleep(0.2)


def ask(visitor: Visitor, text: str) -> httpx2.Response:
    form = {"text": text, "language": "en", "category": "other", "submission_key": str(uuid.uuid4())}
    return visitor.post("/prompts/new/", form)


def fight(visitor: Visitor, prompt: Prompt) -> int:
    opened = visitor.post("/battles/open/", {"prompt": prompt.pk, "opening_key": str(uuid.uuid4())})
    return int(re.findall(r"/battles/(\d+)/", opened.headers["Location"])[0])


def test_the_canary_sings_nowhere_else(  # noqa: PLR0915 - One story, told once: it takes a minute to start.
    arena: Arena,
    models_at: ModelServer,
    ada: User,
    grace: User,
    alan: User,
    live_platform: LivePlatform,
    let_in: Callable[[User], Visitor],
    redis_heard: Listener,
    database_urls: dict[str, str],
    owner_connection: psycopg.Connection[Any],
) -> None:
    pages: list[httpx2.Response] = []
    adas, graces, alans = (let_in(user) for user in (ada, grace, alan))

    # Everything goes right: a prompt, two answers, a vote; a prompt that is flagged, answered for, rejected, appealed.
    arena.answer_over_http(models_at.address("repeats"))
    ask(adas, f"How many feathers has a {CANARY}, and of which colour are they in winter?")
    until(lambda: Prompt.objects.filter(state=PromptState.APPROVED, text__contains=CANARY).exists(), "an approval")
    clean = Prompt.objects.get(state=PromptState.APPROVED, text__contains=CANARY)
    battle = fight(adas, clean)
    adas.post(f"/battles/{battle}/answers/")
    assert CANARY in str(models_at.requests[-1].body), "the providers are a registered way out"
    assert CANARY in adas.get(f"/battles/{battle}/").text
    adas.post(f"/battles/{battle}/vote/", {"choice": "left", "ballot_key": str(uuid.uuid4())})
    assert Vote.objects.filter(battle_id=battle).exists()

    ask(adas, f"{FLAGGED} Signed, the {CANARY}.")
    until(lambda: Prompt.objects.filter(state=PromptState.AWAITING_REVIEW).exists(), "a person's turn")
    flagged = Prompt.objects.get(state=PromptState.AWAITING_REVIEW)
    hint = flagged.hints.filter(needs_review=True).first()
    assert hint is not None
    adas.post(f"/prompts/{flagged.pk}/hints/{hint.pk}/", {"answer": f"The {CANARY} gave it to me."})
    until(lambda: Case.objects.open().filter(prompt=flagged).exists(), "a case")
    case = Case.objects.get(prompt=flagged)
    graces.post(f"/moderation/cases/{case.pk}/take/")
    assert CANARY in graces.get(f"/moderation/cases/{case.pk}/").text
    verdict = {"action": "reject", "clause": "P2", "reason": f"It names the {CANARY}."}
    graces.post(f"/moderation/cases/{case.pk}/draft/", verdict)
    graces.post(f"/moderation/cases/{case.pk}/preview/", verdict)
    graces.post(f"/moderation/cases/{case.pk}/decide/", {**verdict, "go": "stay"})
    decision = flagged.decisions.get()
    adas.post(f"/moderation/decisions/{decision.pk}/appeal/", {"text": f"No {CANARY} ever lived there."})
    appeal = Appeal.objects.get()
    alans.post("/moderation/next/")
    assert CANARY in alans.get(f"/moderation/cases/{appeal.case.pk}/").text
    taken = adas.post("/my-words/take/")
    assert CANARY in taken.text
    assert OwnExport.objects.count() == 1

    # A wrong password and a reset: what goes out by mail has nothing to do with words.
    forgetful = let_in(ada)
    forgetful.post("/accounts/logout/")
    forgetful.get("/accounts/password/reset/")
    forgetful.post("/accounts/password/reset/", {"email": ada.email})
    until(lambda: any(live_platform.var.root.glob("mail/*")), "a mail")

    # Refusals: too long, twice decided, somebody else's.
    pages += [ask(adas, f"{CANARY} " * 2000), graces.post(f"/moderation/cases/{case.pk}/decide/", verdict)]
    refused = [pages.pop(0)]  # The form, which shows its author what they wrote.
    assert refused[0].status_code == 422

    # Then it goes wrong: a provider that quotes the prompt, and constraints that PostgreSQL quotes whole rows about.
    arena.answer_over_http(models_at.address("quotes"))
    adas.post(f"/battles/{fight(adas, clean)}/answers/")
    arena.answer_over_http(models_at.address("repeats"))
    waiting = fight(adas, clean)
    owner_connection.execute(
        "ALTER TABLE battles_response ADD CONSTRAINT a_full_disk CHECK (text NOT LIKE '%canary%') NOT VALID"
    )
    pages.append(adas.post(f"/battles/{waiting}/answers/"))
    streaming = fight(adas, clean)
    with adas.http.stream("GET", f"/battles/{streaming}/stream/") as stream, suppress(httpx2.HTTPError):
        stream.read()
    assert not Battle.objects.filter(pk__in=[waiting, streaming], state=BattleState.READY).exists()
    owner_connection.execute(
        "ALTER TABLE prompts_prompt ADD CONSTRAINT no_approval CHECK (state <> 'approved') NOT VALID"
    )
    ask(adas, f"Why does a {CANARY} sing in the morning, and what does it say about the weather?")
    until(lambda: "could not be screened" in log_of(live_platform, "worker"), "a sweep that fails")
    owner_connection.execute(
        "ALTER TABLE prompts_prompt ADD CONSTRAINT no_canaries CHECK (text NOT LIKE '%canary%') NOT VALID"
    )
    failed = ask(adas, f"Where does the {CANARY} sleep when the mine is closed for the winter?")
    assert failed.status_code == 500
    pages.append(failed)
    until(lambda: "no_canaries" in log_of(live_platform, "web"), "the error in the web's log")

    for response in pages:
        assert not sings(response.content), f"{response.status_code} {response.url}"
    for visitor in (adas, graces, alans, forgetful):
        assert not any(sings(line) for line in visitor.told), "an address or a header"
    assert redis_heard.heard.count(b"moderation.sweep"), "the listener heard nothing"
    assert not sings(bytes(redis_heard.heard)), "Redis was told"
    assert leaks_on_disk(live_platform.var.root) == []
    assert leaks_on_disk(services.run_folder().folder) == []
    assert leaks_in(database_urls["admin"]) == []
    for session in Session.objects.all():
        assert not sings(str(session.get_decoded()).encode())


def log_of(platform: LivePlatform, name: str) -> str:
    return (platform.var.log / f"{name}.log").read_text(errors="replace")


def leaks_on_disk(folder: Path) -> list[str]:
    """Return every file below a folder that sings; PostgreSQL's own data are the words' home.

    Other tests come and go beside this one, so that a folder or a file may be gone between its listing and its reading.
    """
    searched, singing = 0, []
    for at, folders, names in os.walk(folder):
        if "PG_VERSION" in names:
            folders.clear()
            continue
        for path in (Path(at, name) for name in names):
            with suppress(FileNotFoundError):
                if path.is_file():
                    searched += 1
                    singing += [str(path)] if sings(path.read_bytes()) else []
    assert searched
    return singing


def leaks_in(address: str) -> list[str]:
    """Return every table that sings and is no home for words; bytes are searched as bytes."""
    found = []
    with psycopg.connect(address) as connection:
        for table in sorted(set(TABLES) - HOMES):
            like = sql.SQL(" OR ").join([sql.SQL("t::text ILIKE {}").format(f"%{song.decode()}%") for song in songs()])
            statement = sql.SQL("SELECT count(*) FROM {} t WHERE {}").format(sql.Identifier(table), like)
            row = connection.execute(statement).fetchone()
            if row != (0,):
                found.append(table)
    return found
