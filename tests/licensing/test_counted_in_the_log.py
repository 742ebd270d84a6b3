"""An auditor's verifier, which knows nothing of the platform, finds a delivery that the log does not tell of."""

from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.licensing.models import Delivery
from apps.web.flows import tend_exports
from apps.web.gateways import ExportStore
from apps.web.services import request_export
from tests.licensing.opened import Opened
from tests.verify.asking import fault, holds

pytestmark = pytest.mark.committed


def bundle(opened: Opened, barbara: User) -> Path:
    """Publish the log and export all of it."""
    opened.press.publish()
    export = request_export(actor=barbara.as_actor(), now=opened.press.now)
    assert tend_exports(actor=Actor.system("web.tend_exports"), clock=lambda: opened.press.now) == 1
    path = ExportStore().path(export.folder)
    assert path is not None
    return path


@pytest.fixture(autouse=True)
def _exports(settings: Any, tmp_path: Path) -> None:
    settings.EXPORTS_DIR = tmp_path / "exports"


def test_numbers_without_a_gap_hold_and_a_missing_delivery_is_found(opened: Opened, barbara: User) -> None:
    opened.fetch()
    opened.fetch()
    whole = bundle(opened, barbara)
    held = holds(whole, vkey=opened.press.vkey)
    assert "2 numbers of 1 counters, without a gap" in held["counters"]
    # The third is written nowhere before the log takes it in; the fourth betrays it.
    opened.fetch()
    third = Delivery.objects.latest("pk")
    opened.world.rewritten(
        "audit_entry", "DELETE FROM audit_entry WHERE subject = %s AND event = 'licensing.delivery_begun'", third.ref
    )
    opened.fetch()
    status, reason, _where = fault(bundle(opened, barbara), vkey=opened.press.vkey)
    assert (status, reason) == (1, "counter-gap")
