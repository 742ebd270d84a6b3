"""Cutting the link between a person and what they contributed."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.audit.services import record
from apps.contributors.events import ContributorEvent
from apps.contributors.models import Contributor, Standing


class ErasedBefore(Refused):
    """Nobody has an account behind this contributor any more."""


@transaction.atomic
def cut_from_account(*, actor: Actor, contributor: Contributor, now: datetime) -> User:
    """Delete what somebody declared about themselves, end their consents, and forget whose account it was.

    Returns the account. The entry is the list that a restored backup goes by. The service that erases the person calls
    this in the same transaction and asks whether the actor may. Raises ``ErasedBefore``.
    """
    contributor = Contributor.objects.select_for_update().get(pk=contributor.pk)
    account = User.objects.filter(contributor=contributor).first()
    if account is None:
        raise ErasedBefore(_("This person was erased before."), subject=contributor.ref)
    claims, _by_kind = contributor.claims.all().delete()
    employers, _by_kind = contributor.affiliations.all().delete()
    consents = contributor.consents.filter(withdrawn_at=None).update(withdrawn_at=now)
    contributor.account, contributor.standing = None, Standing.LEFT
    contributor.save(update_fields=["account", "standing"])
    record(
        ContributorEvent.ERASED,
        actor=actor,
        subject=contributor.ref,
        at=now,
        facts={"claims": claims, "employers": employers, "consents": consents},
    )
    return account
