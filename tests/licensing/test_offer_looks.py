"""The pages of offers in a real browser: light and dark, wide and narrow, in both directions, for everybody."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import BrowserContext

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.licensing.flows import approve
from apps.licensing.services import NotFourPeople, object_to_offer
from tests.browser import LivePlatform, screenshot, sign_in
from tests.conftest import PASSWORD
from tests.licensing.offered import announced, another_licensee, awaiting, proved
from tests.licensing.test_journey import RULES, WAYS_TO_READ
from tests.licensing.world import World


@pytest.mark.slow
@pytest.mark.journey
@pytest.mark.timeout(600)
def test_every_page_of_an_offer_reads_well_everywhere(
    live_platform: LivePlatform,
    visit: Callable[..., BrowserContext],
    world: World,
    margaret: User,
    katherine: User,
    dorothy: User,
    ingrid: User,
) -> None:
    first = announced(world, margaret, katherine, dorothy)
    objection = object_to_offer(
        actor=Actor.visitor(request_id="somebody"),
        offer_id=first.pk,
        ground="personal",
        words="Row 3 names my neighbour, and so does the answer.",
        contact="reader@example.org",
        now=timezone.now(),
    )
    second = awaiting(world, margaret)
    approve(actor=proved(dorothy), offer_id=second.pk, digest=second.digest)
    with pytest.raises(NotFourPeople):
        approve(actor=proved(dorothy), offer_id=second.pk, digest=second.digest)
    another_licensee(margaret, "Corvid Analytics", ingrid)
    addresses = {
        katherine.email: {
            "approve": f"/releases/{second.release_id}/offers/1/approve/",
            "suspended": f"/releases/{first.release_id}/",
            "waiting": "/releases/waiting/",
            "home": "/home/",
            "objection": f"/releases/objections/{objection.pk}/",
            "completeness": "/releases/completeness/",
        },
        margaret.email: {
            "offer": f"/releases/{second.release_id}/offers/new/",
            "desk": "/releases/desk/",
        },
        "": {
            "announced": "/releases/announced/",
            "refusals": "/releases/refusals/",
            "object": f"/releases/{first.release_id}/offers/1/object/",
            "public-objection": f"/releases/objections/{objection.pk}/",
        },
    }
    for scheme, width, language in WAYS_TO_READ:
        for email, pages in addresses.items():
            context = visit(color_scheme=scheme, viewport={"width": width, "height": 900})
            page = context.new_page()
            if email:
                sign_in(page, live_platform, email, PASSWORD)
            context.add_cookies([{"name": "django_language", "value": language, "url": live_platform.address}])
            for name, path in pages.items():
                answer = page.goto(live_platform.url(path))
                assert answer is not None
                assert answer.ok, (name, live_platform.log_of("web"))
                assert not re.search("login|reauthenticate", page.url), name
                found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
                assert not found, (name, width, [(one["id"], one["nodes"][0]["html"]) for one in found])
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
                screenshot(page, f"offers-{name}-{scheme}-{width}-{language}")
            context.close()
