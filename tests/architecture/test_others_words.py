"""Others' words are read through the gate, or in one of the places that are listed here with their reason."""

import re
from collections.abc import Callable
from contextlib import suppress
from itertools import product
from typing import Final

import pytest
from django.db.models import Max, Model
from django.test import Client
from django.urls import NoReverseMatch, reverse

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.audit.models import Entry
from apps.battles.models import Battle, Choice
from apps.battles.services import cast_vote
from apps.moderation.models import Case, Decision
from apps.policy.models import ContentLook
from apps.prompts.models import Prompt, ScreeningHint
from tests.architecture.exits import patterns
from tests.architecture.words import ROOT, places_in_python, places_in_templates
from tests.battles.arena import Arena
from tests.conftest import NOON
from tests.moderation.desk import FLAGGED, appealed, prompt_of, rejected, swept

# Where words are touched, and why that is no staff member's unnoticed look at them.
PLACES: Final[dict[str, str]] = {
    # Behind the gate: flows.read_case and flows.read_statement alone call these (a test below).
    "apps/moderation/queries/console.py::_hints": "behind the gate",
    "apps/moderation/queries/statements.py::_statement": "behind the gate",
    "apps/moderation/queries/statements.py::_heard": "behind the gate",
    "apps/moderation/queries/statements.py::preview": "behind the gate: of a case that was just read",
    # These name the columns in order not to read them.
    "apps/moderation/queries/console.py::_WORDS": "defers them",
    "apps/moderation/queries/console.py::words_on": "defers them",
    "apps/moderation/queries/statements.py::words_in_statement": "defers them",
    "apps/prompts/queries.py::twins_of": "defers them",
    # A contributor's own words.
    "apps/prompts/queries.py::prompts_of": "the author's own",
    "apps/prompts/queries.py::_view": "the author's own",
    "apps/prompts/views.py::new": "what the author is writing",
    "apps/prompts/services/submitting.py::answer_hint": "what the author is writing",
    "apps/prompts/urls.py::urlpatterns": "a name",
    "apps/moderation/views.py::appeal": "what the person concerned is writing",
    "apps/web/queries/own_words.py::_prompts": "the author's own",
    "apps/web/queries/own_words.py::_hints": "the author's own",
    "apps/web/queries/own_words.py::_appeals": "the appellant's own",
    "apps/web/queries/own_words.py::_VOTED": "the voter's own battles, answers once they are past the wall",
    # The battle itself: two answers shown to the contributor who fights it, as many a day as clause B5 says.
    "apps/battles/queries.py::answers_of": "the battle's own contributor",
    "apps/battles/queries.py::battles_of": "the contributor's own battles",
    "apps/battles/views/battles.py::_answers": "the battle's own contributor",
    "apps/battles/views/streaming.py::_Shown": "the battle's own contributor",
    "apps/battles/views/streaming.py::_frames_of": "the battle's own contributor",
    "apps/battles/views/streaming.py::_text_frame": "the battle's own contributor",
    # The platform reads: nobody sees what it reads here.
    "apps/battles/flows.py::AnswerEventKind": "a name",
    "apps/battles/flows.py::_both_answers": "to the two providers, as the consent says",
    "apps/battles/services/turning.py::add_turn": "what the contributor is writing",
    "apps/battles/services/answering.py::_side_that_names_itself": "the platform itself",
    "apps/battles/services/answering.py::confirm_answers": "the platform itself",
    "apps/prompts/flows.py::_detected": "the platform itself: screening",
    "apps/prompts/queries.py::text_awaiting_screening": "the platform itself: screening",
    "apps/prompts/queries.py::_SIGNED_FOUNDERS": "the platform itself: comparing clusters",
    "apps/prompts/queries.py::founders_beside": "the platform itself: comparing clusters",
    "apps/prompts/services/cluster_rows.py::place_words": "the platform itself: screening",
    "apps/prompts/services/comparing.py::renew_signature": "the platform itself: comparing clusters",
    "apps/licensing/flows/reclustering.py::recluster": "the platform itself: comparing clusters",
    "apps/prompts/services/screening.py::_place": "the platform itself: screening",
    "apps/prompts/services/screening.py::screen_prompt": "the platform itself: screening",
    "apps/licensing/queries/editions.py::_ROWS": "a sealed release: past the wall",
    # No words of a battle.
    "apps/web/kit.py::kit_context": "invented",
    "apps/web/templatetags/look.py::_WRITTEN_BY_PEOPLE": "a kind of field",
}
TEMPLATES: Final[dict[str, str]] = {
    "moderation/_hint.html: hint.answer": "behind the gate",
    "moderation/case.html: sibling.text": "behind the gate",
    "moderation/case.html: view.case.appeal.text": "behind the gate",
    "moderation/case.html: view.prompt.text": "behind the gate",
    "moderation/decision.html: statement.appeal.text": "behind the gate, or the reader's own",
    "moderation/decision.html: statement.subject_text": "behind the gate, or the reader's own",
    "battles/_named_answer.html: answer.text": "the battle's own contributor",
    "battles/_question.html: prompt.text": "the battle's own contributor",
    "battles/battle.html: answer.text": "the battle's own contributor",
    "battles/start.html: battle.prompt.text": "the contributor's own battles",
    "battles/start.html: prompt.text": "the author's own",
    "battles/start.html: wanted.text": "the author's own, or met in a battle before",
    "prompts/_hint.html: hint.answer": "the author's own",
    "prompts/mine.html: line.excerpt": "the author's own",
    "prompts/prompt.html: prompt.text": "the author's own",
    "prompts/withdraw.html: prompt.text": "the author's own",
    "web/home_contributor.html: prompt.text": "the author's own",
    "web/home_contributor.html: vote.battle.prompt.text": "the voter's own battles",
}


def test_words_are_read_in_no_other_place() -> None:
    found = {*places_in_python()}
    assert found - set(PLACES) == set(), (
        "These places touch somebody's words. Whoever works here reads them through apps.policy.services.read_content; "
        "then, or when they are the reader's own, add the place to PLACES with its reason."
    )
    assert set(PLACES) - found == set(), "PLACES names places that are not there any more."


def test_templates_show_words_in_no_other_place() -> None:
    found = {*places_in_templates()}
    assert found - set(TEMPLATES) == set(), "These templates show somebody's words: see the test above."
    assert set(TEMPLATES) - found == set(), "TEMPLATES names places that are not there any more."


CANARY: Final = "zanzibarcanary"
BACKEND: Final = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def everything(arena: Arena, ada: User, mallory: User, alan: User) -> None:
    """Words of every kind: prompts, answers, an appeal, at every stage of moderation."""
    for number in range(2):
        flagged = prompt_of(ada, f"{FLAGGED} {CANARY} {number}")
        hint = flagged.hints.filter(needs_review=True).first()
        assert hint is not None
        hint.answer = f"{CANARY} answers"
        hint.save(update_fields=["answer"])
    arena.prompt = prompt_of(mallory, f"How many {CANARY} live in a mine, and who has counted them all?")
    battle = arena.ready(ada, left=f"Left {CANARY}", right=f"Right {CANARY}")
    cast_vote(actor=ada.as_actor(), battle=battle, choice=Choice.LEFT, now=NOON)
    arena.ready(ada, left=f"Left {CANARY}", right=f"Right {CANARY}")
    swept()
    for flagged in Prompt.objects.filter(author__account=ada, text__contains=CANARY).order_by("pk")[:1]:
        decision = rejected(alan, flagged)
    appeal = appealed(ada, decision)
    appeal.text = f"{CANARY} appeals"
    appeal.save(update_fields=["text"])


_THINGS: Final[dict[str, type[Model]]] = {
    "prompt_id": Prompt,
    "hint_id": ScreeningHint,
    "battle_id": Battle,
    "case_id": Case,
    "decision_id": Decision,
}


def addresses() -> list[str]:
    """Return every address of ours, for each thing that it names; another number is tried with one id of each kind."""
    ids = {
        name: list(thing._default_manager.order_by("pk").values_list("pk", flat=True))
        for name, thing in _THINGS.items()
    }
    every = sorted({found[-1] for found in ids.values() if found})
    fitting: dict[str, list[str]] = {"StringConverter": ["P1"], "PathConverter": ["0/000"]}
    found = []
    for name, pattern in patterns():
        is_ours = pattern.callback.__module__.startswith(("apps.", "allauth")) and not name.startswith("socialaccount")
        # The kit shows invented words.
        if not is_ours or name == "web:kit":
            continue
        converters = pattern.pattern.converters
        values = [fitting.get(type(of).__name__) or ids.get(word, every) for word, of in converters.items()]
        if len(values) > 1 and values[1] is every:
            values[1] = every[-1:]
        for chosen in product(*values):
            with suppress(NoReverseMatch):
                found.append(reverse(name, kwargs=dict(zip(converters, chosen, strict=True))))
    return found


def visitor(user: User | None) -> Client:
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user, backend=BACKEND)
    return client


def read_at(client: Client, address: str) -> bytes:
    """Return what an address answers; a stream, which waits for its reader, is none of staff's pages."""
    response = client.get(address)
    return b"" if getattr(response, "is_async", False) else response.getvalue()


def newest_look() -> int:
    return ContentLook.objects.aggregate(newest=Max("pk"))["newest"] or 0


def shown_at(client: Client, among: list[str]) -> tuple[set[str], list[str]]:
    """Return where others' words are shown, numbers left out, and which addresses showed them without a look."""
    shown, unnoticed = set(), []
    for address in among:
        before = newest_look()
        if CANARY.encode() in read_at(client, address):
            shown.add(re.sub(r"\d+", "N", address))
            if newest_look() == before:
                unnoticed.append(address)
    return shown, unnoticed


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("everything")
def test_no_page_shows_others_words_but_through_the_gate(person: Callable[..., User]) -> None:
    """Every address, in every role that works here and in none; contributors' own pages are tested with their app."""
    roles = [role for role in Role if role is not Role.CONTRIBUTOR]
    every = addresses()
    for role in (*roles, None):
        shown, unnoticed = shown_at(visitor(person(role.value, role) if role else None), every)
        assert unnoticed == [], f"shown to {role} without a look that is written down"
        expected = {"/moderation/cases/N/", "/moderation/decisions/N/"} if role is Role.MODERATOR else set()
        assert shown == expected, role
    assert not any(CANARY.encode() in bytes(body) for body in Entry.objects.values_list("body", flat=True))


@pytest.mark.usefixtures("everything")
def test_a_page_that_forgot_the_gate_would_be_noticed(grace: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.moderation.flows.read_content", lambda *, load, **_asked: load())
    cases = [address for address in addresses() if address.startswith("/moderation/cases/")]
    assert shown_at(visitor(grace), cases)[1] != []


def test_network_administrators_see_no_ballot(arena: Arena, ada: User, radia: User) -> None:
    battle = arena.ready(ada)
    vote = cast_vote(actor=ada.as_actor(), battle=battle, choice=Choice.BOTH_BAD, now=NOON)
    client = visitor(radia)
    for address in addresses():
        content = read_at(client, address)
        for ballot in (str(vote.public_id), "both_bad", f"battles.battle:{battle.pk}"):
            assert ballot.encode() not in content, f"{address} shows {ballot} to a network administrator"


def test_only_flows_behind_the_gate_call_what_reads_a_case() -> None:
    callers = {
        f"{path.relative_to(ROOT)}"
        for path in sorted((ROOT / "apps").rglob("*.py"))
        if re.search(r"\b(case_view|statement_for)\(", path.read_text())
    }
    assert callers == {
        "apps/moderation/flows.py",
        "apps/moderation/queries/console.py",
        "apps/moderation/queries/statements.py",
    }
