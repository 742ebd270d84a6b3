"""Consents: each apart, to the words that were read, taken back at any time."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.contributors.domain.consent_texts import FIRST_VERSION
from apps.contributors.events import ContributorEvent
from apps.contributors.models import Consent, ConsentKind, ConsentText, Contributor, Standing
from apps.contributors.queries import NotAContributor, consents_of, contributor_of, current_texts, has_consent
from apps.contributors.services import ConsentNotGiven, WordsHaveChanged, give_consent, withdraw_consent
from tests.conftest import NOON
from tests.contributors.applicants import agree
from tests.trails import facts_about, trail_of

LATER = NOON + timedelta(days=3)


def newer(kind: ConsentKind, *, language: str = "en") -> ConsentText:
    return ConsentText.objects.create(
        kind=kind, version=2, language=language, title="Newer", text="Newer words", sha256="1" * 64
    )


def test_the_first_words_are_in_the_database_with_their_hashes(db: None) -> None:
    stored = {(text.kind, text.sha256) for text in ConsentText.objects.all()}
    assert stored == {(words.kind, words.sha256) for words in FIRST_VERSION}


def test_ada_takes_licensing_back_and_stays(ada: User) -> None:
    consent = withdraw_consent(actor=ada.as_actor(), kind=ConsentKind.LICENSING, now=LATER)
    contributor = contributor_of(ada.as_actor())
    assert not has_consent(contributor, ConsentKind.LICENSING)
    assert has_consent(contributor, ConsentKind.PUBLICATION)
    assert trail_of(consent) == [ContributorEvent.CONSENT_WITHDRAWN]
    facts = facts_about(consent)
    assert (facts["kind"], facts["version"], facts["language"]) == ("licensing", 1, "en")
    assert facts["text_hash"] == consent.text.sha256


def test_what_was_taken_back_cannot_be_taken_back_again(ada: User) -> None:
    consent = withdraw_consent(actor=ada.as_actor(), kind=ConsentKind.LICENSING, now=NOON)
    with pytest.raises(ConsentNotGiven):
        withdraw_consent(actor=ada.as_actor(), kind=ConsentKind.LICENSING, now=LATER)
    consent.refresh_from_db()
    assert consent.withdrawn_at == NOON


def test_a_consent_can_be_given_again_and_the_history_keeps_both(ada: User) -> None:
    withdraw_consent(actor=ada.as_actor(), kind=ConsentKind.LICENSING, now=NOON)
    text = current_texts(language="en")[ConsentKind.LICENSING]
    again = give_consent(actor=ada.as_actor(), text_id=text.pk, now=LATER)
    licensing = consents_of(contributor_of(ada.as_actor()), language="en")[2]
    assert licensing.given == again
    assert [consent.withdrawn_at for consent in licensing.history] == [None, NOON]


def test_agreeing_twice_is_one_consent_and_one_entry(ada: User) -> None:
    text = current_texts(language="en")[ConsentKind.LICENSING]
    withdraw_consent(actor=ada.as_actor(), kind=ConsentKind.LICENSING, now=NOON)
    first = give_consent(actor=ada.as_actor(), text_id=text.pk, now=NOON)
    assert give_consent(actor=ada.as_actor(), text_id=text.pk, now=LATER) == first
    assert trail_of(first) == [ContributorEvent.CONSENT_GIVEN]


def test_who_takes_back_taking_part_leaves_and_can_return(ada: User) -> None:
    withdraw_consent(actor=ada.as_actor(), kind=ConsentKind.PARTICIPATION, now=NOON)
    with pytest.raises(NotAContributor):
        contributor_of(ada.as_actor())
    assert ada.roles_held() == frozenset()
    agree(ada, ConsentKind.PARTICIPATION)
    contributor = contributor_of(ada.as_actor())
    assert ada.roles_held() == {Role.CONTRIBUTOR}
    assert trail_of(contributor) == [ContributorEvent.LEFT, ContributorEvent.RETURNED]


def test_a_suspension_survives_leaving_and_returning(ada: User) -> None:
    Contributor.objects.filter(account=ada).update(standing=Standing.SUSPENDED)
    withdraw_consent(actor=ada.as_actor(), kind=ConsentKind.PARTICIPATION, now=NOON)
    agree(ada, ConsentKind.PARTICIPATION)
    assert Contributor.objects.get(account=ada).standing == Standing.SUSPENDED


def test_nobody_agrees_to_words_that_have_been_replaced(ada: User) -> None:
    withdraw_consent(actor=ada.as_actor(), kind=ConsentKind.LICENSING, now=NOON)
    old = current_texts(language="en")[ConsentKind.LICENSING]
    newer(ConsentKind.LICENSING)
    with pytest.raises(WordsHaveChanged):
        give_consent(actor=ada.as_actor(), text_id=old.pk, now=LATER)
    with pytest.raises(WordsHaveChanged):
        give_consent(actor=ada.as_actor(), text_id=2**40, now=LATER)


def test_agreeing_to_newer_words_ends_the_older_consent(ada: User) -> None:
    contributor = contributor_of(ada.as_actor())
    newest = newer(ConsentKind.LICENSING)
    assert consents_of(contributor, language="en")[2].is_of_older_words
    give_consent(actor=ada.as_actor(), text_id=newest.pk, now=LATER)
    licensing = consents_of(contributor, language="en")[2]
    assert not licensing.is_of_older_words
    assert [consent.text.version for consent in licensing.history] == [2, 1]


def test_a_translation_is_shown_only_when_it_is_as_new(db: None) -> None:
    first = ConsentText.objects.create(
        kind=ConsentKind.LICENSING, version=1, language="pt-br", title="Velho", text="Velho", sha256="2" * 64
    )
    assert current_texts(language="pt-br")[ConsentKind.LICENSING] == first
    english = newer(ConsentKind.LICENSING)
    assert current_texts(language="pt-br")[ConsentKind.LICENSING] == english
    translated = newer(ConsentKind.LICENSING, language="pt-br")
    assert current_texts(language="pt-br")[ConsentKind.LICENSING] == translated


def test_the_database_keeps_one_consent_of_a_kind(ada: User) -> None:
    contributor = contributor_of(ada.as_actor())
    given = contributor.consents.get(kind=ConsentKind.LICENSING)
    with pytest.raises(IntegrityError), transaction.atomic():
        Consent.objects.create(contributor=contributor, text=given.text, kind=given.kind, given_at=LATER)


def test_a_withdrawn_consent_is_not_taken_up_again_with_plain_sql(ada: User) -> None:
    consent = Consent.objects.filter(contributor__account=ada, kind=ConsentKind.LICENSING).get()
    Consent.objects.filter(pk=consent.pk).update(withdrawn_at=NOON)
    with pytest.raises(IntegrityError, match="not taken up again"), transaction.atomic():
        Consent.objects.filter(pk=consent.pk).update(withdrawn_at=None)
