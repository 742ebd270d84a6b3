"""Whom somebody speaks for, asked alike wherever it is read."""

from django.db.models import QuerySet

from apps.accounts.domain.roles import Role
from apps.licensing.models import Licensee


def spoken_for_by(account_id: int) -> QuerySet[Licensee]:
    """Return the licensees whose contact an account is, as long as it holds the licensee's role."""
    return Licensee.objects.filter(
        contact_id=account_id,
        contact__role_grants__role=Role.LICENSEE.value,
        contact__role_grants__ended_at=None,
    )
