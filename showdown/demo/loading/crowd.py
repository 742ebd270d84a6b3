"""The contributors as rows: accounts, networks, claims, employers, consents, and the entries of their applications."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from apps.accounts.domain.roles import Role
from apps.accounts.events import AccountEvent
from apps.accounts.models import RoleGrant, User
from apps.audit.domain.actor import Actor, ActorKind
from apps.contributors.domain.facts import facts_of_claims, facts_of_consent
from apps.contributors.events import ContributorEvent
from apps.contributors.models import (
    Affiliation,
    Attribute,
    Consent,
    ConsentKind,
    ConsentText,
    Contributor,
    DemographicClaim,
    Network,
    ProofLevel,
    Standing,
)
from apps.contributors.queries import current_texts
from apps.contributors.services import add_network
from apps.organizations.models import Organization
from showdown.demo.loading.tables import Row, copy_rows, next_id
from showdown.demo.loading.trail import Trail
from showdown.demo.people import ADA, Person

SIGNED_UP_BEFORE, VERIFIED_BEFORE = timedelta(minutes=4), timedelta(minutes=3)
"""How long before applying somebody signed up, and followed the link in the mail."""
_FIRST_START = Actor.system("platform.first_start")
_TAKING_PART = Actor.system("contributors.taking_part")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person of the network as the database knows them."""

    person: Person
    contributor_id: int
    actor: Actor
    joined_at: datetime


class _Rows:
    """Rows by table with running ids."""

    def __init__(self) -> None:
        tables = (User, EmailAddress, RoleGrant, Contributor, DemographicClaim, Affiliation, Consent)
        self.of: dict[type, list[Row]] = {table: [] for table in tables}
        self._next = {table: next_id(table) for table in tables}

    def add(self, table: type, *values: object) -> int:
        row_id = self._next[table]
        self._next[table] += 1
        self.of[table].append((row_id, *values))
        return row_id


def load_crowd(
    people: Sequence[Person],
    *,
    trail: Trail,
    organizations: dict[str, Organization],
    ada_password: str,
    start: datetime,
    now: datetime,
) -> list[Member]:
    """Write everybody who takes part, Ada first, and return them in their order."""
    networks = _networks(people, at=start)
    texts = current_texts(language="en")
    rows = _Rows()
    members = []
    for person in people:
        joined_at = start + person.joins_at * (now - start) - timedelta(minutes=30 + person.number % 600)
        members.append(
            _member(person, rows, trail, networks, texts, organizations, ada_password=ada_password, at=joined_at)
        )
    for table, waiting in rows.of.items():
        copy_rows(table, waiting)
    trail.write()
    return members


def _networks(people: Sequence[Person], *, at: datetime) -> dict[str, int]:
    """Return the id of every network by name; those that these people need and are not there are made."""
    ids = dict(Network.objects.values_list("name", "pk"))
    for name in sorted({person.network for person in people} - set(ids)):
        ids[name] = add_network(actor=_FIRST_START, name=name, now=at).pk
    return ids


def _member(
    person: Person,
    rows: _Rows,
    trail: Trail,
    networks: dict[str, int],
    texts: Mapping[ConsentKind, ConsentText],
    organizations: dict[str, Organization],
    *,
    ada_password: str,
    at: datetime,
) -> Member:
    """Write one application, from its first page to taking part, as the services write it."""
    chance = Random(person.pseudonym)
    is_ada = person.number == ADA
    email = "ada@demo.example" if is_ada else f"{person.pseudonym}@people.example"
    user_id = rows.add(
        User,
        ada_password if is_ada else make_password(None),
        None, False, email, person.pseudonym, person.name, True, False, at - SIGNED_UP_BEFORE,
    )  # fmt: skip
    address_id = rows.add(EmailAddress, email, True, True, user_id)
    actor = Actor(
        kind=ActorKind.PERSON,
        account_id=user_id,
        pseudonym=person.pseudonym,
        roles=frozenset({Role.CONTRIBUTOR.value}),
        reauthenticated_at=None,
        request_id=secrets.token_hex(16),
    )
    account = f"accounts.user:{user_id}"
    trail.record(
        AccountEvent.SIGNED_UP,
        actor=actor,
        subject=account,
        at=at - SIGNED_UP_BEFORE,
        facts={"person": person.pseudonym},
    )
    trail.record(
        AccountEvent.ADDRESS_VERIFIED,
        actor=Actor.visitor(request_id=actor.request_id),
        subject=account,
        at=at - VERIFIED_BEFORE,
        facts={"person": person.pseudonym, "address": f"account.emailaddress:{address_id}"},
    )
    steps = iter(at + timedelta(seconds=seconds) for seconds in _pauses(chance))
    begun_at, described_at, employed_at = next(steps), next(steps), next(steps)
    consented_at = {kind: next(steps) for kind in ConsentKind}
    activated_at = next(steps)
    network_id = networks[person.network]
    contributor_id = rows.add(
        Contributor, user_id, network_id, person.voter_id, Standing.ACTIVE.value, begun_at, activated_at
    )
    subject = f"contributors.contributor:{contributor_id}"

    def record(event: ContributorEvent, when: datetime, facts: object = None, **more: object) -> None:
        trail.record(event, actor=actor, subject=subject, at=when, facts=facts, **more)  # type: ignore[arg-type]

    record(ContributorEvent.APPLICATION_BEGUN, begun_at, {"network": f"contributors.network:{network_id}"})
    said = {
        Attribute.COUNTRY: (person.country,),
        Attribute.LANGUAGE: person.languages,
        Attribute.PROFESSION: (person.profession,),
        Attribute.AGE_BAND: (person.age_band,),
        Attribute.EDUCATION: (person.education,),
    }
    self_declared = ProofLevel.SELF_DECLARED.value
    for attribute, values in said.items():
        for value in values:
            rows.add(DemographicClaim, contributor_id, attribute.value, value, self_declared, described_at, None)
    claims = facts_of_claims([attribute.value for attribute in said], proof_level=self_declared)
    record(ContributorEvent.CLAIMS_DECLARED, described_at, claims)
    organization = organizations.get(person.employer)
    rows.add(
        Affiliation,
        contributor_id,
        organization.pk if organization else None,
        "" if organization else person.employer,
        employed_at,
        None,
    )
    employer = facts_of_claims(["employer"], proof_level=self_declared)
    record(ContributorEvent.EMPLOYER_DECLARED, employed_at, employer)
    agreed = {ConsentKind.PARTICIPATION: True, ConsentKind.PUBLICATION: person.publication}
    agreed[ConsentKind.LICENSING] = person.licensing
    for kind, text in texts.items():
        if agreed[kind]:
            consent_id = rows.add(Consent, contributor_id, text.pk, kind.value, consented_at[kind], None)
            trail.record(
                ContributorEvent.CONSENT_GIVEN,
                actor=actor,
                subject=f"contributors.consent:{consent_id}",
                at=consented_at[kind],
                facts=facts_of_consent(
                    contributor=subject,
                    kind=kind.value,
                    version=text.version,
                    language=text.language,
                    text_hash=text.sha256,
                ),
            )
    rows.add(RoleGrant, user_id, Role.CONTRIBUTOR.value, _TAKING_PART.pseudonym, activated_at, None)
    trail.record(
        AccountEvent.ROLE_GRANTED,
        actor=_TAKING_PART,
        subject=account,
        at=activated_at,
        facts={"role": Role.CONTRIBUTOR.value, "person": person.pseudonym, "is_staff_role": False},
    )
    record(ContributorEvent.ACTIVATED, activated_at, {"by": "rule"}, clause="A1")
    return Member(person=person, contributor_id=contributor_id, actor=actor, joined_at=activated_at)


def _pauses(chance: Random) -> list[float]:
    """Return the seconds after which each of seven steps was done."""
    seconds, steps = 0.0, []
    for _ in range(7):
        steps.append(seconds)
        seconds += chance.uniform(15, 150)
    return steps
