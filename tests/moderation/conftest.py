"""What the tests of moderation's pages begin with."""

from datetime import datetime

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.prompts.models import Prompt
from tests.moderation.desk import (
    prompt_of,
)


@pytest.fixture
def at() -> datetime:
    """The pages go by the real clock."""
    return timezone.now()


@pytest.fixture
def prompt(ada: User, at: datetime) -> Prompt:
    """Ada's prompt that screening handed to a person."""
    return prompt_of(ada, now=at)
