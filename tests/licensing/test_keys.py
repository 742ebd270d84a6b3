"""Keys of the API: shown once, kept as a hash, and open only while their maker speaks for the licensee."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.refusal import NotPermitted
from apps.audit.models import Entry
from apps.licensing.domain.keys import MalformedKey, read_key
from apps.licensing.events import LicenseeEvent
from apps.licensing.models import LicenseeKey
from apps.licensing.services import (
    AlreadyRevoked,
    LicenseeSuspended,
    NotYourKey,
    TooManyKeys,
    UnfitKey,
    UnfitTerm,
    UnfitWords,
    licensee_of_key,
    make_key,
    name_contact,
    note_use,
    revoke_key,
    suspend_licensee,
)
from tests.licensing.offered import proved
from tests.licensing.partners import LATER, Partner, partner
from tests.trails import trail_of


@pytest.fixture
def university(margaret: User) -> Partner:
    """A university with everything in order."""
    return partner(margaret)


def test_a_key_is_shown_once_and_kept_as_a_hash(university: Partner) -> None:
    made = university.keyed(now=timezone.now())
    parts = read_key(made.text)
    assert licensee_of_key(parts.prefix, parts.secret).licensee == university.licensee
    row = LicenseeKey.objects.values().get()
    assert parts.secret not in str(row)
    assert all(parts.secret.encode() not in bytes(entry.body) for entry in Entry.objects.all())
    assert trail_of(university.licensee)[-1] == LicenseeEvent.KEY_MADE


@pytest.mark.parametrize("text", ["", "sd_", "sd_x_y", "sd_" + "0" * 12 + "_" + "0" * 63, "x" * 9000, "sd_\x00"])
def test_what_is_no_key_is_malformed(text: str) -> None:
    with pytest.raises(MalformedKey):
        read_key(text)


def test_a_wrong_secret_or_name_opens_nothing(university: Partner) -> None:
    parts = read_key(university.keyed(now=timezone.now()).text)
    for prefix, secret in ((parts.prefix, "0" * 64), ("0" * 12, parts.secret), (parts.secret[:12], parts.prefix)):
        with pytest.raises(UnfitKey):
            licensee_of_key(prefix, secret)


def test_it_expires_by_the_databases_clock(university: Partner) -> None:
    old = read_key(university.keyed(now=timezone.now() - timedelta(days=91)).text)
    with pytest.raises(UnfitKey):
        licensee_of_key(old.prefix, old.secret, at=timezone.now() - timedelta(days=90, hours=1))
    new = read_key(university.keyed(now=timezone.now()).text)
    with pytest.raises(UnfitKey):
        licensee_of_key(new.prefix, new.secret, at=timezone.now() + timedelta(days=91))


def test_a_revoked_key_opens_nothing_and_stays_revoked(university: Partner, margaret: User) -> None:
    made = university.keyed(now=timezone.now())
    other = partner(margaret, "Atoll Institute", "joan")
    with pytest.raises(NotYourKey):
        revoke_key(actor=other.contact.as_actor(), key_id=made.key.pk, now=LATER)
    revoke_key(actor=university.contact.as_actor(), key_id=made.key.pk, now=LATER)
    with pytest.raises(AlreadyRevoked):
        revoke_key(actor=margaret.as_actor(), key_id=made.key.pk, now=LATER)
    parts = read_key(made.text)
    with pytest.raises(UnfitKey):
        licensee_of_key(parts.prefix, parts.secret)


def test_it_goes_with_whoever_made_it(university: Partner, margaret: User) -> None:
    parts = read_key(university.keyed(now=timezone.now()).text)
    university.contact.role_grants.update(ended_at=LATER)
    with pytest.raises(UnfitKey):
        licensee_of_key(parts.prefix, parts.secret)
    university.contact.role_grants.update(ended_at=None)
    licensee_of_key(parts.prefix, parts.secret)
    name_contact(actor=proved(margaret), licensee_id=university.licensee.pk, contact=None, now=LATER)
    with pytest.raises(UnfitKey):
        licensee_of_key(parts.prefix, parts.secret)


def test_who_makes_one_and_how_many(university: Partner, margaret: User, ada: User) -> None:
    told: dict[str, Any] = {"licensee_id": university.licensee.pk, "name": "x", "days": 1, "now": LATER}
    for somebody in (margaret, ada):
        with pytest.raises(NotPermitted):
            make_key(actor=somebody.as_actor(), **told)
    for days in (0, 366):
        with pytest.raises(UnfitTerm):
            university.keyed(days=days)
    with pytest.raises(UnfitWords):
        university.keyed(name="")
    for _number in range(10):
        university.keyed()
    with pytest.raises(TooManyKeys):
        university.keyed()
    suspend_licensee(
        actor=margaret.as_actor(), licensee_id=university.licensee.pk, clause_number="W2", reason="x", now=LATER
    )
    with pytest.raises(LicenseeSuspended):
        university.keyed()


def test_its_last_use_is_kept_to_the_minute(university: Partner) -> None:
    key = university.keyed().key
    for seconds, expected in ((0, 0), (30, 0), (61, 61)):
        key.refresh_from_db()
        note_use(key, now=LATER + timedelta(seconds=seconds))
        key.refresh_from_db()
        assert key.last_used_at == LATER + timedelta(seconds=expected)
