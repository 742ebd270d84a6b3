"""Reads about contributors: who may take part, what they declared, what they agreed to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from allauth.account.models import EmailAddress
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.contributors.domain.application import Checklist, Step
from apps.contributors.models import (
    Affiliation,
    Attribute,
    Consent,
    ConsentKind,
    ConsentText,
    Contributor,
    ProofLevel,
    Standing,
)

_CLAUSE: Final = "A1"


class NotAContributor(Refused):
    """The actor may not take part now: no application, one that is not finished, a suspension, or they left."""


def membership_of(actor: Actor) -> Contributor | None:
    """Return the contributor behind an account in whatever standing; None when there never was an application."""
    if actor.account_id is None:
        return None
    return Contributor.objects.filter(account_id=actor.account_id).first()


def contributor_of(actor: Actor) -> Contributor:
    """Return the contributor who acts, when they may take part now.

    Raises:
        NotAContributor: with words that say what is in the way.
    """
    contributor = membership_of(actor)
    if contributor is None:
        raise NotAContributor(_("Only contributors can do this. Applying takes a few minutes."), clause=_CLAUSE)
    match Standing(contributor.standing):
        case Standing.ACTIVE:
            return contributor
        case Standing.APPLYING:
            message = _("Your application is not finished yet. Its page says what is missing.")
        case Standing.SUSPENDED:
            message = _("You are suspended. The decision in your inbox says why, and how to appeal.")
        case Standing.LEFT:
            message = _("You took back your consent to taking part. Give it again to go on.")
    raise NotAContributor(message, clause=_CLAUSE, subject=contributor.ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a contributor declares now, in codes; ``proof_level`` is that of the least proved claim."""

    country: str
    languages: tuple[str, ...]
    profession: str
    age_band: str
    education: str
    proof_level: int
    employer_ids: frozenset[int]


def profile_of(contributor: Contributor) -> Profile:
    """Return what a contributor declares now, in two queries; what was not declared is empty.

    ``employer_ids`` are registered organizations. The first language is the one declared first.
    """
    current = contributor.claims.filter(ended_at=None).order_by("pk")
    claims = list(current.values_list("attribute", "value", "proof_level"))
    said = {attribute: value for attribute, value, _level in claims}
    employers = contributor.affiliations.filter(ended_at=None, organization__isnull=False)
    return Profile(
        country=said.get(Attribute.COUNTRY, ""),
        languages=tuple(value for attribute, value, _level in claims if attribute == Attribute.LANGUAGE),
        profession=said.get(Attribute.PROFESSION, ""),
        age_band=said.get(Attribute.AGE_BAND, ""),
        education=said.get(Attribute.EDUCATION, ""),
        proof_level=min((level for _attribute, _value, level in claims), default=ProofLevel.SELF_DECLARED),
        employer_ids=frozenset(
            organization_id
            for organization_id in employers.values_list("organization_id", flat=True)
            if organization_id is not None
        ),
    )


def has_consent(contributor: Contributor, kind: ConsentKind | str) -> bool:
    """Return whether a contributor agrees to something now."""
    return contributor.consents.filter(kind=kind, withdrawn_at=None).exists()


def employer_of(contributor: Contributor) -> Affiliation | None:
    """Return whom a contributor works for, as declared; None when they have not answered."""
    return contributor.affiliations.filter(ended_at=None).select_related("organization").first()


def has_confirmed_address(account_id: int) -> bool:
    """Return whether somebody has shown that the mail address of their account is theirs."""
    return bool(EmailAddress.objects.filter(user_id=account_id, verified=True).exists())


def checklist_of(contributor: Contributor) -> Checklist:
    """Return which steps of a contributor's application are done."""
    declared = set(contributor.claims.filter(ended_at=None).values_list("attribute", flat=True))
    is_done = {
        Step.ADDRESS: contributor.account_id is not None and has_confirmed_address(contributor.account_id),
        Step.DESCRIPTION: declared == set(Attribute.values),
        Step.EMPLOYER: employer_of(contributor) is not None,
        Step.CONSENTS: has_consent(contributor, ConsentKind.PARTICIPATION),
    }
    return Checklist(done=frozenset(step for step, done in is_done.items() if done))


def current_texts(*, language: str) -> Mapping[ConsentKind, ConsentText]:
    """Return the newest words of every kind of consent in one query, in a language where we have it, else in English.

    The version decides before the language: nobody is asked to agree to an older text because it was translated.
    """
    found: dict[ConsentKind, ConsentText] = {}
    texts = ConsentText.objects.filter(language__in={language, "en"})
    for text in sorted(texts, key=lambda text: (text.version, text.language == language)):
        found[ConsentKind(text.kind)] = text
    return {kind: found[kind] for kind in ConsentKind if kind in found}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentState:
    """One kind of consent with its newest words, what somebody agreed to now, and all that went before."""

    kind: ConsentKind
    text: ConsentText
    given: Consent | None
    history: tuple[Consent, ...]

    @property
    def is_of_older_words(self) -> bool:
        """Whether the words have changed since the person agreed."""
        return self.given is not None and self.given.text.version < self.text.version

    @property
    def withdrawn_at(self) -> datetime | None:
        """When the person last took it back, while it is not given."""
        return self.history[0].withdrawn_at if self.given is None and self.history else None


def consents_of(contributor: Contributor, *, language: str) -> list[ConsentState]:
    """Return every kind of consent as it stands for a contributor, newest history first, in two queries."""
    given = list(contributor.consents.select_related("text").order_by("-given_at", "-pk"))
    states = []
    for kind, text in current_texts(language=language).items():
        history = tuple(consent for consent in given if consent.kind == kind)
        current = next((consent for consent in history if consent.withdrawn_at is None), None)
        states.append(ConsentState(kind=kind, text=text, given=current, history=history))
    return states
