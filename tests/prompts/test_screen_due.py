"""The sweep: everything that waits is screened, with a detector where there is one."""

import logging
from dataclasses import dataclass, field

import pytest

from apps.accounts.models import User
from apps.prompts import tasks
from apps.prompts.domain.language import Detection
from apps.prompts.flows import screen_with_detector
from apps.prompts.gateways import LinguaDetector, NullDetector
from apps.prompts.models import Prompt, PromptState
from apps.prompts.queries import due_prompt_ids
from tests.conftest import NOON
from tests.prompts.writing import SCREENING, written

ENGLISH = "Explain how a refrigerator keeps the food inside it cold."


@dataclass
class Told:
    """A detector that says what it is told to, and remembers what it was asked."""

    answer: Detection
    languages: frozenset[str] = frozenset({"pt", "en"})
    asked: list[str] = field(default_factory=list)

    def detect(self, text: str) -> Detection:
        self.asked.append(text)
        return self.answer


def screen_by(detector: Told, prompt: Prompt) -> Prompt:
    return screen_with_detector(actor=SCREENING, prompt_id=prompt.pk, now=NOON, detector=lambda: detector)


def test_the_detector_s_word_reaches_the_prompt(ada: User) -> None:
    detector = Told(Detection(language="en", confidence=0.98))
    assert screen_by(detector, written(ada, ENGLISH)).state == PromptState.AWAITING_REVIEW
    assert detector.asked == [ENGLISH]


def test_code_is_not_asked_about(ada: User) -> None:
    detector = Told(Detection(language="pt", confidence=0.98))
    screen_by(detector, written(ada, f"Por que este código não termina?\n```\n{'while True: pass ' * 20}```"))
    assert detector.asked == ["Por que este código não termina?"]


@pytest.mark.parametrize("text", ["Que horas são?", "```\n" + "x = 1\n" * 50 + "```"])
def test_short_prose_is_not_asked_about(ada: User, text: str) -> None:
    detector = Told(Detection(language="en", confidence=0.98))
    assert screen_by(detector, written(ada, text)).state == PromptState.APPROVED
    assert detector.asked == []


def test_a_language_that_the_detector_does_not_know_is_believed(ada: User) -> None:
    detector = Told(Detection(language="en", confidence=0.98))
    assert screen_by(detector, written(ada, ENGLISH, language="gn")).state == PromptState.APPROVED
    assert detector.asked == []


def test_who_has_been_screened_costs_no_detector(ada: User) -> None:
    prompt = written(ada)
    screen_with_detector(actor=SCREENING, prompt_id=prompt.pk, now=NOON, detector=NullDetector)

    def never() -> NullDetector:
        raise AssertionError("There was nothing left to read.")

    screen_with_detector(actor=SCREENING, prompt_id=prompt.pk, now=NOON, detector=never)


def test_the_sweep_screens_all_that_waits(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "language_detector", NullDetector)
    for text in (ENGLISH, "Explique a maré a quem nunca viu o mar, por favor."):
        written(ada, text)
    tasks.screen_due.run()
    assert due_prompt_ids() == []
    assert Prompt.objects.approved().count() == 2


def test_one_that_fails_does_not_hold_up_the_others(
    ada: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, well = written(ada, ENGLISH), written(ada)
    real = screen_with_detector

    def fragile(**about: object) -> Prompt:
        if about["prompt_id"] == broken.pk:
            raise RuntimeError("A detector's fault")
        return real(**about)  # type: ignore[arg-type]

    monkeypatch.setattr(tasks, "screen_with_detector", fragile)
    monkeypatch.setattr(tasks, "language_detector", NullDetector)
    with caplog.at_level(logging.ERROR):
        tasks.screen_due.run()
    assert due_prompt_ids() == [broken.pk]
    well.refresh_from_db()
    assert well.state == PromptState.APPROVED
    assert "refrigerator" not in caplog.text


def test_the_real_detector_tells_languages_apart() -> None:
    detector = LinguaDetector(frozenset({"pt", "en", "ar", "ja", "tlh"}))
    assert detector.languages == {"pt", "en", "ar", "ja"}
    for language, text in {
        "en": ENGLISH,
        "pt": "Explique como a geladeira mantém frio o que está dentro dela.",
        "ar": "اشرح كيف تحافظ الثلاجة على برودة الطعام",
        "ja": "冷蔵庫がどのように食品を冷やすか説明してください",
    }.items():
        assert detector.detect(text).language == language
    assert detector.detect("12345 67890").abstains
