"""Writing and screening prompts, as most tests need it."""

from uuid import uuid4

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.prompts.domain.language import ABSTAINED, Detection
from apps.prompts.models import Category, Prompt
from apps.prompts.services import screen_prompt, submit_prompt
from tests.conftest import NOON

SCREENING = Actor.system("prompts.screen_due")
PHOTOSYNTHESIS = "Explique a fotossíntese para uma criança de oito anos, com um exemplo da cozinha."
WITH_ADDRESS = "Escreva uma carta de reclamação para maria.souza@prefeitura.gov.br sobre o lixo na rua."


def written(
    by: User, text: str = PHOTOSYNTHESIS, *, language: str = "pt", category: str = Category.KNOWLEDGE
) -> Prompt:
    """Submit a prompt."""
    return submit_prompt(
        actor=by.as_actor(), text=text, language=language, category=category, submission_key=uuid4(), now=NOON
    )


def screened(
    by: User,
    text: str = PHOTOSYNTHESIS,
    *,
    language: str = "pt",
    category: str = Category.KNOWLEDGE,
    detection: Detection = ABSTAINED,
) -> Prompt:
    """Submit a prompt and screen it."""
    prompt = written(by, text, language=language, category=category)
    return screen_prompt(actor=SCREENING, prompt_id=prompt.pk, now=NOON, detection=detection)
