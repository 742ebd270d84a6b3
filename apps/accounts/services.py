"""What changed about accounts, roles given and ended, and notices put into people's inboxes."""

from collections.abc import Mapping
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.domain.roles import Role
from apps.accounts.events import AccountEvent
from apps.accounts.models import InboxMessage, RoleGrant, User
from apps.accounts.permissions import may_grant_roles
from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import JSON
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import commit_to, record


class StillInOffice(Refused):
    """The person holds a role that others rely on, and must give it up before they can be erased."""


class RoleNotHeld(Refused):
    """The person does not hold the role that should end."""


# A contributor's role comes with the application, by rule; everything else is staff's.
_STAFF_ROLES = frozenset(Role) - {Role.CONTRIBUTOR}


def record_account_change(
    event: AccountEvent, *, actor: Actor, user: User, now: datetime, facts: Mapping[str, JSON] | None = None
) -> None:
    """Write what has just been changed about an account or its ways to sign in, in the transaction that changed it.

    ``facts`` name rows and kinds, never an address or a secret. Raises ``NoTransaction`` outside a transaction: the
    change would be kept when its entry is not.
    """
    record(event, actor=actor, subject=user.ref, at=now, facts={"person": user.pseudonym, **(facts or {})})


@transaction.atomic
def grant_role(*, actor: Actor, user: User, role: Role, now: datetime) -> RoleGrant:
    """Give a person a role; giving it again changes nothing.

    Raises:
        NotPermitted: when the actor may not grant roles, or would grant one to themselves.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if not may_grant_roles(actor) or actor.account_id == user.pk:
        raise NotPermitted("Only an administrator gives roles, and nobody to themselves.", subject=user.ref)
    held = user.role_grants.filter(role=role, ended_at=None).first()
    if held is not None:
        return held
    grant = RoleGrant.objects.create(user=user, role=role, granted_by=actor.pseudonym, granted_at=now)
    record(
        AccountEvent.ROLE_GRANTED,
        actor=actor,
        subject=user.ref,
        at=now,
        facts={"role": role.value, "person": user.pseudonym, "is_staff_role": role in _STAFF_ROLES},
    )
    return grant


@transaction.atomic
def end_role(*, actor: Actor, user: User, role: Role, now: datetime) -> RoleGrant:
    """Take a role from a person; what they did under it stays in the log.

    Raises:
        NotPermitted: when the actor may not end roles.
        RoleNotHeld: when the person does not hold it.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if not may_grant_roles(actor):
        raise NotPermitted("Only an administrator ends roles.", subject=user.ref)
    grant = user.role_grants.filter(role=role, ended_at=None).first()
    if grant is None:
        raise RoleNotHeld("This person does not hold that role.", subject=user.ref)
    grant.ended_at = now
    grant.save(update_fields=["ended_at"])
    record(
        AccountEvent.ROLE_ENDED,
        actor=actor,
        subject=user.ref,
        at=now,
        facts={"role": role.value, "person": user.pseudonym},
    )
    return grant


@transaction.atomic
def erase_account(*, actor: Actor, user: User, now: datetime) -> User:
    """Take away everything that says whose account this was; its pseudonym stays, which the log names.

    Addresses, ways to sign in, sessions and notices go, and nobody can sign in again. The service that erases the
    person calls this in the same transaction and asks whether the actor may.

    Raises:
        StillInOffice: while the person holds a role that others rely on.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.roles_held() - {Role.CONTRIBUTOR}:
        raise StillInOffice(_("Somebody else must take over your other roles first."), subject=user.ref)
    user.role_grants.filter(ended_at=None).update(ended_at=now)
    for kept in (EmailAddress, Authenticator, SocialAccount):
        kept.objects.filter(user=user).delete()
    _end_sessions(user)
    InboxMessage.objects.filter(recipient=user).delete()
    user.email, user.display_name = f"{user.pseudonym}@erased.invalid", ""
    user.is_active, user.is_staff, user.is_superuser, user.last_login = False, False, False, None
    user.set_unusable_password()
    user.save()
    record_account_change(AccountEvent.ERASED, actor=actor, user=user, now=now)
    return user


def _end_sessions(user: User) -> None:
    sessions = UserSession.objects.filter(user=user)
    Session.objects.filter(session_key__in=sessions.values("session_key")).delete()
    sessions.delete()


@transaction.atomic
def notify(*, actor: Actor, recipient: User, subject: str, body: str, address: str = "", now: datetime) -> InboxMessage:
    """Put a notice into a person's inbox; the log commits to its words without holding them."""
    message = InboxMessage.objects.create(
        recipient=recipient, subject=subject[:200], body=body, address=address[:200], created_at=now
    )
    record(
        AccountEvent.NOTIFIED,
        actor=actor,
        subject=f"accounts.inboxmessage:{message.pk}",
        at=now,
        facts={"person": recipient.pseudonym, "words": commit_to(body, subject=f"accounts.inboxmessage:{message.pk}")},
    )
    return message


@transaction.atomic
def mark_read(*, actor: Actor, message_id: int, now: datetime) -> InboxMessage:
    """Mark one's own notice as read; the second time changes nothing.

    Raises:
        NotPermitted: when the notice is somebody else's or does not exist.
    """
    message = InboxMessage.objects.select_for_update().filter(pk=message_id, recipient_id=actor.account_id or 0).first()
    if message is None:
        raise NotPermitted("This notice is not in your inbox.")
    if message.read_at is None:
        message.read_at = now
        message.save(update_fields=["read_at"])
        record(
            AccountEvent.INBOX_READ,
            actor=actor,
            subject=f"accounts.inboxmessage:{message.pk}",
            at=now,
        )
    return message
