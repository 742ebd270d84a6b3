"""The parts of a journey that every story rests on: the processes run, and people sign in by the real form."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext

from apps.accounts.models import User
from showdown.supervisor.demo import PEOPLE
from tests import services
from tests.browser import LivePlatform, screenshot, sign_in
from tests.conftest import PASSWORD

pytestmark = pytest.mark.journey


def test_ada_signs_in_by_the_real_form(
    ada: User, live_platform: LivePlatform, visit: Callable[..., BrowserContext]
) -> None:
    page = visit().new_page()
    sign_in(page, live_platform, ada.email, PASSWORD)
    assert all(child.is_running for child in live_platform.processes.values())


@pytest.mark.runs("web")
@pytest.mark.usefixtures("demo_network")
def test_the_nine_people_of_the_demo_sign_in_and_find_their_homes(
    live_platform: LivePlatform, visit: Callable[..., BrowserContext]
) -> None:
    for name in PEOPLE:
        page = visit().new_page()
        sign_in(page, live_platform, f"{name}@demo.example", services.demo_password())
        screenshot(page, f"home-of-{name}")
        assert page.locator("h1").count() == 1
