"""The row of the contributor behind an account, locked; and the role that comes and goes with taking part."""

from datetime import datetime

from django.utils.translation import gettext as _

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.accounts.services import end_role, grant_role
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.contributors.models import Contributor, Standing

# The rulebook gives and takes the role, not the person: nobody grants themselves anything.
_RULE = "contributors.taking_part"


class NoApplication(Refused):
    """The account has no application yet."""


def locked_membership(actor: Actor) -> Contributor:
    """Return the contributor behind the actor's account with the row locked, in whatever standing.

    Raises:
        NoApplication: when there is none.
    """
    if actor.account_id is not None:
        contributor = Contributor.objects.select_for_update().filter(account_id=actor.account_id).first()
        if contributor is not None:
            return contributor
    raise NoApplication(_("Begin your application first."))


def let_take_part(contributor: Contributor, *, now: datetime) -> None:
    """Make a contributor active and give the account its role; the caller holds the row and records the reason."""
    contributor.standing = Standing.ACTIVE
    contributor.activated_at = contributor.activated_at or now
    contributor.save(update_fields=["standing", "activated_at"])
    grant_role(actor=Actor.system(_RULE), user=_account(contributor), role=Role.CONTRIBUTOR, now=now)


def let_go(contributor: Contributor, *, now: datetime) -> None:
    """Let an active contributor leave and end the account's role; the caller holds the row and records the reason."""
    contributor.standing = Standing.LEFT
    contributor.save(update_fields=["standing"])
    account = _account(contributor)
    if Role.CONTRIBUTOR in account.roles_held():
        end_role(actor=Actor.system(_RULE), user=account, role=Role.CONTRIBUTOR, now=now)


def _account(contributor: Contributor) -> User:
    return User.objects.get(contributor=contributor)
