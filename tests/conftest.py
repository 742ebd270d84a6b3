"""The cast: people who appear in every test's story."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import pytest

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.audit.domain.actor import Actor

pytest_plugins = ["tests.database", "tests.browser", "tests.audit.witnessed"]

NOON: Final = datetime(2026, 9, 14, 12, 0, tzinfo=UTC)

# Browser tests start their own event loop, in which Django would refuse the database otherwise.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# Months that tests close are kept apart from those of a platform that runs from the same clone.
if "SHOWDOWN_RANKINGS" not in os.environ:
    os.environ["SHOWDOWN_RANKINGS"] = tempfile.mkdtemp(prefix="showdown-months-")
    atexit.register(shutil.rmtree, os.environ["SHOWDOWN_RANKINGS"], ignore_errors=True)

PASSWORD: Final = "correct horse battery staple"


def make_person(name: str, *roles: Role) -> User:
    """Create somebody with a verified address who holds the given roles."""
    from allauth.account.models import EmailAddress

    from apps.accounts.services import grant_role

    user = User.objects.create_user(f"{name}@demo.example", PASSWORD, display_name=name.title())
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    for role in roles:
        grant_role(actor=Actor.system("tests.cast"), user=user, role=role, now=NOON)
    return user


def make_contributor(user: User, *, country: str = "BR", languages: tuple[str, ...] = ("pt", "en")) -> None:
    """Make somebody an active contributor who declared a profile and gave every consent."""
    from apps.contributors.models import (
        Attribute,
        Consent,
        ConsentKind,
        ConsentText,
        Contributor,
        DemographicClaim,
        Network,
        Standing,
    )

    network, _created = Network.objects.get_or_create(name="Everyone")
    contributor = Contributor.objects.create(
        account=user, network=network, standing=Standing.ACTIVE, joined_at=NOON, activated_at=NOON
    )
    declared = [
        (Attribute.COUNTRY, country),
        (Attribute.PROFESSION, "2310"),
        (Attribute.AGE_BAND, "35-44"),
        (Attribute.EDUCATION, "7"),
        *((Attribute.LANGUAGE, language) for language in languages),
    ]
    DemographicClaim.objects.bulk_create(
        DemographicClaim(contributor=contributor, attribute=attribute, value=value, claimed_at=NOON)
        for attribute, value in declared
    )
    for kind in ConsentKind:
        text, _created = ConsentText.objects.get_or_create(
            kind=kind,
            version=1,
            language="en",
            defaults={"title": kind.value, "text": kind.value, "sha256": "0" * 64},
        )
        Consent.objects.create(contributor=contributor, text=text, kind=kind, given_at=NOON)


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    """Make any further person: ``person("joan", Role.AUDITOR)``."""
    return make_person


@pytest.fixture
def ada(db: None) -> User:
    """Ada contributes, from Brazil, in Portuguese and English."""
    user = make_person("ada", Role.CONTRIBUTOR)
    make_contributor(user)
    return user


@pytest.fixture
def mallory(db: None) -> User:
    """Mallory contributes too, and attacks what she can reach."""
    user = make_person("mallory", Role.CONTRIBUTOR)
    make_contributor(user, country="DE", languages=("de", "en"))
    return user


@pytest.fixture
def grace(db: None) -> User:
    """Grace moderates."""
    return make_person("grace", Role.MODERATOR)


@pytest.fixture
def alan(db: None) -> User:
    """Alan is the second moderator."""
    return make_person("alan", Role.MODERATOR)


@pytest.fixture
def radia(db: None) -> User:
    """Radia runs the networks."""
    return make_person("radia", Role.NETWORK_ADMIN)


@pytest.fixture
def margaret(db: None) -> User:
    """Margaret runs licensing."""
    return make_person("margaret", Role.LICENSING_OFFICER)


@pytest.fixture
def katherine(db: None) -> User:
    """Katherine approves releases."""
    return make_person("katherine", Role.APPROVER)


@pytest.fixture
def dorothy(db: None) -> User:
    """Dorothy is the second approver."""
    return make_person("dorothy", Role.APPROVER)


@pytest.fixture
def ingrid(db: None) -> User:
    """Ingrid speaks for a licensee."""
    return make_person("ingrid", Role.LICENSEE)


@pytest.fixture
def barbara(db: None) -> User:
    """Barbara audits and trusts nobody."""
    return make_person("barbara", Role.AUDITOR)
