"""With plain SQL as ``showdown_app`` nobody rewrites what was agreed, asked or ended, nor borrows another's request."""

from typing import Any

import psycopg
import pytest

from apps.accounts.models import User
from apps.licensing.models import AccessRequest, Agreement, AgreementText, Licensee, LicenseeKey, Suspension
from apps.licensing.services import end_suspension, suspend_licensee
from tests.licensing.offered import proved
from tests.licensing.partners import LATER, Partner, partner

pytestmark = pytest.mark.committed

# PostgreSQL's words for "you may not", "the rows refer to each other otherwise", and "this stays".
NOT_YOURS, STAYS, UNFIT = {"42501"}, {"42501", "23001"}, {"23514", "23503", "23505", "23502"}
ATTACKS: tuple[tuple[str, set[str]], ...] = (
    ("UPDATE licensing_agreementtext SET text = 'Everything is allowed.'", NOT_YOURS),
    ("UPDATE licensing_agreementtext SET valid_days = 1830", NOT_YOURS),
    ("DELETE FROM licensing_agreementtext", NOT_YOURS),
    ("TRUNCATE licensing_agreementtext CASCADE", NOT_YOURS),
    ("ALTER TABLE licensing_agreementtext DISABLE TRIGGER ALL", NOT_YOURS),
    ("DROP TRIGGER licensee_text_stays ON licensing_agreementtext", NOT_YOURS),
    ("UPDATE licensing_agreement SET expires_at = expires_at + interval '9 years'", NOT_YOURS),
    ("UPDATE licensing_agreement SET accepted_at = now()", NOT_YOURS),
    ("UPDATE licensing_agreement SET purposes = '[\"showdown:training\"]'", NOT_YOURS),
    ("DELETE FROM licensing_agreement", NOT_YOURS),
    ("UPDATE licensing_controlreview SET reviewed_at = now()", NOT_YOURS),
    ("UPDATE licensing_suspension SET reason = 'Nothing'", NOT_YOURS),
    ("UPDATE licensing_suspension SET ended_at = NULL, ended_by_id = NULL, ended_because = ''", STAYS),
    ("DELETE FROM licensing_suspension", NOT_YOURS),
    ("UPDATE licensing_licenseekey SET secret_sha256 = repeat('0', 64)", NOT_YOURS),
    ("UPDATE licensing_licenseekey SET expires_at = expires_at + interval '9 years'", NOT_YOURS),
    ("UPDATE licensing_accessrequest SET purpose = 'showdown:training'", NOT_YOURS),
    ("UPDATE licensing_accessrequest SET asked_by_id = asked_by_id + 1", NOT_YOURS),
    ("DELETE FROM licensing_accessrequest_recipients", NOT_YOURS),
    ("UPDATE organizations_tie SET declared_at = '2001-01-01'", NOT_YOURS),
    ("DELETE FROM organizations_stafftie", NOT_YOURS),
    (
        "INSERT INTO licensing_agreementtext (version, title, text, sha256, valid_days, forbids_transfer,"
        " ends_on_change_of_control, published_by_id, published_at) SELECT 9, 'x', 'Pass it on.', sha256(text::bytea)"
        "::text, 9, true, true, published_by_id, now() FROM licensing_agreementtext LIMIT 1",
        UNFIT | {"22001"},
    ),
    (
        "INSERT INTO licensing_agreementtext (version, title, text, sha256, valid_days, forbids_transfer,"
        " ends_on_change_of_control, published_by_id, published_at) SELECT 9, 'x', 'Pass it on.',"
        " encode(sha256('Pass it on.'), 'hex'), 9, false, true, published_by_id, now() FROM licensing_agreementtext"
        " LIMIT 1",
        UNFIT,
    ),
    (
        "INSERT INTO licensing_agreement (licensee_id, text_id, purposes, signed_name, signed_position,"
        " accepted_by_id, accepted_at, expires_at, ended_because, ended_at) SELECT licensee_id, text_id,"
        " '[\"everything\"]', 'x', 'y', accepted_by_id, now(), now() + interval '1 day', '', now()"
        " FROM licensing_agreement LIMIT 1",
        UNFIT,
    ),
    (
        "INSERT INTO licensing_agreement (licensee_id, text_id, purposes, signed_name, signed_position,"
        " accepted_by_id, accepted_at, expires_at, ended_because) SELECT licensee_id, text_id, purposes, 'x', 'y',"
        " accepted_by_id, now(), now() + interval '1 day', '' FROM licensing_agreement LIMIT 1",
        UNFIT,
    ),
)


@pytest.fixture
def university(margaret: User) -> Partner:
    """A university with everything that can be attacked: an agreement, a key, a request, a suspension that ended."""
    made = partner(margaret)
    made.keyed()
    made.requested()
    told: dict[str, Any] = {"actor": margaret.as_actor(), "licensee_id": made.licensee.pk, "now": LATER}
    suspend_licensee(clause_number="W2", reason="Asked", **told)
    end_suspension(reason="Answered", **told | {"actor": proved(margaret)})
    return made


def contents() -> list[Any]:
    return [
        list(model.objects.order_by("pk").values())
        for model in (AgreementText, Agreement, LicenseeKey, AccessRequest, Suspension)
    ]


def test_what_was_agreed_is_not_rewritten(university: Partner, database_urls: dict[str, str]) -> None:
    before = contents()
    with psycopg.connect(database_urls["app"], autocommit=True) as app:
        for attack, expected in ATTACKS:
            with pytest.raises(psycopg.Error) as caught:
                app.execute(attack.encode())
            assert caught.value.sqlstate in expected, attack
    assert contents() == before


def test_a_column_too_many_is_caught_by_the_triggers(
    university: Partner, owner_connection: psycopg.Connection[Any]
) -> None:
    """The grants keep the words; should somebody widen them by mistake, a trigger does, for the owner as well."""
    for attack, expected in ATTACKS:
        if "reviewed_at" in attack or attack.startswith(("ALTER", "DROP", "INSERT", "DELETE FROM licensing_access")):
            continue
        if not attack.startswith(("UPDATE licensing_agreement", "DELETE FROM licensing_agreement", "TRUNCATE")):
            continue
        with pytest.raises(psycopg.Error) as caught:
            owner_connection.execute(attack.encode())
        assert caught.value.sqlstate == "23001", (attack, expected)


def test_a_revoked_key_and_a_decided_request_stay_so(
    university: Partner, database_urls: dict[str, str], margaret: User
) -> None:
    with psycopg.connect(database_urls["app"], autocommit=True) as app:
        app.execute("UPDATE licensing_licenseekey SET revoked_at = now()")
        app.execute("UPDATE licensing_accessrequest SET state = 'withdrawn', decided_at = now()")
        for attack in (
            "UPDATE licensing_licenseekey SET revoked_at = NULL",
            "UPDATE licensing_accessrequest SET state = 'asked', decided_at = NULL",
        ):
            with pytest.raises(psycopg.errors.RestrictViolation):
                app.execute(attack.encode())


def test_a_release_is_not_drafted_on_another_licensees_request(
    university: Partner, database_urls: dict[str, str], margaret: User
) -> None:
    other = partner(margaret, "Atoll Institute", "joan")
    with psycopg.connect(database_urls["app"], autocommit=True) as app, pytest.raises(psycopg.Error) as caught:
        app.execute(
            "INSERT INTO licensing_release (licensee_id, request_id, title, filters, state, drafted_by_id, drafted_at,"
            " policy_version, refused_clause, items_root, tally, items, asked)"
            " SELECT %s, r.id, 'x', '{}', 'draft', %s, now(), 1, '', '', '{}', 0, 0 FROM licensing_accessrequest r",
            [other.licensee.pk, margaret.pk],
        )
    assert caught.value.sqlstate == "23503"


def test_an_auditor_reads_no_hash_of_a_secret(university: Partner, database_urls: dict[str, str]) -> None:
    with psycopg.connect(database_urls["auditor"], autocommit=True) as auditor:
        assert auditor.execute("SELECT prefix FROM licensing_licenseekey").fetchone()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            auditor.execute("SELECT secret_sha256 FROM licensing_licenseekey")
    assert Licensee.objects.exists()
