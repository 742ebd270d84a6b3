"""An application from its first page to taking part: begun, filled in step by step, sent."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.contributors.domain.application import Step
from apps.contributors.domain.demography import AgeBand, SelfDescription
from apps.contributors.domain.facts import facts_of_claims
from apps.contributors.events import ContributorEvent
from apps.contributors.models import (
    OPEN_NETWORK,
    Affiliation,
    Attribute,
    Contributor,
    DemographicClaim,
    Network,
    ProofLevel,
    Standing,
)
from apps.contributors.queries import checklist_of, membership_of
from apps.contributors.services.consents import ParticipationNotConsented
from apps.contributors.services.membership import let_take_part, locked_membership
from apps.organizations.queries import registered_under

_CLAUSE = "A1"
_LONGEST_EMPLOYER = 120


class UnknownCodes(Refused):
    """Some of what was declared is not a code that anybody knows; ``attributes`` names which."""

    def __init__(self, attributes: Sequence[str], *, subject: str) -> None:
        super().__init__(_("Choose from the lists: we do not know all of these answers."), subject=subject)
        self.attributes = tuple(attributes)


class TooYoung(Refused):
    """The person is not an adult; nothing of what they entered is kept."""


class ApplicationIncomplete(Refused):
    """Some steps are still open; ``missing`` names them."""

    def __init__(self, missing: Sequence[Step], *, subject: str) -> None:
        super().__init__(_("Some steps of your application are still open."), clause=_CLAUSE, subject=subject)
        self.missing = tuple(missing)


class AddressNotConfirmed(Refused):
    """Nobody has shown yet that the mail address is theirs."""


class NotApplying(Refused):
    """The person is suspended or has left; sending an application again does not undo that."""


@transaction.atomic
def begin_application(*, actor: Actor, now: datetime) -> Contributor:
    """Begin an application; a second click finds the first.

    Raises:
        NotPermitted: when nobody is signed in.
    """
    if actor.account_id is None:
        raise NotPermitted(_("Sign in before you apply."))
    # The account's row is locked, so that two clicks at once make one application.
    User.objects.select_for_update().get(pk=actor.account_id)
    begun = membership_of(actor)
    if begun is not None:
        return begun
    network = Network.objects.get(name=OPEN_NETWORK)
    contributor = Contributor.objects.create(account_id=actor.account_id, network=network, joined_at=now)
    record(
        ContributorEvent.APPLICATION_BEGUN,
        actor=actor,
        subject=contributor.ref,
        at=now,
        facts={"network": network.ref},
    )
    return contributor


@transaction.atomic
def describe_yourself(*, actor: Actor, description: SelfDescription, now: datetime) -> Contributor:
    """Keep what somebody declares about themselves: what changed ends the old claim and makes a new one.

    The log names the attributes that changed and how well they are proved, never what was said.

    Raises:
        NoApplication: before an application was begun.
        UnknownCodes: for a code that is not on offer.
        TooYoung: for a minor; nothing is kept.
    """
    contributor = locked_membership(actor)
    unknown = description.unknown_codes()
    if unknown:
        raise UnknownCodes(unknown, subject=contributor.ref)
    if description.age_band == AgeBand.MINOR:
        raise TooYoung(
            _("Only adults can take part. Thank you for saying so; we have kept nothing of what you entered."),
            clause=_CLAUSE,
            subject=contributor.ref,
        )
    said = {
        Attribute.COUNTRY: (description.country,),
        Attribute.LANGUAGE: description.languages,
        Attribute.PROFESSION: (description.profession,),
        Attribute.AGE_BAND: (description.age_band,),
        Attribute.EDUCATION: (description.education,),
    }
    changed = [attribute for attribute, values in said.items() if _declare(contributor, attribute, values, now)]
    if changed:
        record(
            ContributorEvent.CLAIMS_DECLARED,
            actor=actor,
            subject=contributor.ref,
            at=now,
            facts=facts_of_claims([attribute.value for attribute in changed], proof_level=ProofLevel.SELF_DECLARED),
        )
    return contributor


def _declare(contributor: Contributor, attribute: Attribute, values: Sequence[str], now: datetime) -> bool:
    """Replace the claims on one attribute when they differ; say whether they did. The order of languages counts."""
    current = list(contributor.claims.filter(attribute=attribute, ended_at=None).order_by("pk"))
    if tuple(claim.value for claim in current) == tuple(values):
        return False
    proved = {claim.value: claim.proof_level for claim in current}
    contributor.claims.filter(attribute=attribute, ended_at=None).update(ended_at=now)
    DemographicClaim.objects.bulk_create(
        DemographicClaim(
            contributor=contributor,
            attribute=attribute,
            value=value,
            # A language that was examined stays examined when another is added beside it.
            proof_level=proved.get(value, ProofLevel.SELF_DECLARED),
            claimed_at=now,
        )
        for value in values
    )
    return True


@transaction.atomic
def declare_employer(*, actor: Actor, name: str, now: datetime) -> Affiliation:
    """Keep whom somebody works for; an empty name is the answer "nobody".

    A registered organization is recognised whatever the case of its name; any other name, of at most 120 characters,
    is kept as it was said.

    Raises:
        NoApplication: before an application was begun.
    """
    contributor = locked_membership(actor)
    readable = "".join(letter if letter.isprintable() else " " for letter in name)
    name = " ".join(readable.split())[:_LONGEST_EMPLOYER]
    organization = registered_under(name) if name else None
    said = Affiliation(
        contributor=contributor,
        organization=organization,
        employer_name="" if organization else name,
        declared_at=now,
    )
    current = contributor.affiliations.filter(ended_at=None).first()
    if current is not None:
        if (current.organization_id, current.employer_name) == (said.organization_id, said.employer_name):
            return current
        current.ended_at = now
        current.save(update_fields=["ended_at"])
    said.save()
    record(
        ContributorEvent.EMPLOYER_DECLARED,
        actor=actor,
        subject=contributor.ref,
        at=now,
        facts=facts_of_claims(["employer"], proof_level=ProofLevel.SELF_DECLARED),
    )
    return said


@transaction.atomic
def send_application(*, actor: Actor, now: datetime) -> Contributor:
    """Send a complete application: by rule, its author takes part from now on.

    Sending it a second time changes nothing.

    Raises:
        NoApplication: before an application was begun.
        AddressNotConfirmed: when the mail address is not confirmed.
        ParticipationNotConsented: without consent to taking part.
        ApplicationIncomplete: when another step is open.
        NotApplying: when the person is suspended or has left.
    """
    contributor = locked_membership(actor)
    if contributor.standing == Standing.ACTIVE:
        return contributor
    if contributor.standing != Standing.APPLYING:
        raise NotApplying(_("Your application was already accepted once."), clause=_CLAUSE, subject=contributor.ref)
    missing = checklist_of(contributor).missing
    if Step.ADDRESS in missing:
        raise AddressNotConfirmed(
            _("Confirm your mail address first: we sent you a link."), clause=_CLAUSE, subject=contributor.ref
        )
    if missing == (Step.CONSENTS,):
        raise ParticipationNotConsented(
            _("Without your consent to taking part we may not let you take part."),
            clause=_CLAUSE,
            subject=contributor.ref,
        )
    if missing:
        raise ApplicationIncomplete(missing, subject=contributor.ref)
    let_take_part(contributor, now=now)
    record(
        ContributorEvent.ACTIVATED,
        actor=actor,
        subject=contributor.ref,
        at=now,
        clause=_CLAUSE,
        facts={"by": "rule"},
    )
    return contributor
