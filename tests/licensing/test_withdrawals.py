"""Somebody takes their words back: the rows leave, whoever has them is told, and must answer."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from apps.accounts.models import InboxMessage, User
from apps.audit.models import Entry
from apps.battles.services import exclude_votes
from apps.contributors.models import Consent, ConsentKind, ConsentText, Contributor
from apps.contributors.services import give_consent, withdraw_consent
from apps.licensing.domain.notice import next_batch
from apps.licensing.events import LicenseeEvent, LicensingEvent
from apps.licensing.flows import withdrawing
from apps.licensing.flows.withdrawing import tend_withdrawals
from apps.licensing.gateways import SilentPost
from apps.licensing.models import (
    Letter,
    Licensee,
    Notice,
    NoticeRow,
    ReleaseItem,
    Suspension,
    Tombstone,
    TombstoneReason,
)
from apps.licensing.services.notices import (
    AlreadyAcknowledged,
    NobodyNamed,
    NotYourNotice,
    acknowledge_notice,
)
from apps.licensing.services.suspending import suspend_licensee
from apps.licensing.services.tombstones import NotWithdrawable, take_back_rows_of, withdraw_release
from apps.prompts.models import Prompt
from apps.prompts.services import withdraw_prompt
from tests.licensing.mail_server import MailServer, mail_server
from tests.licensing.offered import proved
from tests.licensing.opened import PLATFORM, TABLE, Opened
from tests.trails import facts_about, trail_of

pytestmark = pytest.mark.committed


@pytest.fixture
def mails() -> Iterator[MailServer]:
    """A mail server of the test's own."""
    with mail_server() as server:
        yield server


def clock(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def tend(moment: datetime | None = None, **more: Any) -> withdrawing.Tended:
    return tend_withdrawals(actor=PLATFORM, clock=clock(moment or timezone.now()), **more)


def take_consent_back(person: User) -> None:
    withdraw_consent(actor=person.as_actor(), kind=ConsentKind.LICENSING, now=timezone.now())


def reasons() -> dict[str, int]:
    return dict(Counter(Tombstone.objects.values_list("reason", flat=True)))


def events(kind: LicensingEvent) -> int:
    return Entry.objects.filter(event=kind).count()


def test_ada_takes_her_consent_back_and_ingrid_deletes_the_rows(opened: Opened, mails: MailServer, ada: User) -> None:
    opened.fetch()
    names = set(pq.read_table(opened.folder / TABLE)["row"].to_pylist())
    take_consent_back(ada)
    assert tend() == (3, 3, 0, 0)
    assert reasons() == {"consent": 3}
    # The same again finds nothing to do, and the month's notice is not due.
    assert tend() == (0, 0, 0, 0)
    assert tend(next_batch(timezone.now()) - timedelta(seconds=1)) == (0, 0, 0, 0)
    first = next_batch(timezone.now())
    assert tend(first) == (0, 0, 1, 1)
    assert tend(first) == (0, 0, 0, 0)

    notice = Notice.objects.get()
    assert (notice.number, notice.rows, notice.is_urgent) == (1, 3, False)
    assert notice.due_at == first + timedelta(days=30)
    told = json.loads(notice.document)
    assert told["releases"] == [{"number": opened.edition.release_id, "rows": sorted(names)}]
    facts = Entry.objects.get(event=LicensingEvent.NOTICE_ISSUED).facts
    assert facts["notice_digest"] == hashlib.sha256(notice.document.encode()).hexdigest() == notice.sha256
    assert (facts["licensee"], facts["counter"]) == (opened.world.licensee.ref, 1)

    (mail,) = mails.mails
    assert (mail["To"], mail["Subject"]) == ("ingrid@demo.example", "Notice 1: rows to delete")
    body = mail.get_content()
    assert f"/releases/mine/notices/{notice.pk}/" in body
    assert notice.sha256 in body
    assert InboxMessage.objects.filter(recipient=opened.contact, subject__startswith="Notice 1").count() == 1
    # Nothing that leaves says whose the rows were, or why they were taken back.
    everything = (notice.document + body).lower()
    for word in ("ada", "mallory", ada.pseudonym, "consent", str(ada.contributor.voter_id)):
        assert word not in everything

    acknowledge_notice(actor=opened.contact.as_actor(), notice_id=notice.pk, name=" Ingrid  Aas ", now=first)
    notice.refresh_from_db()
    assert (notice.acknowledged_name, notice.acknowledged_by) == ("Ingrid Aas", opened.contact.pseudonym)
    assert trail_of(notice) == [
        LicensingEvent.NOTICE_ISSUED,
        LicensingEvent.NOTICE_SENT,
        LicensingEvent.NOTICE_ACKNOWLEDGED,
    ]
    # Nobody presses who was answered.
    assert tend(notice.suspends_at + timedelta(days=1)) == (0, 0, 0, 0)
    assert Licensee.objects.get().suspended_at is None


def test_each_reason_takes_its_rows_back_once_and_for_good(
    opened: Opened, ada: User, mallory: User, grace: User
) -> None:
    world = opened.world
    prompt = Prompt.objects.get()
    withdraw_prompt(actor=ada.as_actor(), prompt=prompt, clause=None, now=timezone.now())
    tend()
    assert reasons() == {"prompt": 3}
    world.owner.execute("DELETE FROM licensing_tombstone")
    world.rewritten("prompts_prompt", "UPDATE prompts_prompt SET state = 'approved', decided_clause = 'P1'")
    voter = Contributor.objects.get(account=mallory)
    exclude_votes(actor=grace.as_actor(), contributor=voter, clause="I1", now=timezone.now())
    tend()
    assert reasons() == {"vote": 3}
    world.owner.execute("DELETE FROM licensing_tombstone")
    world.owner.execute("UPDATE battles_vote SET excluded_under = '', excluded_at = NULL")
    take_consent_back(mallory)
    tend()
    assert reasons() == {"consent": 3}
    # Given again, it brings nothing back.
    text = ConsentText.objects.get(kind=ConsentKind.LICENSING, version=Consent.objects.latest("pk").text.version)
    give_consent(actor=mallory.as_actor(), text_id=text.pk, now=timezone.now())
    assert tend().taken_back == 0
    assert reasons() == {"consent": 3}
    assert events(LicensingEvent.ROWS_TAKEN_BACK) == 3
    assert Entry.objects.filter(event=LicensingEvent.ROWS_TAKEN_BACK).latest("pk").facts["reasons"] == {"consent": 3}
    # Nobody had received anything, so nobody is owed anything; and the database keeps a tombstone as it is.
    assert NoticeRow.objects.count() == 0
    with pytest.raises(DatabaseError), transaction.atomic():
        Tombstone.objects.update(reason=TombstoneReason.VOTE)


def test_an_erasure_is_told_at_once_and_names_nobody(opened: Opened, ada: User) -> None:
    opened.fetch()
    post = SilentPost()
    author = Contributor.objects.get(account=ada)
    pseudonym = ada.pseudonym
    with transaction.atomic():
        assert take_back_rows_of(actor=PLATFORM, contributor_id=author.pk, now=timezone.now()) == 3
        Contributor.objects.filter(pk=author.pk).update(account=None)
    assert take_back_rows_of(actor=PLATFORM, contributor_id=author.pk, now=timezone.now()) == 0
    assert tend(post=post) == (0, 3, 1, 1)
    notice = Notice.objects.get()
    assert notice.is_urgent
    assert notice.due_at == notice.issued_at + timedelta(days=5)
    assert post.sent[0][1] == "Urgent: notice 1, rows to delete"
    assert set(Tombstone.objects.values_list("reason", "is_urgent")) == {("erased", True)}
    bodies = [bytes(entry.body) for entry in Entry.objects.filter(event__startswith="licensing.")]
    assert not any(pseudonym.encode() in body or author.ref.encode() in body for body in bodies)


def test_an_account_that_is_gone_is_found_and_makes_what_waits_urgent(opened: Opened, ada: User) -> None:
    opened.fetch()
    take_consent_back(ada)
    assert tend().issued == 0
    Contributor.objects.filter(account=ada).update(account=None)
    assert tend(post=SilentPost()).issued == 1
    assert Notice.objects.get().is_urgent


def test_silence_is_followed_by_a_reminder_the_officers_and_a_suspension(
    opened: Opened, mails: MailServer, ada: User
) -> None:
    opened.fetch()
    take_consent_back(ada)
    start = next_batch(timezone.now())
    tend()
    tend(start)
    notice = Notice.objects.get()
    for days, to_ingrid, to_margaret in ((22, 1, 0), (23, 2, 0), (29, 2, 0), (30, 3, 1), (43, 3, 1), (44, 4, 2)):
        for _twice in range(2):
            tend(start + timedelta(days=days))
        assert len(mails.to("ingrid@demo.example")) == to_ingrid, days
        assert len(mails.to("margaret@demo.example")) == to_margaret, days
    licensee = Licensee.objects.get()
    assert licensee.suspended_at == start + timedelta(days=44)
    # One entry, and one word to each: a suspension that follows silence is told as that and not a second time.
    assert trail_of(licensee)[-1] == LicensingEvent.SUSPENDED_FOR_SILENCE
    assert LicenseeEvent.SUSPENDED not in trail_of(licensee)
    assert facts_about(licensee)["was_suspended"] is False
    suspension = Suspension.objects.get()
    assert (suspension.clause, suspension.licensee) == ("W11", licensee)
    assert opened.contact.inbox.filter(created_at__gte=start + timedelta(days=44)).count() == 1
    assert mails.to("margaret@demo.example") == [
        "Overdue: notice 1 to Meridian University",
        "Suspended: Meridian University has not answered notice 1",
    ]
    assert [event for event in trail_of(notice) if event != LicensingEvent.NOTICE_SENT] == [
        LicensingEvent.NOTICE_ISSUED,
        LicensingEvent.NOTICE_REMINDED,
        LicensingEvent.NOTICE_OVERDUE,
    ]
    # A late answer is an answer; the suspension is lifted by an officer.
    late = start + timedelta(days=50)
    acknowledge_notice(actor=opened.contact.as_actor(), notice_id=notice.pk, name="Ingrid Aas", now=late)
    assert facts_about(notice)["in_time"] is False
    assert Licensee.objects.get().suspended_at is not None


def test_a_look_that_comes_late_says_the_last_thing_alone(opened: Opened, mails: MailServer, ada: User) -> None:
    opened.fetch()
    take_consent_back(ada)
    start = next_batch(timezone.now())
    tend()
    tend(start)
    # Nobody looked for two months: no reminder and no word of a deadline is sent beside the suspension.
    for _twice in range(2):
        tend(start + timedelta(days=60))
    assert len(mails.to("ingrid@demo.example")) == 2
    assert mails.to("margaret@demo.example") == ["Suspended: Meridian University has not answered notice 1"]
    notice = Notice.objects.get()
    assert (notice.reminded_at, notice.escalated_at) == (None, None)
    assert [event for event in trail_of(notice) if event != LicensingEvent.NOTICE_SENT] == [
        LicensingEvent.NOTICE_ISSUED
    ]


def test_silence_of_somebody_suspended_already_stops_no_look(opened: Opened, ada: User) -> None:
    opened.fetch()
    take_consent_back(ada)
    start = next_batch(timezone.now())
    tend()
    tend(start, post=SilentPost())
    suspend_licensee(
        actor=opened.officer.as_actor(),
        licensee_id=Licensee.objects.get().pk,
        clause_number="W11",
        reason="They asked for it.",
        now=timezone.now(),
    )
    # A row without its mark, as a person at the database may leave it.
    Licensee.objects.update(suspended_at=None)
    for _twice in range(2):
        tend(start + timedelta(days=60), post=SilentPost())
    assert Notice.objects.get().suspended_at is not None
    assert Suspension.objects.count() == 1


class Killed(BaseException):
    """The process is gone."""


def test_killed_anywhere_the_next_look_does_the_rest_and_nothing_twice(
    opened: Opened, mails: MailServer, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.fetch()
    take_consent_back(ada)
    moment = next_batch(timezone.now())

    def killed(*_arguments: Any, **_told: Any) -> Any:
        raise Killed

    steps = ["owe_rows", "issue_notice", "press_notice", "claim_letter", "confirm_letter"]
    tend()
    for step in steps:
        with monkeypatch.context() as patch:
            patch.setattr(withdrawing, step, killed)
            with pytest.raises(Killed):
                tend(moment)
    # The mail was handed over and its confirmation lost: it goes again, and the same Message-ID says so.
    assert tend(moment).mailed == 0
    assert tend(moment + timedelta(minutes=3)).mailed == 1
    assert (Notice.objects.count(), NoticeRow.objects.count(), Letter.objects.count()) == (1, 3, 1)
    assert len({mail["Message-ID"] for mail in mails.mails}) == 1
    assert len(mails.mails) == 2
    assert events(LicensingEvent.NOTICE_ISSUED) == events(LicensingEvent.NOTICE_SENT) == 1


def test_a_mail_server_that_is_busy_or_gone_loses_no_letter(opened: Opened, mails: MailServer, ada: User) -> None:
    opened.fetch()
    take_consent_back(ada)
    moment = next_batch(timezone.now())
    tend()
    mails.is_busy = True
    assert tend(moment).mailed == 0
    assert tend(moment).mailed == 0
    assert Letter.objects.get().tries == 1
    mails.is_busy = False
    assert tend(moment + timedelta(hours=1)).mailed == 1
    assert Letter.objects.get().sent_at is not None


def test_only_whoever_is_addressed_answers_once_and_by_name(opened: Opened, ada: User, margaret: User) -> None:
    opened.fetch()
    take_consent_back(ada)
    tend()
    moment = next_batch(timezone.now())
    tend(moment, post=SilentPost())
    notice = Notice.objects.get()

    def answer(person: User, name: str) -> None:
        acknowledge_notice(actor=person.as_actor(), notice_id=notice.pk, name=name, now=moment)

    for person in (ada, margaret):
        with pytest.raises(NotYourNotice):
            answer(person, "Somebody")
    for name in ("", "  ", "a" * 121, "A\x00B"):
        with pytest.raises(NobodyNamed):
            answer(opened.contact, name)
    answer(opened.contact, "Ingrid Aas")
    with pytest.raises(AlreadyAcknowledged):
        answer(opened.contact, "Ingrid Aas")
    for change in ({"acknowledged_name": "Mallory"}, {"acknowledged_at": None}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Notice.objects.filter(pk=notice.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        NoticeRow.objects.update(notice=None)


def test_a_release_is_withdrawn_whole(opened: Opened, ada: User) -> None:
    opened.fetch()
    officer, number = proved(opened.officer), opened.edition.release_id
    release = withdraw_release(actor=officer, release_id=number, is_urgent=True, now=timezone.now())
    assert reasons() == {"release": 3}
    assert trail_of(release)[-1] == LicensingEvent.WITHDRAWN
    opened.edition.offer.refresh_from_db()
    assert opened.edition.offer.state == "withdrawn"
    # Its battles stay where they are: released for good.
    assert ReleaseItem.objects.filter(release=number).count() == 3
    with pytest.raises(NotWithdrawable):
        withdraw_release(actor=officer, release_id=number, is_urgent=True, now=timezone.now())
    assert tend(post=SilentPost()) == (0, 3, 1, 1)
    assert Notice.objects.get().is_urgent


def test_two_looks_at_once_issue_one_notice(opened: Opened, ada: User) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connections

    opened.fetch()
    take_consent_back(ada)
    moment = next_batch(timezone.now())

    def look(_number: int) -> None:
        try:
            tend(moment - timedelta(days=1), post=SilentPost())
            tend(moment, post=SilentPost())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(look, range(4)))
    assert (Notice.objects.count(), NoticeRow.objects.count(), Letter.objects.count()) == (1, 3, 1)
    assert events(LicensingEvent.NOTICE_ISSUED) == 1
    assert events(LicensingEvent.ROWS_TAKEN_BACK) == 1
