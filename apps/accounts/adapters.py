"""How allauth creates accounts and sends its mails here, and how the log learns what it changes about them.

Passwords, sign-ups and ended sessions pass through the adapters' own methods. Addresses and authenticators do not: what
allauth sends after it has written them is the only hook, so it is connected here (``docs/decisions/0009``). All of it
runs inside the transaction that ``apps.accounts.urls`` opens around each of allauth's views.
"""

from collections.abc import Sequence
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.signals import email_added, email_changed, email_confirmed, email_removed
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.contrib.sites.shortcuts import get_current_site
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.utils import timezone

from apps.accounts.events import AccountEvent
from apps.accounts.middleware import acting
from apps.accounts.models import User
from apps.accounts.services import record_account_change
from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import JSON


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts without user names; mails in the reader's language; passwords and sign-ups with their entries."""

    def populate_username(self, request: Any, user: Any) -> None:
        """Do nothing: people sign in by e-mail address."""

    def save_user(self, request: Any, user: Any, form: Any, commit: bool = True) -> Any:
        """Keep a new account and write that it is there; whoever signed up is the one who acts."""
        with transaction.atomic():
            saved: User = super().save_user(request, user, form, commit)
            if commit:
                record_account_change(
                    AccountEvent.SIGNED_UP,
                    actor=saved.as_actor(request_id=_actor().request_id),
                    user=saved,
                    now=timezone.now(),
                )
        return saved

    def set_password(self, user: Any, password: str) -> None:
        """Keep a password; one that its owner did not set while signed in came by the link of a mail."""
        if _actor().account_id != user.pk:
            event = AccountEvent.PASSWORD_RESET
        else:
            event = AccountEvent.PASSWORD_CHANGED if user.has_usable_password() else AccountEvent.PASSWORD_SET
        with transaction.atomic():
            super().set_password(user, password)
            _write_down(event, user)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write a mail now and send it after the commit, so that no transaction waits for a mail server."""
        known = {"request": self.request, "email": email, "current_site": get_current_site(self.request)}
        message = self.render_mail(template_prefix, email, {**known, **context})
        transaction.on_commit(message.send)


class SessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]
    """Sessions that end with an entry."""

    def end_sessions(self, sessions: Sequence[Any]) -> None:
        """End somebody's sessions, on whatever machines."""
        if not sessions:
            return
        with transaction.atomic():
            super().end_sessions(sessions)
            _write_down(AccountEvent.SESSIONS_ENDED, sessions[0].user, sessions=len(sessions))


@receiver(email_confirmed)
def address_was_verified(email_address: EmailAddress, **_sent: Any) -> None:
    """Write that somebody showed an address to be theirs, by the link in a mail or by a code."""
    _write_down(AccountEvent.ADDRESS_VERIFIED, email_address.user, address=_ref(email_address))


@receiver(email_added)
def address_was_added(email_address: EmailAddress, **_sent: Any) -> None:
    """Write that an account has one more address; the first one came with the sign-up."""
    _write_down(AccountEvent.ADDRESS_ADDED, email_address.user, address=_ref(email_address))


@receiver(email_removed)
def address_was_removed(email_address: EmailAddress, user: User, **_sent: Any) -> None:
    """Write that an address is gone; the row has lost its number, and the entry says whose it was."""
    _write_down(AccountEvent.ADDRESS_REMOVED, user, was_verified=email_address.verified)


@receiver(email_changed)
def primary_address_was_changed(to_email_address: EmailAddress, **_sent: Any) -> None:
    """Write that mails go to another address of the account."""
    _write_down(AccountEvent.PRIMARY_ADDRESS_CHANGED, to_email_address.user, address=_ref(to_email_address))


@receiver(post_save, sender=Authenticator)
def authenticator_was_saved(instance: Authenticator, created: bool, **_sent: Any) -> None:
    """Write that an account has one more way to prove who it is; using or renaming one is no change of that.

    The row's own signal, because allauth sends its own for one-time codes and recovery codes after the commit.
    """
    if created:
        _write_down(AccountEvent.AUTHENTICATOR_ADDED, instance.user, kind=instance.type, authenticator=_ref(instance))


@receiver(post_delete, sender=Authenticator)
def authenticator_was_deleted(instance: Authenticator, **_sent: Any) -> None:
    """Write that an account has one way less."""
    _write_down(AccountEvent.AUTHENTICATOR_REMOVED, instance.user, kind=instance.type, authenticator=_ref(instance))


def _write_down(event: AccountEvent, user: Any, **facts: JSON) -> None:
    record_account_change(event, actor=_actor(), user=user, now=timezone.now(), facts=facts)


def _ref(thing: EmailAddress | Authenticator) -> str:
    """Name a row of allauth's by its number: an address or a secret never stands in the log."""
    return f"{thing._meta.label_lower}:{thing.pk}"


def _actor() -> Actor:
    """Return who acts in allauth's current request; outside of one it is the platform."""
    request = context.request
    return Actor.system("accounts.outside_a_page") if request is None else acting(request)
