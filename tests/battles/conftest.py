"""The arena that every story about battles takes place in."""

from collections.abc import Iterator

import pytest

from apps.accounts.models import User
from tests.battles.arena import Arena, add_lab, add_model, add_prompt
from tests.battles.model_server import ModelServer, model_server


@pytest.fixture
def arena(mallory: User) -> Arena:
    """Three models of two labs, and a prompt of Mallory's in the pool."""
    fjord, banyan = add_lab("Fjord AI"), add_lab("Banyan Labs")
    models = [add_model("Cobalt 2", fjord), add_model("Cobalt 3", fjord), add_model("Tamarind Large", banyan)]
    return Arena(prompt=add_prompt(mallory), models=models)


@pytest.fixture
def models_at() -> Iterator[ModelServer]:
    """A real server of models on this machine."""
    with model_server() as server:
        yield server
