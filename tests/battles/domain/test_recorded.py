"""Recorded models: the same answer every time, better ones from better models, in the question's language."""

import statistics

import pytest

from apps.battles.domain.measures import measure
from apps.battles.domain.recorded import habits_of, paced_pieces
from apps.battles.gateways.recorded import SampleQuestion, recorded_answer, sample_questions

QUESTIONS = sample_questions()


def test_there_are_questions_in_eight_languages() -> None:
    assert {question.language for question in QUESTIONS} == {"en", "pt", "es", "fr", "de", "hi", "ar", "ja"}
    assert len(QUESTIONS) >= 60


def test_an_answer_depends_on_model_and_question_alone() -> None:
    one, other = QUESTIONS[0].text, QUESTIONS[1].text
    assert recorded_answer(one, remote_name="aurora-4") == recorded_answer(one, remote_name="aurora-4")
    assert recorded_answer(one, remote_name="aurora-4") != recorded_answer(other, remote_name="aurora-4")
    assert len({recorded_answer(one, remote_name=f"model-{number}") for number in range(8)}) >= 4


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.text[:40])
def test_a_strong_model_answers_in_the_language_of_the_question(question: SampleQuestion) -> None:
    own = {"ja": "\u3040-\u30ff", "hi": "\u0900-\u097f", "ar": "\u0600-\u06ff"}
    answer = recorded_answer(question.text, remote_name="strong/0.95")
    assert answer != recorded_answer("?", remote_name="strong/0.95")
    if signs := own.get(question.language):
        assert any(signs[0] <= sign <= signs[-1] for sign in answer)


def test_better_models_say_more() -> None:
    def typical_length(quality: float) -> float:
        answers = [recorded_answer(question.text, remote_name=f"m/{quality}") for question in QUESTIONS]
        return statistics.mean(measure(answer).tokens for answer in answers)

    lengths = [typical_length(quality) for quality in (0.1, 0.45, 0.65, 0.95)]
    assert lengths == sorted(lengths)
    assert lengths[-1] > 1.5 * lengths[0]


def test_models_differ_in_style() -> None:
    styles = {(habits_of(f"model-{number}").form, habits_of(f"model-{number}").bold) for number in range(40)}
    assert len(styles) >= 6
    assert habits_of("aurora-4/0.82").quality == 0.82
    assert 0.3 <= habits_of("aurora-4").quality <= 0.8


@pytest.mark.parametrize("prompt", ["", "xyzzy", "\ud800", "Wann ist es?", "¿Y ahora?", "これは何ですか"])
def test_any_question_gets_an_answer(prompt: str) -> None:
    assert len(recorded_answer(prompt, remote_name="m")) > 40


def test_pieces_make_the_answer_again() -> None:
    for question in QUESTIONS:
        answer = recorded_answer(question.text, remote_name="m/0.9")
        pieces = paced_pieces(answer)
        assert "".join(pieces) == answer
        assert len(pieces) > 20
