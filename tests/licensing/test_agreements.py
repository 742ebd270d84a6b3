"""Texts of the agreement, and the yes of a named person to exactly one of them."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from apps.accounts.models import User
from apps.audit.domain.refusal import NotPermitted
from apps.licensing.events import LicenseeEvent
from apps.licensing.models import Agreement, AgreementText
from apps.licensing.services import (
    AlreadyPublished,
    LicenseeSuspended,
    NoAgreement,
    NotTheCurrentText,
    Signatory,
    UnfitPurposes,
    UnfitWords,
    accept_agreement,
    add_licensee,
    end_agreement,
    offer_terms,
    publish_agreement_text,
    record_signed_agreement,
    suspend_licensee,
)
from tests.conftest import NOON
from tests.licensing.offered import proved
from tests.licensing.partners import LATER, TEXT, Partner, partner, published
from tests.organizations.test_register import registered
from tests.trails import facts_about, trail_of

SIGNED = Signatory("Ingrid Dahl", "Head of research")


@pytest.fixture
def university(margaret: User) -> Partner:
    """A university whose Ingrid has agreed."""
    return partner(margaret)


def test_a_text_gets_the_next_number_and_the_hash_of_its_words(margaret: User) -> None:
    first = published(margaret)
    second = publish_agreement_text(
        actor=margaret.as_actor(), title="Terms", text="One.\r\nTwo.  \r\n", valid_days=30, now=NOON
    )
    assert (first.version, second.version) == (1, 2)
    assert second.text == "One.\nTwo."
    assert second.sha256 == hashlib.sha256(b"One.\nTwo.").hexdigest()
    assert trail_of(second) == [LicenseeEvent.TEXT_PUBLISHED]
    assert facts_about(second) == {"version": 2, "text_digest": second.sha256, "valid_days": 30}


@pytest.mark.parametrize("text", ["", "   \n", "a\x00b", "a\u202eb", "x" * 100_001])
def test_what_nobody_can_read_is_no_text(margaret: User, text: str) -> None:
    with pytest.raises(UnfitWords):
        publish_agreement_text(actor=margaret.as_actor(), title="Terms", text=text, now=NOON)
    for days in (0, 1831):
        with pytest.raises(UnfitWords):
            publish_agreement_text(actor=margaret.as_actor(), title="Terms", text="x", valid_days=days, now=NOON)


def test_the_same_words_are_no_second_version_and_only_officers_publish(margaret: User, ingrid: User) -> None:
    published(margaret)
    with pytest.raises(AlreadyPublished):
        publish_agreement_text(actor=margaret.as_actor(), title="Again", text=TEXT + "\n", now=NOON)
    with pytest.raises(NotPermitted):
        publish_agreement_text(actor=ingrid.as_actor(), title="Mine", text="Everything is allowed.", now=NOON)


def test_ingrid_agrees_by_name_and_the_log_holds_no_name(university: Partner) -> None:
    agreement = Agreement.objects.get(licensee=university.licensee)
    assert (agreement.signed_name, agreement.signed_position) == SIGNED
    assert agreement.accepted_by == university.contact
    assert agreement.expires_at == NOON + timedelta(days=365)
    assert university.licensee.agreement_sha256 == agreement.text.sha256
    assert trail_of(university.licensee) == [
        "licensing.licensee_added",
        LicenseeEvent.ACCEPTED,
        LicenseeEvent.RECIPIENT_DECLARED,
    ]
    from apps.audit.models import Entry

    for entry in Entry.objects.filter(subject=university.licensee.ref):
        assert b"Dahl" not in bytes(entry.body)


def test_what_is_accepted_must_be_what_was_read(university: Partner, margaret: User) -> None:
    old = AgreementText.objects.get()
    published(margaret, "Newer words.")
    told: dict[str, Any] = {"licensee_id": university.licensee.pk, "signatory": SIGNED, "now": LATER}
    for digest in (old.sha256, "", "0" * 64):
        with pytest.raises(NotTheCurrentText):
            accept_agreement(actor=proved(university.contact), text_sha256=digest, **told)
    newest = AgreementText.objects.get(version=2)
    again = accept_agreement(actor=proved(university.contact), text_sha256=newest.sha256, **told)
    before = Agreement.objects.exclude(pk=again.pk).get()
    assert before.ended_at == LATER
    assert Agreement.objects.get(ended_at=None) == again


def test_only_whoever_speaks_for_it_agrees_and_signs_with_name_and_position(
    university: Partner, margaret: User
) -> None:
    other = partner(margaret, "Atoll Institute", "joan")
    digest = AgreementText.objects.get().sha256
    told: dict[str, Any] = {"licensee_id": university.licensee.pk, "text_sha256": digest, "now": LATER}
    for somebody in (other.contact, margaret):
        with pytest.raises(NotPermitted):
            accept_agreement(actor=somebody.as_actor(), signatory=SIGNED, **told)
    for unfit in (Signatory("", "Head"), Signatory("Ingrid", " "), Signatory("I" * 121, "Head")):
        with pytest.raises(UnfitWords):
            accept_agreement(actor=proved(university.contact), signatory=unfit, **told)
    suspend_licensee(
        actor=margaret.as_actor(), licensee_id=university.licensee.pk, clause_number="W2", reason="Asked", now=LATER
    )
    with pytest.raises(LicenseeSuspended):
        accept_agreement(actor=proved(university.contact), signatory=SIGNED, **told)


def test_margaret_records_a_signature_on_paper(margaret: User, ingrid: User) -> None:
    licensee = add_licensee(
        actor=margaret.as_actor(),
        organization=registered("Corvid"),
        contact=None,
        purpose="Reports",
        purposes=("showdown:statistics", "DUO:0000025"),
        agreement=TEXT,
        signatory=SIGNED,
        now=NOON,
    )
    agreement = Agreement.objects.get(licensee=licensee)
    assert agreement.recorded_by == margaret
    assert agreement.accepted_by is None
    assert agreement.purposes == ["showdown:statistics", "DUO:0000025"]
    with pytest.raises(NotPermitted):
        record_signed_agreement(
            actor=ingrid.as_actor(), licensee_id=licensee.pk, text=agreement.text, signatory=SIGNED, now=NOON
        )


def test_other_terms_hold_from_the_next_agreement_on(university: Partner, margaret: User) -> None:
    offer_terms(
        actor=margaret.as_actor(),
        licensee_id=university.licensee.pk,
        purpose="Evaluation only",
        purposes=["showdown:evaluation", "DUO:0000046"],
        now=LATER,
    )
    assert Agreement.objects.get().purposes == ["DUO:0000042"]
    for unfit in ([], ["DUO:0000046"], ["DUO:0000007"], ["showdown:evaluation", "'; DROP TABLE x"]):
        with pytest.raises(UnfitPurposes):
            offer_terms(
                actor=margaret.as_actor(),
                licensee_id=university.licensee.pk,
                purpose="x",
                purposes=unfit,
                now=LATER,
            )


def test_an_agreement_ends_once_for_a_reason(university: Partner, margaret: User, ada: User) -> None:
    told: dict[str, Any] = {"licensee_id": university.licensee.pk, "now": LATER}
    with pytest.raises(NotPermitted):
        end_agreement(actor=ada.as_actor(), reason="x", **told)
    with pytest.raises(UnfitWords):
        end_agreement(actor=margaret.as_actor(), reason=" ", **told)
    end_agreement(actor=margaret.as_actor(), reason="They asked for it.", **told)
    with pytest.raises(NoAgreement):
        end_agreement(actor=margaret.as_actor(), reason="Again", **told)
    assert trail_of(university.licensee)[-1] == LicenseeEvent.ENDED
