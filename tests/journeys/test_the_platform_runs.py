"""The parts of a journey that every story rests on: the processes run, and a person signs in by the real form."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext

from apps.accounts.models import User
from tests.browser import LivePlatform, screenshot, sign_in
from tests.conftest import PASSWORD


@pytest.mark.journey
def test_ada_signs_in_by_the_real_form(
    ada: User, live_platform: LivePlatform, visit: Callable[..., BrowserContext]
) -> None:
    page = visit().new_page()
    sign_in(page, live_platform, ada.email, PASSWORD)
    screenshot(page, "ada-signed-in")
    assert all(child.is_running for child in live_platform.processes.values())
    assert "/accounts/login/" not in page.url
