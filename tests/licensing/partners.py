"""A licensee with everything in order, and another one beside it, without any past."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.licensing.models import AgreementText, Licensee
from apps.licensing.services import (
    Signatory,
    accept_agreement,
    add_licensee,
    declare_recipient,
    make_key,
    publish_agreement_text,
    request_access,
)
from apps.organizations.models import Organization
from tests.conftest import NOON, make_person
from tests.licensing.offered import proved
from tests.organizations.test_register import registered

TEXT = "You may read it.\nYou may not pass it on."
LATER = NOON + timedelta(hours=1)


@dataclass
class Partner:
    """A licensee, and whoever speaks for it."""

    licensee: Licensee
    organization: Organization
    contact: User

    def asked(self, **more: Any) -> dict[str, Any]:
        """Return a request that nothing is wrong with."""
        return {
            "licensee_id": self.licensee.pk,
            "title": "Explanations",
            "purpose": "DUO:0000042",
            "use": "A study of how people judge explanations.",
            "wanted": "Battles in which something is explained.",
            "filters": {"languages": ["en"]},
            "recipients": [self.organization.pk],
            "now": LATER,
            **more,
        }

    def requested(self, **more: Any) -> Any:
        """Ask for a release."""
        return request_access(actor=self.contact.as_actor(), **self.asked(**more))

    def keyed(self, **more: Any) -> Any:
        """Make a key."""
        told = {"name": "Server 2", "days": 90, "now": LATER, **more}
        return make_key(actor=proved(self.contact), licensee_id=self.licensee.pk, **told)


def published(officer: User, text: str = TEXT) -> AgreementText:
    """Publish a text, or find it."""
    found = AgreementText.objects.filter(text=text).first()
    return found or publish_agreement_text(actor=officer.as_actor(), title="Licence agreement", text=text, now=NOON)


def partner(officer: User, name: str = "Meridian University", who: str = "ingrid") -> Partner:
    """Make a licensee whose contact accepted the current text and named itself as the final recipient."""
    contact = User.objects.filter(email=f"{who}@demo.example").first() or make_person(who, Role.LICENSEE)
    organization = registered(name)
    text = published(officer)
    licensee = add_licensee(
        actor=officer.as_actor(),
        organization=organization,
        contact=contact,
        purpose="Research, no transfer",
        agreement=text.text,
        now=NOON,
    )
    accept_agreement(
        actor=proved(contact),
        licensee_id=licensee.pk,
        text_sha256=text.sha256,
        signatory=Signatory(f"{who.title()} Dahl", "Head of research"),
        now=NOON,
    )
    declare_recipient(actor=contact.as_actor(), licensee_id=licensee.pk, organization=organization, now=NOON)
    licensee.refresh_from_db()
    return Partner(licensee, organization, contact)
