"""Acts on one licensee from two connections at the same moment come one after the other."""

from collections import Counter
from collections.abc import Callable
from threading import Barrier
from typing import Any

import pytest

from apps.accounts.models import User
from apps.audit.domain.refusal import Refused
from apps.licensing.models import AccessRequest, Agreement, AgreementText, FinalRecipient, Suspension
from apps.licensing.services import (
    Signatory,
    accept_agreement,
    declare_recipient,
    publish_agreement_text,
    suspend_licensee,
)
from tests.conftest import NOON
from tests.licensing.offered import proved
from tests.licensing.partners import LATER, partner
from tests.organizations.test_register import registered
from tests.prompts.test_screening_at_once import side_by_side

pytestmark = pytest.mark.committed


def twice(act: Callable[[], object]) -> Counter[str]:
    """Do one thing from two connections at once; return how often it was done, and what was refused."""
    together = Barrier(2, timeout=20)

    def once() -> str:
        together.wait()
        try:
            act()
        except Refused as refused:
            return refused.code
        return "done"

    return Counter(str(told) for told in side_by_side(once, once))


def test_whatever_is_sent_twice_at_once_is_done_once(margaret: User) -> None:
    university = partner(margaret)
    officer, contact = margaret.as_actor(), university.contact.as_actor()
    clinic = registered("Clinic")
    told: dict[str, Any] = {"licensee_id": university.licensee.pk, "now": LATER}
    assert twice(university.requested) == {"done": 1, "already-asked": 1}
    assert AccessRequest.objects.count() == 1
    assert twice(lambda: declare_recipient(actor=contact, organization=clinic, **told)) == {
        "done": 1,
        "already-a-recipient": 1,
    }
    assert FinalRecipient.objects.filter(organization=clinic).count() == 1
    assert twice(lambda: publish_agreement_text(actor=officer, title="Terms", text="Newer.", now=NOON)) == {
        "done": 1,
        "already-published": 1,
    }
    newest = AgreementText.objects.get(version=2)
    # A second yes takes the first one's place; never are there two.
    assert twice(
        lambda: accept_agreement(
            actor=proved(university.contact), text_sha256=newest.sha256, signatory=Signatory("Ingrid", "Head"), **told
        )
    ) == {"done": 2}
    assert Agreement.objects.filter(ended_at=None).count() == 1
    assert twice(lambda: suspend_licensee(actor=officer, clause_number="W2", reason="Asked", **told)) == {
        "done": 1,
        "already-suspended": 1,
    }
    assert Suspension.objects.count() == 1
