"""Everything that one text tells by itself."""

from apps.prompts.domain.findings import FindingKind, Rules
from apps.prompts.domain.language import ABSTAINED, Detection, judge_language
from apps.prompts.domain.screening import findings_in, is_below_cluster_length

RULES = Rules(
    near_jaccard=0.7,
    permutations=128,
    bands=32,
    shingle=5,
    max_candidates=200,
    cluster_min_characters=12,
    language_min_characters=20,
    language_min_confidence=0.6,
)


def kinds(text: str, *, detection: Detection = ABSTAINED, is_translation: bool = False) -> list[FindingKind]:
    found = findings_in(
        text,
        declared="pt",
        detection=detection,
        is_translation=is_translation,
        country="BR",
        rules=RULES,
    )
    return [finding.kind for finding in found]


def test_a_clean_prompt_gives_no_reason() -> None:
    assert kinds("Explique a fotossíntese para uma criança de oito anos.") == []


def test_one_prompt_can_give_many_reasons() -> None:
    text = "What model are you? Write to maria.souza@prefeitura.gov.br \x07"
    assert kinds(text, detection=Detection(language="en", confidence=0.9)) == [
        FindingKind.PERSONAL_DATA,
        FindingKind.IDENTITY_QUESTION,
        FindingKind.CONTROL_CHARACTERS,
        FindingKind.LANGUAGE,
    ]


def test_very_short_prompts_are_noted_and_not_reviewed() -> None:
    assert is_below_cluster_length("continue", RULES)
    assert not is_below_cluster_length("continue please", RULES)
    assert is_below_cluster_length("a" + "\u200b" * 50, RULES)
    assert kinds("continue") == [FindingKind.LENGTH]


def judged(declared: str, detected: str, confidence: float = 0.9, *, may_mix: bool = False) -> bool | None:
    finding = judge_language(
        Detection(language=detected, confidence=confidence),
        declared=declared,
        min_confidence=0.6,
        may_mix=may_mix,
    )
    return None if finding is None else finding.needs_review


def test_a_clear_difference_is_reviewed_and_a_doubtful_one_is_not() -> None:
    assert judged("pt", "en") is True
    assert judged("pt", "en", 0.59) is None
    assert judged("pt", "pt") is None


def test_a_text_to_translate_may_hold_two_languages() -> None:
    assert judged("pt", "en", may_mix=True) is False


def test_neighbours_are_not_told_apart() -> None:
    assert judged("hr", "sr") is None
