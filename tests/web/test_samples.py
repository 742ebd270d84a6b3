"""Barbara draws votes by lot, opens what she drew, and nobody opens anything else."""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import psycopg
import pytest
from django.db import connections
from django.test import Client

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.audit.domain.checkpoint import parse_checkpoint
from apps.audit.domain.merkle import leaf_hash
from apps.audit.domain.note import split_note
from apps.audit.domain.sampling import draw, seed_of
from apps.audit.models import Cosignature, Entry, Leaf
from apps.audit.queries import proved_entry
from apps.audit.services import forget_text
from apps.battles.models import Battle, Choice, Vote
from apps.battles.services import cast_vote
from apps.web.models import Sample, SampledEntry
from tests.audit.garden import ROBOT
from tests.audit.witnessed import WitnessedPress
from tests.battles.arena import Arena
from tests.conftest import NOON, make_person
from tests.policy.history import decree
from tests.trails import facts_about, refusals, trail_of

pytestmark = pytest.mark.committed

HOUR = timedelta(hours=1)
PERIOD = {"event": "battles.vote_cast", "since": "2026-09-14T12:00:00", "until": "2026-09-14T13:00:00"}


@pytest.fixture
def votes(arena: Arena, ada: User, owner_connection: psycopg.Connection[Any]) -> list[Vote]:
    """Ada casts six votes at noon; half of the entries of a period may be drawn, so that six are enough."""
    decree(owner_connection, "L1", share=0.5)
    cast = []
    for number in range(6):
        battle: Battle = arena.ready(ada, now=NOON)
        choice = Choice.LEFT if number % 2 else Choice.BOTH_BAD
        cast.append(
            cast_vote(actor=ada.as_actor(), battle=battle, choice=choice, now=NOON + number * timedelta(minutes=1))
        )
    return cast


def text_of(page: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.decode().replace("<wbr>", "")).split())


def ask(client: Client, **more: Any) -> Any:
    return client.post("/auditor/samples/", {**PERIOD, "number": "3", **more})


def drawn(client: Client, **more: Any) -> Sample:
    answer = ask(client, **more)
    assert answer.status_code == 302, text_of(answer.content)
    return Sample.objects.latest("pk")


@pytest.fixture
def auditor(client: Client, barbara: User) -> Client:
    client.force_login(barbara)
    return client


def test_the_lot_is_the_one_that_the_witness_cast(
    auditor: Client, barbara: User, votes: list[Vote], press: WitnessedPress
) -> None:
    press.add_witness("barbara.example/w1", barbara)
    checkpoint = press.publish(now=NOON + 2 * HOUR)
    sample = drawn(auditor)
    leaves = {
        leaf: entry
        for entry, leaf in Leaf.objects.filter(entry__event="battles.vote_cast").values_list("entry_id", "leaf_index")
    }
    (line,) = [signed.line for signed in checkpoint.cosignatures]
    expected = draw(leaves, seed=seed_of(line), number=3)
    assert list(sample.entries.values_list("leaf_index", flat=True)) == expected
    assert list(sample.entries.values_list("entry_id", flat=True)) == [leaves[leaf] for leaf in expected]
    assert (sample.population, sample.late, sample.checkpoint_size) == (6, 0, checkpoint.size)
    assert sample.seed == seed_of(line).hex()
    assert trail_of(sample) == ["web.sample_drawn"]
    assert facts_about(sample)["seed"] == sample.seed
    (look,) = Entry.objects.filter(event="web.sample_asked_for")
    assert look.actor_pseudonym == barbara.pseudonym
    assert look.facts["number"] == 3


def test_the_page_shows_the_lot_and_is_a_look(
    auditor: Client, barbara: User, votes: list[Vote], press: WitnessedPress
) -> None:
    press.add_witness("barbara.example/w1", barbara)
    press.publish(now=NOON + 2 * HOUR)
    sample = drawn(auditor)
    answer = auditor.get(f"/auditor/samples/{sample.pk}/")
    page = text_of(answer.content)
    assert "3 of 6 entries battles.vote_cast, drawn by lot" in page
    assert sample.seed in answer.content.decode()
    assert sample.cosignature in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert not any(value in page for value in Choice.values)
    assert Entry.objects.filter(event="web.sample_looked_at", subject=sample.ref).count() == 1
    assert "1 sample was drawn" in text_of(auditor.get("/auditor/samples/").content)
    assert Entry.objects.filter(event="web.sample_looked_at", subject="web.sample:all").exists(), "so is the list"
    assert auditor.get("/auditor/samples/999/").status_code == 404


def test_the_same_inputs_give_the_same_sample_and_a_second_lot_is_refused(
    auditor: Client, barbara: User, votes: list[Vote], press: WitnessedPress
) -> None:
    press.add_witness("barbara.example/w1", barbara)
    press.publish(now=NOON + 2 * HOUR)
    sample = drawn(auditor)
    press.publish(now=NOON + 3 * HOUR)
    answer = ask(auditor)
    assert answer.status_code == 409
    assert f"You drew sample {sample.pk}" in text_of(answer.content)
    # Nor may a period overlap by a minute; one that touches it may be drawn.
    assert ask(auditor, since="2026-09-14T12:59:00", until="2026-09-14T13:30:00").status_code == 409
    assert refusals() == ["periods-overlap", "periods-overlap"]
    assert Sample.objects.count() == 1
    # Another auditor has a lot of their own, by their own witness.
    joan = make_person("joan", Role.AUDITOR)
    press.add_witness("joan.example/w1", joan)
    other = Client()
    other.force_login(joan)
    assert ask(other).status_code == 409, "the checkpoint after the period was signed before Joan had a witness"
    assert refusals()[-1] == "not-cosigned"


def test_more_than_the_clause_allows_is_refused_and_says_how_many_may_be(
    auditor: Client, barbara: User, votes: list[Vote], press: WitnessedPress
) -> None:
    press.add_witness("barbara.example/w1", barbara)
    press.publish(now=NOON + 2 * HOUR)
    answer = ask(auditor, number="4")
    assert answer.status_code == 409
    assert "holds 6 entries of this event; at most 3 may be drawn" in text_of(answer.content)
    assert not SampledEntry.objects.exists()


def test_without_a_signature_of_ones_own_witness_there_is_no_lot(
    auditor: Client, barbara: User, votes: list[Vote], press: WitnessedPress
) -> None:
    press.add_witness("somebody.example/w1")
    first = press.publish(now=NOON + 2 * HOUR)
    assert "You have no witness" in text_of(ask(auditor).content)
    assert "You have no witness yet" in text_of(auditor.get("/auditor/samples/").content)
    press.add_witness("barbara.example/w1", barbara)
    later = press.publish(now=NOON + 3 * HOUR)
    answer = ask(auditor)
    assert answer.status_code == 409
    page = text_of(answer.content)
    assert f"Your witness barbara.example/w1 has no signature under checkpoint {first.size}" in page
    assert "The next one that it signed is of 2026-09-14 15:00:00 UTC: let the period end then." in page
    # And that works.
    sample = drawn(auditor, until="2026-09-14T15:00:00")
    assert sample.checkpoint_size == later.size
    assert refusals() == ["no-witness-of-yours", "not-cosigned"]


def test_a_witness_that_only_pulls_hands_in_its_line(
    auditor: Client, barbara: User, votes: list[Vote], press: WitnessedPress
) -> None:
    cosigner = press.add_witness("barbara.example/w1", barbara, is_asked=False)
    row = press.publish(now=NOON + 2 * HOUR)
    assert "hand in its signature line" in text_of(ask(auditor).content)
    checkpoint = parse_checkpoint(split_note(row.note)[0])
    good = press.line_of(cosigner, checkpoint)
    stranger = press.add_witness("mallory.example/w1")
    for bad in (
        press.line_of(stranger, checkpoint),
        press.line_of(cosigner, checkpoint, at=NOON + 5 * HOUR),
        good.replace("barbara", "barbera"),
    ):
        answer = ask(auditor, cosignature=bad)
        assert answer.status_code == 409, bad
        assert "This is no signature of your witness" in text_of(answer.content)
    sample = drawn(auditor, cosignature=f"  {good}\n")
    assert sample.cosignature == good
    assert not Cosignature.objects.filter(line=good).exists()


def test_a_period_that_is_not_over_or_not_yet_signed_gives_no_seed(
    auditor: Client, barbara: User, votes: list[Vote], press: WitnessedPress
) -> None:
    press.add_witness("barbara.example/w1", barbara)
    press.publish(now=NOON + timedelta(minutes=30))
    assert "The period is not over yet" in text_of(ask(auditor, until="2999-01-01T00:00:00").content)
    assert "No checkpoint was signed since the period ended" in text_of(ask(auditor).content)
    assert refusals() == ["period-not-over", "no-checkpoint-yet"]


def test_what_came_after_the_checkpoint_is_counted_as_late_and_never_drawn(
    auditor: Client, ada: User, barbara: User, votes: list[Vote], arena: Arena, press: WitnessedPress
) -> None:
    press.add_witness("barbara.example/w1", barbara)
    checkpoint = press.publish(now=NOON + 2 * HOUR)
    # Somebody writes entries with old times once the seed is known.
    for _number in range(3):
        cast_vote(actor=ada.as_actor(), battle=arena.ready(ada, now=NOON), choice=Choice.LEFT, now=NOON)
    press.publish(now=NOON + 3 * HOUR)
    sample = drawn(auditor)
    assert (sample.population, sample.late) == (6, 3)
    assert all(leaf < checkpoint.size for leaf in sample.entries.values_list("leaf_index", flat=True))
    assert "3 entries of the period got their leaves after the checkpoint" in text_of(
        auditor.get(f"/auditor/samples/{sample.pk}/").content
    )


def test_an_empty_period_says_so(auditor: Client, barbara: User, votes: list[Vote], press: WitnessedPress) -> None:
    press.add_witness("barbara.example/w1", barbara)
    press.publish(now=NOON + 2 * HOUR)
    assert "No entry of this event" in text_of(ask(auditor, event="gardens.planted").content)
    assert refusals() == ["nothing-to-draw"]


def test_a_period_whose_entries_were_all_late_is_not_called_empty(
    auditor: Client, barbara: User, press: WitnessedPress, ada: User, arena: Arena
) -> None:
    press.add_witness("barbara.example/w1", barbara)
    checkpoint = press.publish(now=NOON + 2 * HOUR)
    cast_vote(actor=ada.as_actor(), battle=arena.ready(ada, now=NOON), choice=Choice.LEFT, now=NOON)
    press.publish(now=NOON + 3 * HOUR)
    page = text_of(ask(auditor).content)
    assert f"All entries of this event in the period (1) got their leaves after checkpoint {checkpoint.size}." in page
    assert refusals() == ["nothing-to-draw"]


# --- Opening ---


def opened(client: Client, sample: Sample, leaf: int) -> Any:
    return client.post(f"/auditor/samples/{sample.pk}/open/{leaf}/")


def test_a_drawn_vote_is_opened_once_its_opening_is_an_entry(
    auditor: Client, barbara: User, votes: list[Vote], press: WitnessedPress
) -> None:
    press.add_witness("barbara.example/w1", barbara)
    press.publish(now=NOON + 2 * HOUR)
    sample = drawn(auditor)
    row = sample.entries.all()[0]
    answer = opened(auditor, sample, row.leaf_index)
    assert answer.status_code == 200
    page = answer.content.decode()
    proved = proved_entry(row.entry_id)
    assert proved is not None
    vote = next(vote for vote in votes if vote.ref == proved.facts["vote"])
    salt, choice = re.search(r"fromhex\(&quot;([0-9a-f]{64})&quot;\) \+ b&quot;([a-z_]+)&quot;", page).groups()  # type: ignore[union-attr]
    assert choice == vote.choice
    assert hashlib.sha256(bytes.fromhex(salt) + choice.encode()).hexdigest() == proved.facts["choice"]
    assert "It is what the log committed to" in page
    assert "no-store" in answer["Cache-Control"]
    (entry,) = Entry.objects.filter(event="web.choice_opened")
    assert entry.subject == f"audit.entry:{row.entry_id}"
    assert entry.clause == "L1"
    assert entry.actor_pseudonym == barbara.pseudonym
    assert entry.facts == {"sample": sample.ref, "leaf": row.leaf_index}
    # A second look is a second opening, and a link cannot open anything.
    opened(auditor, sample, row.leaf_index)
    assert Entry.objects.filter(event="web.choice_opened").count() == 2
    assert auditor.get(f"/auditor/samples/{sample.pk}/open/{row.leaf_index}/").status_code == 405


def test_what_was_not_drawn_stays_closed(
    auditor: Client, barbara: User, votes: list[Vote], press: WitnessedPress
) -> None:
    press.add_witness("barbara.example/w1", barbara)
    press.publish(now=NOON + 2 * HOUR)
    sample = drawn(auditor)
    taken = set(sample.entries.values_list("leaf_index", flat=True))
    every = Leaf.objects.filter(entry__event="battles.vote_cast").values_list("leaf_index", flat=True)
    for leaf in set(every) - taken:
        assert opened(auditor, sample, leaf).status_code == 409
    assert opened(auditor, sample, 10**17).status_code == 409
    assert set(refusals()) == {"not-drawn"}
    assert not Entry.objects.filter(event="web.choice_opened").exists()


def test_nobody_else_opens_what_one_auditor_drew(
    auditor: Client, barbara: User, mallory: User, votes: list[Vote], press: WitnessedPress
) -> None:
    press.add_witness("barbara.example/w1", barbara)
    press.publish(now=NOON + 2 * HOUR)
    sample = drawn(auditor)
    leaf = sample.entries.all()[0].leaf_index
    for somebody in (make_person("joan", Role.AUDITOR), make_person("peter", Role.NETWORK_ADMIN), mallory):
        other = Client()
        other.force_login(somebody)
        assert opened(other, sample, leaf).status_code == 403
    assert set(refusals()) == {"not-your-sample"}
    assert not Entry.objects.filter(event="web.choice_opened").exists()
    stranger = Client()
    assert opened(stranger, sample, leaf).status_code == 302


def test_a_choice_that_was_changed_after_the_vote_is_found_out(
    auditor: Client, barbara: User, votes: list[Vote], press: WitnessedPress, owner_connection: Any
) -> None:
    press.add_witness("barbara.example/w1", barbara)
    press.publish(now=NOON + 2 * HOUR)
    sample = drawn(auditor)
    owner_connection.execute("UPDATE battles_vote SET choice = 'right'")
    page = opened(auditor, sample, sample.entries.all()[0].leaf_index).content.decode()
    assert "It is not what the log committed to" in page


def test_a_forgotten_choice_opens_for_nobody_and_its_proof_holds(
    auditor: Client, barbara: User, votes: list[Vote], press: WitnessedPress
) -> None:
    press.add_witness("barbara.example/w1", barbara)
    press.publish(now=NOON + 2 * HOUR)
    sample = drawn(auditor)
    row = sample.entries.all()[0]
    before = proved_entry(row.entry_id)
    assert before is not None
    forget_text(actor=ROBOT, commitment=before.facts["choice"], now=NOON)
    answer = opened(auditor, sample, row.leaf_index)
    assert answer.status_code == 409
    page = text_of(answer.content)
    assert "opens for nobody any more" in page
    assert not any(value in page for value in Choice.values)
    after = proved_entry(row.entry_id)
    assert after is not None
    assert after.inclusion is not None
    assert after.inclusion.verified
    assert leaf_hash(after.body) == leaf_hash(before.body)


def test_only_votes_are_opened(auditor: Client, barbara: User, votes: list[Vote], press: WitnessedPress) -> None:
    press.add_witness("barbara.example/w1", barbara)
    press.publish(now=NOON + 2 * HOUR)
    sample = drawn(auditor, event="battles.opened")
    assert "Open the choice" not in text_of(auditor.get(f"/auditor/samples/{sample.pk}/").content)
    assert opened(auditor, sample, sample.entries.all()[0].leaf_index).status_code == 409
    assert refusals() == ["nothing-to-open"]


# --- Bad input, and who may ---


@pytest.mark.parametrize(
    "bad",
    [
        {"event": "<script>"},
        {"event": ""},
        {"since": "yesterday"},
        {"since": "2026-09-14T13:00:00"},
        {"until": ""},
        {"number": "0"},
        {"number": "-1"},
        {"number": "1e9"},
        {"number": "99999999999999999999"},
        {"cosignature": "a signature"},
        {"cosignature": "— name " + "A" * 5000},
    ],
)
def test_what_cannot_be_drawn_is_explained(auditor: Client, bad: dict[str, str]) -> None:
    answer = ask(auditor, **bad)
    assert answer.status_code == 422
    assert "Please look at this again" in text_of(answer.content)
    assert not Entry.objects.filter(event="web.sample_asked_for").exists()


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUDITOR])
def test_no_other_role_draws(client: Client, role: Role) -> None:
    client.force_login(make_person("joan", role))
    for answer in (client.get("/auditor/samples/"), ask(client), client.get("/auditor/samples/1/")):
        assert answer.status_code == 403
    assert not Entry.objects.filter(event__startswith="web.").exists()


def test_two_draws_at_once_make_one_sample(barbara: User, votes: list[Vote], press: WitnessedPress) -> None:
    """The lock is held by the first until it commits; the second then finds its period taken."""
    press.add_witness("barbara.example/w1", barbara)
    press.publish(now=NOON + 2 * HOUR)
    start = Barrier(2)

    def once(until: str) -> int:
        client = Client()
        client.force_login(barbara)
        start.wait()
        try:
            status: int = ask(client, until=until).status_code
            return status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(once, ["2026-09-14T13:00:00", "2026-09-14T13:30:00"])) == [302, 409]
    assert Sample.objects.count() == 1
