"""Keys of the API: made and revoked by whoever speaks for a licensee, and asked for with every request."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import time_text
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.licensing.domain.keys import digest_of, new_key, proves
from apps.licensing.events import LicenseeEvent
from apps.licensing.models import LicenseeKey
from apps.licensing.permissions import may_license, speaks_for
from apps.licensing.queries.agreements import clock_now, key_of_prefix
from apps.licensing.services.attempts import require_reauthenticated
from apps.licensing.services.reading import held_licensee, line_of
from apps.licensing.services.standing import require_not_suspended

LONGEST_NAME: Final = 60
MOST_DAYS: Final = 365
MOST_KEYS: Final = 10
# How precisely the page says when a key was last used; a write with every request would serve nobody.
_USED_LATELY: Final = timedelta(minutes=1)


class TooManyKeys(Refused):
    """A licensee has a handful of keys, so that somebody still knows what each is for."""


class UnfitTerm(Refused):
    """A key works for at least a day and at most a year."""


class NotYourKey(NotPermitted):
    """The key is another licensee's, or there is none."""


class AlreadyRevoked(Refused):
    """The key works no more."""


class UnfitKey(Refused):
    """This key opens nothing: it is unknown, wrong, revoked, expired, or its maker speaks for the licensee no more."""


class NewKey(NamedTuple):
    """A key and its whole text, which is shown once and kept nowhere."""

    key: LicenseeKey
    text: str


@transaction.atomic
def make_key(*, actor: Actor, licensee_id: int, name: str, days: int, now: datetime) -> NewKey:
    """Make a key in the name of whoever speaks for a licensee.

    Raises:
        NotPermitted, ReauthenticationNeeded: when the actor does not speak for it, or has not lately proved it.
        LicenseeSuspended: while it is suspended.
        UnfitTerm, UnfitWords: when days or name cannot stand.
        TooManyKeys: when ten work already.
    """
    licensee = held_licensee(licensee_id)
    if not speaks_for(actor, licensee) or actor.account_id is None:
        raise NotPermitted(_("Only whoever speaks for a licensee makes its keys."), subject=licensee.ref)
    require_reauthenticated(actor, now)
    require_not_suspended(licensee)
    if not 1 <= days <= MOST_DAYS:
        raise UnfitTerm(_("A key works for at least a day and at most a year."), subject=licensee.ref)
    words = line_of(name, longest=LONGEST_NAME)
    if LicenseeKey.objects.filter(licensee=licensee, revoked_at=None, expires_at__gt=now).count() >= MOST_KEYS:
        raise TooManyKeys(_("Ten keys work already. Revoke one first."), subject=licensee.ref)
    parts = new_key()
    key = LicenseeKey.objects.create(
        licensee=licensee,
        name=words,
        prefix=parts.prefix,
        secret_sha256=digest_of(parts.secret),
        made_by_id=actor.account_id,
        made_at=now,
        expires_at=now + timedelta(days=days),
    )
    record(
        LicenseeEvent.KEY_MADE,
        actor=actor,
        subject=licensee.ref,
        at=now,
        facts={"key": key.ref, "prefix": key.prefix, "expires_at": time_text(key.expires_at)},
    )
    return NewKey(key, parts.text)


@transaction.atomic
def revoke_key(*, actor: Actor, key_id: int, now: datetime) -> LicenseeKey:
    """Stop a key for good.

    Raises:
        NotYourKey: for anybody but licensing officers and whoever speaks for its licensee.
        AlreadyRevoked: when it was stopped before.
    """
    key = LicenseeKey.objects.select_for_update(of=("self",)).select_related("licensee").filter(pk=key_id).first()
    if key is None or not (may_license(actor) or speaks_for(actor, key.licensee)):
        raise NotYourKey(_("You have no such key."))
    if key.revoked_at is not None:
        raise AlreadyRevoked(_("This key was revoked before."), subject=key.ref)
    key.revoked_at = now
    key.save(update_fields=["revoked_at"])
    record(
        LicenseeEvent.KEY_REVOKED,
        actor=actor,
        subject=key.licensee.ref,
        at=now,
        facts={"key": key.ref, "prefix": key.prefix},
    )
    return key


def licensee_of_key(prefix: str, secret: str, *, at: datetime | None = None) -> LicenseeKey:
    """Return a key that opens what its ``licensee`` may see, in the name of its maker; the database's clock decides.

    Raises:
        UnfitKey: when it opens nothing; the refusal does not say which of the reasons it is.
    """
    key = key_of_prefix(prefix)
    # A secret is compared whether the key is there or not, so that the time tells nobody which names exist.
    is_right = proves(secret, key.secret_sha256 if key is not None else digest_of(prefix))
    if key is None or not is_right:
        raise UnfitKey(_("This key opens nothing."))
    clock = clock_now()
    moment = clock if at is None else max(at, clock)
    maker = key.made_by
    is_alive = key.revoked_at is None and key.expires_at > moment and maker.is_active
    if not is_alive or key.licensee.contact_id != maker.pk or Role.LICENSEE not in maker.roles_held():
        raise UnfitKey(_("This key opens nothing."), subject=key.ref)
    return key


def note_use(key: LicenseeKey, *, now: datetime) -> None:
    """Keep when a key was last used, to the minute; no entry tells of it, since what was done with it has its own."""
    if key.last_used_at is None or now - key.last_used_at > _USED_LATELY:
        LicenseeKey.objects.filter(pk=key.pk).update(last_used_at=now)
