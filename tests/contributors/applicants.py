"""Somebody on their way in: joan, who has an account and nothing else."""

from apps.accounts.models import User
from apps.contributors.domain.demography import AgeBand, Education, SelfDescription
from apps.contributors.models import Consent, ConsentKind
from apps.contributors.queries import current_texts
from apps.contributors.services import (
    begin_application,
    declare_employer,
    describe_yourself,
    give_consent,
)
from tests.conftest import NOON

TEACHER = SelfDescription(
    country="BR",
    languages=("pt", "en"),
    profession="2330",
    age_band=AgeBand.FROM_35,
    education=Education.MASTER,
)


def agree(user: User, kind: ConsentKind) -> Consent:
    """Agree to the newest words of one kind."""
    return give_consent(actor=user.as_actor(), text_id=current_texts(language="en")[kind].pk, now=NOON)


def fill_in(user: User) -> None:
    """Do every step of an application but sending it."""
    actor = user.as_actor()
    begin_application(actor=actor, now=NOON)
    describe_yourself(actor=actor, description=TEACHER, now=NOON)
    declare_employer(actor=actor, name="", now=NOON)
    agree(user, ConsentKind.PARTICIPATION)
