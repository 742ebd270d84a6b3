"""Ada has herself erased: her name, her words and her secrets go; counts, proofs and other people's votes stay."""

from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from apps.accounts.domain.roles import Role
from apps.accounts.models import InboxMessage, User
from apps.accounts.services import StillInOffice, grant_role, notify
from apps.audit.models import Entry, Salt
from apps.audit.services import ReauthenticationNeeded
from apps.battles.models import Vote
from apps.contributors.events import ContributorEvent
from apps.contributors.models import Contributor, DemographicClaim
from apps.contributors.services import ErasedBefore
from apps.licensing.flows.withdrawing import tend_withdrawals
from apps.licensing.models import Notice, Tombstone
from apps.prompts.models import Prompt, PromptSignature
from apps.web.checks import who_was_erased_stays_so
from apps.web.queries.erased import erased_who_came_back
from apps.web.services import NotConfirmed, NotYourself, erase_contributor
from tests.conftest import PASSWORD
from tests.licensing.offered import proved
from tests.licensing.opened import PLATFORM, Opened
from tests.licensing.races import weakened
from tests.licensing.test_offer_pages import sign_in_just_now
from tests.licensing.world import SYSTEM, World

pytestmark = pytest.mark.committed


def test_ada_is_erased_and_ingrid_is_told_at_once(opened: Opened, ada: User, mallory: User) -> None:
    opened.fetch()
    her = opened.world.authors_id
    notify(actor=SYSTEM, recipient=ada, subject="Hello", body="Dear Ada", now=timezone.now())
    before = list(Entry.objects.order_by("pk").values_list("pk", "body"))
    signatures = PromptSignature.objects.count()

    erased = erase_contributor(actor=proved(ada), contributor_id=her, now=timezone.now())
    assert (erased.prompts, erased.rows_taken_back) == (1, 3)

    # Her name and her ways in.
    ada.refresh_from_db()
    assert (ada.is_active, ada.has_usable_password(), ada.display_name) == (False, False, "")
    assert ada.email == f"{ada.pseudonym}@erased.invalid"
    assert not Client().login(username="ada@demo.example", password=PASSWORD)
    assert not InboxMessage.objects.filter(recipient=ada).exists()
    contributor = Contributor.objects.get(pk=her)
    assert (contributor.account_id, contributor.standing) == (None, "left")
    assert not DemographicClaim.objects.filter(contributor=her).exists()
    assert not contributor.consents.filter(withdrawn_at=None).exists()
    # Her words, and not their fingerprint.
    assert set(Prompt.objects.filter(author=her).values_list("text", "state")) == {("", "withdrawn")}
    assert PromptSignature.objects.count() == signatures
    assert not Salt.objects.filter(subject__in=[prompt.ref for prompt in Prompt.objects.filter(author=her)]).exists()
    # Somebody else's votes on them stay as they were cast.
    assert set(Vote.objects.filter(contributor=mallory.contributor).values_list("country", flat=True)) == {"BR"}
    # Whoever has the rows is told at once, with a deadline; and nothing in the log has moved.
    assert set(Tombstone.objects.values_list("reason", "is_urgent")) == {("erased", True)}
    tend_withdrawals(actor=PLATFORM)
    notice = Notice.objects.get()
    assert (notice.is_urgent, notice.rows, (notice.due_at - notice.issued_at).days) == (True, 3, 5)
    assert list(Entry.objects.order_by("pk").values_list("pk", "body"))[: len(before)] == before
    entry = Entry.objects.get(event=ContributorEvent.ERASED)
    assert "ada" not in str(entry.facts).lower()
    with pytest.raises(ErasedBefore):
        erase_contributor(actor=SYSTEM, contributor_id=her, now=timezone.now())


def test_a_voter_s_ballots_keep_their_choice_and_tell_nothing_of_them(world: World, mallory: User) -> None:
    world.sky(battles=2)
    before = set(Vote.objects.values_list("pk", "choice", "public_id", "nonce", "commitment"))
    erased = erase_contributor(actor=proved(mallory), contributor_id=world.voters_id, now=timezone.now())
    assert erased.votes == 2
    assert set(Vote.objects.values_list("pk", "choice", "public_id", "nonce", "commitment")) == before
    assert set(Vote.objects.values_list("country", "profession", "age_band", "education")) == {("", "", "", "")}


def test_only_the_person_proved_and_sure_erases_them(world: World, ada: User, mallory: User, margaret: User) -> None:
    her, now = world.authors_id, timezone.now()
    for somebody in (mallory, margaret):
        with pytest.raises(NotYourself):
            erase_contributor(actor=proved(somebody), contributor_id=her, now=now)
    with pytest.raises(ReauthenticationNeeded):
        erase_contributor(actor=ada.as_actor(), contributor_id=her, now=now)
    with pytest.raises(NotConfirmed):
        erase_contributor(actor=proved(ada), contributor_id=her, is_confirmed=False, now=now)
    grant_role(actor=SYSTEM, user=ada, role=Role.MODERATOR, now=now)
    with pytest.raises(StillInOffice):
        erase_contributor(actor=proved(ada), contributor_id=her, now=now)
    assert Contributor.objects.get(pk=her).account_id == ada.pk


def test_nobody_s_words_go_while_they_have_an_account(world: World, app: psycopg.Connection[Any], ada: User) -> None:
    world.sky()
    with pytest.raises(psycopg.errors.RestrictViolation, match="has an account"):
        app.execute("SELECT erase_words_of(%s)", [world.authors_id])
    for attack in (
        "UPDATE prompts_prompt SET text = ''",
        "UPDATE battles_vote SET country = ''",
        "UPDATE battles_turn SET text = '-'",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(attack.encode())
    # Behind the function is the trigger, which asks the same.
    weakened(world.owner, "erase_words_of(bigint)", ("NOT contributor_is_erased(of_contributor)", "false"))
    with pytest.raises(psycopg.errors.RestrictViolation, match="stay as they were handed in"):
        app.execute("SELECT erase_words_of(%s)", [world.authors_id])
    assert Prompt.objects.get().text


def test_a_backup_that_brings_ada_back_erases_her_again_before_it_serves(world: World, ada: User) -> None:
    world.sky()
    erase_contributor(actor=proved(ada), contributor_id=world.authors_id, now=timezone.now())
    assert who_was_erased_stays_so(databases=["default"]) == []
    # What a restored backup does: her rows are there as they were, and log_recover has put the newer entries back.
    world.owner.execute("UPDATE contributors_contributor SET account_id = %s WHERE id = %s", [ada.pk, world.authors_id])
    world.owner.execute("UPDATE accounts_user SET is_active = true, email = 'ada@demo.example' WHERE id = %s", [ada.pk])
    world.rewritten("prompts_prompt", "UPDATE prompts_prompt SET text = 'Why is the sky blue?'")
    (wrong,) = who_was_erased_stays_so(databases=["default"])
    assert (wrong.id, "erase_again" in str(wrong.hint)) == ("web.E001", True)
    told = StringIO()
    call_command("erase_again", stdout=told)
    assert told.getvalue() == "1 people whom the backup had brought back are erased again.\n"
    assert Prompt.objects.get().text == ""
    assert not User.objects.filter(email="ada@demo.example").exists()
    assert who_was_erased_stays_so(databases=["default"]) == []
    # Whoever joined later under the same number is somebody else.
    world.owner.execute(
        "UPDATE contributors_contributor SET account_id = %s, joined_at = now() + interval '1 hour' WHERE id = %s",
        [ada.pk, world.authors_id],
    )
    assert erased_who_came_back() == []


def test_the_page_says_what_goes_and_what_stays(world: World, ada: User, client: Client) -> None:
    client.force_login(ada)
    assert "reauthenticate" in client.get("/my-words/erase/")["Location"]
    sign_in_just_now(client, ada)
    page = client.get("/my-words/erase/").content.decode()
    for words in ("What goes", "What stays", "every proof stays valid"):
        assert words in page
    refused = client.post("/my-words/erase/")
    assert (refused.status_code, "Nothing was erased" in refused.content.decode()) == (409, True)
    assert Contributor.objects.get(pk=world.authors_id).account_id == ada.pk
    answer = client.post("/my-words/erase/", {"for_good": "yes"})
    assert "You are erased" in answer.content.decode()
    assert client.get("/my-words/erase/").status_code == 302
    assert Contributor.objects.get(pk=world.authors_id).account_id is None
