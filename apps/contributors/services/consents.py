"""Consents: given to the words that were read, and taken back at any time. Each act is an entry of the log."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.audit.services import record
from apps.contributors.domain.facts import facts_of_consent
from apps.contributors.events import ContributorEvent
from apps.contributors.models import Consent, ConsentKind, ConsentText, Contributor, Standing
from apps.contributors.services.membership import let_go, let_take_part, locked_membership


class WordsHaveChanged(Refused):
    """The text agreed to is not, or no longer, the one that is asked about."""


class ConsentNotGiven(Refused):
    """There is nothing to take back: the consent was never given, or was taken back before."""


class ParticipationNotConsented(Refused):
    """Nobody takes part without having agreed to it."""


@transaction.atomic
def give_consent(*, actor: Actor, text_id: int, now: datetime) -> Consent:
    """Agree to one text, the newest of its kind; agreeing twice changes nothing.

    Agreeing to newer words ends the consent to the older. Who left by taking back their consent to taking part
    returns by giving it again.

    Raises:
        NoApplication: before an application was begun.
        WordsHaveChanged: when the text is unknown or has been replaced since the page was opened.
    """
    contributor = locked_membership(actor)
    text = ConsentText.objects.filter(pk=text_id).first()
    if text is None or ConsentText.objects.filter(kind=text.kind, version__gt=text.version).exists():
        raise WordsHaveChanged(_("These words have changed. Please read them again."), subject=contributor.ref)
    current = contributor.consents.filter(kind=text.kind, withdrawn_at=None).select_related("text").first()
    if current is not None:
        if current.text_id == text.pk:
            return current
        current.withdrawn_at = now
        current.save(update_fields=["withdrawn_at"])
    consent = Consent.objects.create(contributor=contributor, text=text, kind=text.kind, given_at=now)
    _record(ContributorEvent.CONSENT_GIVEN, actor, contributor, consent, now)
    if text.kind == ConsentKind.PARTICIPATION and contributor.standing == Standing.LEFT:
        let_take_part(contributor, now=now)
        record(ContributorEvent.RETURNED, actor=actor, subject=contributor.ref, at=now)
    return consent


@transaction.atomic
def withdraw_consent(*, actor: Actor, kind: ConsentKind, now: datetime) -> Consent:
    """Take a consent back. Without the one to taking part, an active contributor leaves.

    What happened while it held stays; the texts say so. Releases read consents when they are sealed and when they
    open, so they need not be told.

    Raises:
        NoApplication: before an application was begun.
        ConsentNotGiven: when there is nothing to take back.
    """
    contributor = locked_membership(actor)
    consent = contributor.consents.filter(kind=kind, withdrawn_at=None).select_related("text").first()
    if consent is None:
        raise ConsentNotGiven(_("You have not agreed to this, so there is nothing to take back."), clause="W2")
    consent.withdrawn_at = now
    consent.save(update_fields=["withdrawn_at"])
    _record(ContributorEvent.CONSENT_WITHDRAWN, actor, contributor, consent, now)
    if kind == ConsentKind.PARTICIPATION and contributor.standing == Standing.ACTIVE:
        let_go(contributor, now=now)
        record(ContributorEvent.LEFT, actor=actor, subject=contributor.ref, at=now)
    return consent


def _record(event: ContributorEvent, actor: Actor, contributor: Contributor, consent: Consent, now: datetime) -> None:
    record(
        event,
        actor=actor,
        subject=consent.ref,
        at=now,
        facts=facts_of_consent(
            contributor=contributor.ref,
            kind=consent.kind,
            version=consent.text.version,
            language=consent.text.language,
            text_hash=consent.text.sha256,
        ),
    )
