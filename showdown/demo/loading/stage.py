"""What stands before anybody votes: the staff, the register of organizations with their ties, and the models."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from allauth.account.models import EmailAddress
from django.db import transaction

from apps.accounts.domain.roles import Role
from apps.accounts.events import AccountEvent
from apps.accounts.models import User
from apps.accounts.services import grant_role, record_account_change
from apps.audit.domain.actor import Actor
from apps.battles.models import LanguageModel, Provider
from apps.battles.services import change_endpoint, register_model
from apps.organizations.models import Organization, TieKind
from apps.organizations.services import declare_tie, register_organization
from showdown.demo.labs import LABS, MODELS, TIES

# Radia is given her role by the platform's first start; she gives the others theirs.
STAFF: Final[Mapping[str, Role]] = {
    "radia": Role.NETWORK_ADMIN,
    "grace": Role.MODERATOR,
    "alan": Role.MODERATOR,
    "margaret": Role.LICENSING_OFFICER,
    "katherine": Role.APPROVER,
    "dorothy": Role.APPROVER,
    "ingrid": Role.LICENSEE,
    "barbara": Role.AUDITOR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The staff by name, organizations by slug, and the models in the order of ``MODELS`` with their endpoints."""

    staff: Mapping[str, User]
    organizations: dict[str, Organization]
    models: tuple[LanguageModel, ...]
    endpoints: tuple[int, ...]

    def actor(self, name: str, *, reauthenticated_at: datetime | None = None) -> Actor:
        """Return one of the staff as the actor of a service."""
        return self.staff[name].as_actor(reauthenticated_at=reauthenticated_at)


def set_the_stage(*, hashed_password: str, start: datetime, now: datetime) -> Stage:
    """Make the staff, the register and the models, all through their services, a while before the first vote."""
    at = start - timedelta(days=3)
    staff: dict[str, User] = {}
    for name, role in STAFF.items():
        staff[name] = _employ(name, role, hashed_password, by=staff.get("radia"), at=at)
        at += timedelta(minutes=4)
    keeper = staff["radia"].as_actor()
    organizations = {}
    for lab in LABS:
        at += timedelta(minutes=2)
        organizations[lab.slug] = register_organization(
            actor=keeper, name=lab.name, country=lab.country, is_lab=lab.is_lab, now=at
        )
    for tie in TIES:
        at += timedelta(minutes=3)
        declare_tie(
            actor=keeper,
            holder=organizations[tie.holder],
            held=organizations[tie.held],
            kind=TieKind(tie.kind),
            since=(start - timedelta(days=365 * tie.years)).date(),
            share=Decimal(tie.share) if tie.share else None,
            source=tie.source,
            now=at,
        )
    models = []
    for spec in MODELS:
        at += timedelta(minutes=5)
        models.append(
            register_model(
                actor=keeper,
                name=spec.name,
                organization=organizations[spec.lab],
                licence=spec.licence,
                provider=Provider.RECORDED,
                remote_name=spec.remote_name,
                redistribution_allowed=spec.redistribution,
                weight=spec.weight,
                now=max(at, now - timedelta(days=spec.since)),
            )
        )
    endpoints = [model.endpoints.get().pk for model in models]
    for spec, endpoint_id in zip(MODELS, endpoints, strict=True):
        if spec.until >= 0:
            left_at = now - timedelta(days=spec.until)
            change_endpoint(actor=keeper, endpoint_id=endpoint_id, weight=spec.weight, is_active=False, now=left_at)
    return Stage(staff=staff, organizations=organizations, models=tuple(models), endpoints=tuple(endpoints))


def _employ(name: str, role: Role, hashed_password: str, *, by: User | None, at: datetime) -> User:
    with transaction.atomic():
        user = User.objects.create(
            email=f"{name}@demo.example", password=hashed_password, display_name=name.title(), date_joined=at
        )
        address = EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        record_account_change(AccountEvent.SIGNED_UP, actor=user.as_actor(), user=user, now=at)
        record_account_change(
            AccountEvent.ADDRESS_VERIFIED,
            actor=Actor.visitor(request_id="demo"),
            user=user,
            now=at,
            facts={"address": f"account.emailaddress:{address.pk}"},
        )
    grantor = by.as_actor() if by else Actor.system("platform.first_start")
    grant_role(actor=grantor, user=user, role=role, now=at)
    return user
