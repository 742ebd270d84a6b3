"""What changes about an account stands in the log, together with the change, and never an address or a secret."""

import base64
import hmac
import json
import re
import struct
import time
from collections.abc import Callable
from typing import Any, Final

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver

from apps.accounts.events import AccountEvent
from apps.accounts.models import User
from apps.accounts.services import record_account_change
from apps.accounts.urls import signing_in_urlpatterns
from apps.audit.domain.actor import Actor
from apps.audit.models import Entry
from apps.audit.services import NoTransaction
from tests.accounts.soft_key import registered
from tests.conftest import NOON, PASSWORD
from tests.trails import facts_about

ANOTHER: Final = "another long password of ours"
# What mails and pages run after the commit, as pytest-django hands it out.
AfterCommit = Callable[..., Any]


def account_trail(user: User) -> list[str]:
    """Return what happened to an account beside roles, oldest first."""
    entries = Entry.objects.filter(subject=user.ref).exclude(event__contains="role_").order_by("pk")
    return list(entries.values_list("event", flat=True))


def newest(user: User) -> Entry:
    return Entry.objects.filter(subject=user.ref).latest("pk")


def signed_in(user: User) -> Client:
    """Sign in and show once more that it is them, as the pages about passwords and keys ask."""
    client = Client(SERVER_NAME="localhost")
    answer = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert answer.status_code == 302
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
    return client


def joan_signs_up() -> Client:
    client = Client(SERVER_NAME="localhost")
    form = {"email": "joan@demo.example", "password1": PASSWORD, "password2": PASSWORD}
    assert client.post("/accounts/signup/", form).status_code == 302
    return client


def link_in_the_newest_mail(to: str) -> str:
    """Return the path of the link that a mail brought."""
    message = mail.outbox[-1]
    assert message.to == [to]
    link = re.search(r"http://\S+", str(message.body))
    assert link is not None
    return "/" + link.group().split("/", 3)[3]


# --- What people do on the pages, each by the form it has there ---


def changes_password(client: Client) -> Any:
    form = {"oldpassword": PASSWORD, "password1": ANOTHER, "password2": ANOTHER}
    return client.post("/accounts/password/change/", form)


def adds_an_address(client: Client) -> Any:
    return client.post("/accounts/email/", {"action_add": "", "email": "ada@elsewhere.example"})


def makes_it_primary(client: Client) -> Any:
    EmailAddress.objects.filter(email="ada@elsewhere.example").update(verified=True)
    return client.post("/accounts/email/", {"action_primary": "", "email": "ada@elsewhere.example"})


def removes_it(client: Client) -> Any:
    return client.post("/accounts/email/", {"action_remove": "", "email": "ada@elsewhere.example"})


def adds_one_time_codes(client: Client) -> Any:
    page = client.get("/accounts/2fa/totp/activate/")
    assert page.status_code == 200, page.get("Location")
    secret = client.session["mfa.totp.secret"]
    return client.post("/accounts/2fa/totp/activate/", {"code": one_time_code(secret)})


def one_time_code(secret: str) -> str:
    """Compute the code of this half minute (RFC 6238), or of the next when this one is almost over."""
    if (left := 30 - time.time() % 30) < 5:
        time.sleep(left)
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), "sha1")
    start = digest[-1] & 0xF
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def removes_one_time_codes(client: Client) -> Any:
    return client.post("/accounts/2fa/totp/deactivate/")


def makes_new_recovery_codes(client: Client) -> Any:
    return client.post("/accounts/2fa/recovery-codes/generate/")


def adds_a_passkey(client: Client) -> Any:
    page = client.get("/accounts/2fa/webauthn/add/")
    options = page.context["js_data"]["creation_options"]
    credential = registered(json.loads(json.dumps(options, default=dict)), origin="http://localhost")
    form = {"name": "Ada's blue key", "credential": json.dumps(credential)}
    return client.post("/accounts/2fa/webauthn/add/", form)


def removes_the_passkey(client: Client) -> Any:
    key = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)
    return client.post(f"/accounts/2fa/webauthn/keys/{key.pk}/remove/")


def ends_other_sessions(client: Client) -> Any:
    return client.post("/accounts/sessions/")


# --- The entries ---


def test_signing_up_and_showing_the_address_to_be_ones_own(
    db: None, django_capture_on_commit_callbacks: AfterCommit
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        client = joan_signs_up()
    joan = User.objects.get(email="joan@demo.example")
    assert account_trail(joan) == [AccountEvent.SIGNED_UP]
    assert (newest(joan).actor_kind, newest(joan).actor_pseudonym) == ("person", joan.pseudonym)
    client.post(link_in_the_newest_mail(joan.email))
    assert account_trail(joan) == [AccountEvent.SIGNED_UP, AccountEvent.ADDRESS_VERIFIED]
    address = EmailAddress.objects.get(user=joan)
    assert facts_about(joan) == {"person": joan.pseudonym, "address": f"account.emailaddress:{address.pk}"}


def test_an_address_that_was_shown_by_a_code_is_written_down_as_well(
    ada: User, django_capture_on_commit_callbacks: AfterCommit
) -> None:
    EmailAddress.objects.filter(user=ada).update(verified=False)
    client = Client()
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/login/code/", {"email": ada.email})
    code = re.search(r"^[A-Z0-9]{4}-[A-Z0-9]{4}$", str(mail.outbox[-1].body), flags=re.MULTILINE)
    assert code is not None
    client.post("/accounts/login/code/confirm/", {"code": code.group()})
    assert EmailAddress.objects.get(user=ada).verified
    assert account_trail(ada) == [AccountEvent.ADDRESS_VERIFIED]


def test_a_password_is_changed_set_or_reset(ada: User, django_capture_on_commit_callbacks: AfterCommit) -> None:
    changes_password(signed_in(ada))
    assert account_trail(ada) == [AccountEvent.PASSWORD_CHANGED]
    assert newest(ada).actor_pseudonym == ada.pseudonym

    visitor = Client()
    with django_capture_on_commit_callbacks(execute=True):
        visitor.post("/accounts/password/reset/", {"email": ada.email})
    form = visitor.get(link_in_the_newest_mail(ada.email), follow=True).redirect_chain[-1][0]
    visitor.post(form, {"password1": PASSWORD, "password2": PASSWORD})
    assert account_trail(ada)[1:] == [AccountEvent.PASSWORD_RESET]
    # Whoever had the link; nobody was signed in.
    assert newest(ada).actor_kind == "visitor"

    client = signed_in(ada)
    ada.refresh_from_db()
    ada.set_unusable_password()
    ada.save()
    client.force_login(ada, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.post("/accounts/password/set/", {"password1": ANOTHER, "password2": ANOTHER})
    assert account_trail(ada)[2:] == [AccountEvent.PASSWORD_SET]


def test_addresses_come_and_go(ada: User) -> None:
    client = signed_in(ada)
    for act in (adds_an_address, makes_it_primary):
        act(client)
        added = EmailAddress.objects.get(email="ada@elsewhere.example")
        assert facts_about(ada) == {"person": ada.pseudonym, "address": f"account.emailaddress:{added.pk}"}
    client.post("/accounts/email/", {"action_primary": "", "email": "ada@demo.example"})
    removes_it(client)
    assert facts_about(ada) == {"person": ada.pseudonym, "was_verified": True}
    assert account_trail(ada) == [
        AccountEvent.ADDRESS_ADDED,
        AccountEvent.PRIMARY_ADDRESS_CHANGED,
        AccountEvent.PRIMARY_ADDRESS_CHANGED,
        AccountEvent.ADDRESS_REMOVED,
    ]


def kinds(user: User) -> list[tuple[str, str]]:
    entries = Entry.objects.filter(subject=user.ref, event__contains="authenticator").order_by("pk")
    return [(entry.event.removeprefix("accounts.authenticator_"), entry.facts["kind"]) for entry in entries]


def test_one_time_codes_and_recovery_codes_come_and_go(ada: User) -> None:
    client = signed_in(ada)
    adds_one_time_codes(client)
    assert kinds(ada) == [("added", "totp"), ("added", "recovery_codes")]
    makes_new_recovery_codes(client)
    assert kinds(ada)[2:] == [("removed", "recovery_codes"), ("added", "recovery_codes")]
    removes_one_time_codes(client)
    assert kinds(ada)[4:] == [("removed", "totp"), ("removed", "recovery_codes")]
    assert not Authenticator.objects.exists()


def test_a_passkey_comes_and_goes_and_using_it_is_no_change(ada: User) -> None:
    client = signed_in(ada)
    adds_a_passkey(client)
    key = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)
    assert kinds(ada) == [("added", "webauthn"), ("added", "recovery_codes")]
    key.record_usage()
    client.post(f"/accounts/2fa/webauthn/keys/{key.pk}/edit/", {"name": "The green one"})
    assert len(kinds(ada)) == 2
    removes_the_passkey(client)
    assert ("removed", "webauthn") in kinds(ada)[2:]


def test_other_sessions_are_ended(ada: User) -> None:
    here, elsewhere = signed_in(ada), signed_in(ada)
    ends_other_sessions(here)
    assert account_trail(ada) == [AccountEvent.SESSIONS_ENDED]
    assert facts_about(ada) == {"person": ada.pseudonym, "sessions": 1}
    assert elsewhere.get("/home/").status_code == 302
    assert here.get("/home/").status_code == 200
    # Nothing to end is nothing to write.
    ends_other_sessions(here)
    assert account_trail(ada) == [AccountEvent.SESSIONS_ENDED]


def test_no_entry_holds_an_address_a_password_a_code_or_a_name_of_ones_own(
    ada: User, django_capture_on_commit_callbacks: AfterCommit
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        joan_signs_up()
        client = signed_in(ada)
        for act in (adds_an_address, makes_it_primary, adds_a_passkey, makes_new_recovery_codes, changes_password):
            assert act(client).status_code == 302, act.__name__
    secrets = [ada.email, "elsewhere", "joan", PASSWORD, ANOTHER, "blue", "passphrase"]
    kept = [str(value) for each in Authenticator.objects.all() for value in each.data.values()]
    secrets += [value for value in kept if len(value) > 8]
    bodies = "".join(bytes(entry.body).decode() for entry in Entry.objects.filter(event__startswith="accounts."))
    assert [secret for secret in secrets if secret in bodies] == []


# --- Together with the change, or not at all ---


class LogIsAway(Exception):
    """The entry cannot be written."""


@pytest.fixture
def the_log_is_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def away(*_event: object, **_rest: object) -> None:
        raise LogIsAway

    return lambda: monkeypatch.setattr("apps.accounts.services.record", away)


def everything_about_accounts() -> list[Any]:
    tables = ("accounts_user", "account_emailaddress", "mfa_authenticator", "django_session")
    found: list[Any] = []
    with connection.cursor() as cursor:
        for table in tables:
            # What a session holds is left out: the challenge of a passkey is new each time its form is shown.
            cursor.execute(f"SELECT to_jsonb(t) - ARRAY['session_data', 'expire_date'] FROM {table} t ORDER BY 1")
            found += cursor.fetchall()
    return found


@pytest.mark.parametrize(
    ("before", "act"),
    [
        ((), changes_password),
        ((), adds_an_address),
        ((adds_an_address,), makes_it_primary),
        ((adds_an_address,), removes_it),
        ((), adds_one_time_codes),
        ((adds_one_time_codes,), makes_new_recovery_codes),
        ((adds_one_time_codes,), removes_one_time_codes),
        ((), adds_a_passkey),
        ((adds_a_passkey,), removes_the_passkey),
        ((signed_in,), ends_other_sessions),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_written_down_does_not_happen(
    ada: User,
    the_log_is_away: Callable[[], None],
    django_capture_on_commit_callbacks: AfterCommit,
    before: tuple[Callable[[Any], Any], ...],
    act: Callable[[Client], Any],
) -> None:
    client = signed_in(ada)
    for earlier in before:
        earlier(ada if earlier is signed_in else client)
    if act is makes_it_primary:
        EmailAddress.objects.update(verified=True)
    # The forms' own pages come first, since they keep things in the session.
    pages = {adds_one_time_codes: "/accounts/2fa/totp/activate/", adds_a_passkey: "/accounts/2fa/webauthn/add/"}
    if act in pages:
        client.get(pages[act])
    stood, mails = everything_about_accounts(), len(mail.outbox)
    the_log_is_away()
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(LogIsAway):
        act(client)
    assert everything_about_accounts() == stood
    assert UserSession.objects.count() == (2 if signed_in in before else 1)
    assert len(mail.outbox) == mails


def test_a_sign_up_that_cannot_be_written_down_leaves_no_account_and_sends_no_mail(
    db: None, the_log_is_away: Callable[[], None], django_capture_on_commit_callbacks: AfterCommit
) -> None:
    the_log_is_away()
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(LogIsAway):
        joan_signs_up()
    assert not User.objects.filter(email="joan@demo.example").exists()
    assert mail.outbox == []


def test_every_page_of_signing_in_is_one_transaction(db: None) -> None:
    """Also those that allauth adds one day."""

    def views(patterns: list[URLPattern | URLResolver]) -> list[Callable[..., Any]]:
        found: list[Callable[..., Any]] = []
        for entry in patterns:
            found += views(entry.url_patterns) if isinstance(entry, URLResolver) else [entry.callback]
        return found

    names = [view.view_class.__name__ for view in views(signing_in_urlpatterns) if hasattr(view, "view_class")]
    assert {"SignupView", "PasswordChangeView", "AddWebAuthnView", "ListUserSessionsView"} <= set(names)
    assert [view for view in views(signing_in_urlpatterns) if not hasattr(view, "__wrapped__")] == []


@pytest.mark.committed
def test_nobody_records_a_change_that_is_kept_already(ada: User) -> None:
    with pytest.raises(NoTransaction):
        record_account_change(AccountEvent.PASSWORD_SET, actor=Actor.system("tests"), user=ada, now=NOON)
