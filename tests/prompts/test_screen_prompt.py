"""Screening: approved by rule, handed to a person, and placed in the cluster of the nearest founder."""

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.policy.queries import clause
from apps.prompts.domain.findings import FindingKind
from apps.prompts.domain.language import Detection
from apps.prompts.domain.similarity import Signing
from apps.prompts.events import PromptEvent
from apps.prompts.models import (
    Category,
    Cluster,
    HintKind,
    Prompt,
    PromptBand,
    PromptSignature,
    PromptState,
    ScreeningHint,
)
from apps.prompts.queries import NoSuchPrompt, due_prompt_ids, founders_like
from apps.prompts.services import reject_prompt, screen_prompt, withdraw_prompt
from tests.conftest import NOON
from tests.prompts.writing import PHOTOSYNTHESIS, SCREENING, WITH_ADDRESS, screened, written
from tests.trails import facts_about, trail_of

LONG = (
    "Como faço um pão de fermentação natural em casa, sem batedeira, com farinha comum, e quanto tempo a massa deve "
    "descansar antes de ir ao forno? Explique também como sei que o pão está pronto."
)


def hint_of(prompt: Prompt, kind: HintKind) -> ScreeningHint:
    return prompt.hints.get(kind=kind)


def test_the_rows_and_the_reading_name_the_same_hints() -> None:
    assert set(HintKind.values) == {kind.value for kind in FindingKind}


def test_a_clean_prompt_is_approved_by_rule_at_once(ada: User) -> None:
    prompt = screened(ada)
    assert prompt.state == PromptState.APPROVED
    assert (prompt.decided_at, prompt.decided_clause) == (NOON, "P1")
    assert prompt.cluster is not None
    assert not prompt.hints.exists()
    assert trail_of(prompt) == [PromptEvent.SUBMITTED, PromptEvent.SCREENED, PromptEvent.APPROVED]


def test_a_flagged_prompt_waits_for_a_person_with_its_reasons(ada: User) -> None:
    prompt = screened(ada, WITH_ADDRESS)
    assert prompt.state == PromptState.AWAITING_REVIEW
    assert prompt.decided_at is None
    hint = hint_of(prompt, HintKind.PERSONAL_DATA)
    assert (hint.clause, hint.needs_review) == ("P2", True)
    assert "maria.souza" not in str(hint.evidence)
    assert trail_of(prompt) == [PromptEvent.SUBMITTED, PromptEvent.SCREENED]


def test_the_log_of_a_screening_holds_no_evidence(ada: User) -> None:
    facts = facts_about(screened(ada, WITH_ADDRESS))
    assert facts["hints"] == [{"kind": "personal_data", "clause": "P2", "needs_review": True}]
    assert facts["founds_cluster"] is True
    assert facts["policy_version"] == 1


def test_the_same_prompt_is_screened_once(ada: User) -> None:
    prompt = screened(ada)
    again = screen_prompt(actor=SCREENING, prompt_id=prompt.pk, now=NOON)
    assert again == prompt
    assert trail_of(prompt).count(PromptEvent.SCREENED) == 1
    assert due_prompt_ids() == []


def test_only_the_platform_screens(ada: User, grace: User) -> None:
    prompt = written(ada)
    with pytest.raises(NotPermitted):
        screen_prompt(actor=grace.as_actor(), prompt_id=prompt.pk, now=NOON)


def test_there_is_nothing_to_screen_under_an_unknown_number(db: None) -> None:
    with pytest.raises(NoSuchPrompt):
        screen_prompt(actor=SCREENING, prompt_id=2**40, now=NOON)


def test_another_language_than_declared_is_for_a_person(ada: User) -> None:
    english = Detection(language="en", confidence=0.97)
    prompt = screened(ada, "Explain how a refrigerator keeps the food inside it cold.", detection=english)
    assert prompt.state == PromptState.AWAITING_REVIEW
    assert prompt.detected_language == "en"
    assert hint_of(prompt, HintKind.LANGUAGE).evidence["declared"] == "pt"


def test_a_text_to_translate_is_noted_and_approved(ada: User) -> None:
    english = Detection(language="en", confidence=0.97)
    text = "Traduza: The quick brown fox jumps over the lazy dog near the river."
    prompt = screened(ada, text, category=Category.TRANSLATION, detection=english)
    assert prompt.state == PromptState.APPROVED
    assert not hint_of(prompt, HintKind.LANGUAGE).needs_review


def test_unreadable_characters_are_for_a_person(ada: User) -> None:
    prompt = screened(ada, "Leia isto em voz alta:\x00 um, dois, três")
    assert prompt.state == PromptState.AWAITING_REVIEW
    assert hint_of(prompt, HintKind.CONTROL_CHARACTERS).clause == "P8"


def test_a_very_short_prompt_is_approved_without_a_cluster(ada: User, mallory: User) -> None:
    prompts = [screened(ada, "continue"), screened(mallory, "continue", language="en")]
    for prompt in prompts:
        assert prompt.state == PromptState.APPROVED
        assert (prompt.cluster, prompt.below_cluster_length) == (None, True)
        assert not hint_of(prompt, HintKind.LENGTH).needs_review
    assert not PromptSignature.objects.exists()


def test_the_database_keeps_short_prompts_out_of_clusters(ada: User) -> None:
    prompt = screened(ada, "continue")
    with pytest.raises(IntegrityError), transaction.atomic():
        Prompt.objects.filter(pk=prompt.pk).update(cluster=Cluster.objects.create(founded_at=NOON))


def test_a_founder_has_bands_and_who_joins_has_none(ada: User, mallory: User) -> None:
    founder = screened(ada, LONG)
    joined = screened(mallory, LONG.replace("em casa, ", ""))
    assert joined.cluster == founder.cluster
    assert (founder.signature.is_founder, joined.signature.is_founder) == (True, False)
    assert founder.bands.count() == 32
    assert PromptBand.objects.count() == 32
    hint = hint_of(joined, HintKind.DUPLICATE)
    assert not hint.needs_review
    assert 0.7 <= hint.evidence["resemblance"] < 1
    assert joined.state == PromptState.APPROVED


def test_another_text_founds_a_cluster_of_its_own(ada: User) -> None:
    assert screened(ada, LONG).cluster != screened(ada).cluster


def test_nobody_joins_by_resembling_one_who_joined(ada: User) -> None:
    """A chain of small changes ends in another cluster, since only the founder is compared with."""
    words = LONG.split()
    founder = screened(ada, LONG)
    clusters = []
    for step in range(1, len(words)):
        words[step - 1] = "palavra" + "ç" * step
        clusters.append(screened(ada, " ".join(words)).cluster)
    assert clusters[0] == founder.cluster
    assert clusters[-1] != founder.cluster
    for signature in PromptSignature.objects.filter(is_founder=False).select_related("prompt"):
        assert hint_of(signature.prompt, HintKind.DUPLICATE).evidence["resemblance"] >= 0.7


def test_bands_of_one_who_joined_draw_nobody_in(ada: User) -> None:
    """Were such rows ever loaded in bulk, they would still not make a founder."""
    screened(ada, LONG)
    joined = screened(ada, LONG.replace("em casa, ", "").replace("Explique também como sei que o pão está pronto.", ""))
    signing = Signing(permutations=128, bands=32, shingle=5)
    PromptBand.objects.bulk_create(
        PromptBand(prompt=joined, band=band, key=key)
        for band, key in enumerate(signing.band_keys(signing.sign(joined.text)))
    )
    found = founders_like(signing.sign(joined.text), signing, limit=200)
    assert joined.pk not in {founder.prompt_id for founder in found}


def test_exactly_another_s_words_are_for_a_person(ada: User, mallory: User) -> None:
    first = screened(ada)
    copied = screened(mallory, f"  {PHOTOSYNTHESIS.upper()}\u200b ")
    assert copied.state == PromptState.AWAITING_REVIEW
    assert copied.cluster == first.cluster
    hint = hint_of(copied, HintKind.DUPLICATE)
    assert (hint.clause, hint.evidence["exact"], hint.evidence["of_another"]) == ("P3", True, True)


def test_one_s_own_words_again_are_noted_only(ada: User) -> None:
    screened(ada)
    again = screened(ada)
    assert again.state == PromptState.APPROVED
    assert not hint_of(again, HintKind.DUPLICATE).needs_review


def test_rejected_words_do_not_come_back_by_rule(ada: User, grace: User) -> None:
    rejected = screened(ada, WITH_ADDRESS.replace("@", " na "))
    reject_prompt(actor=grace.as_actor(), prompt=rejected, clause=clause("P5"), now=NOON)
    again = screened(ada, rejected.text)
    assert again.state == PromptState.AWAITING_REVIEW


def test_who_resembles_a_merged_cluster_joins_the_one_that_is_left(ada: User, mallory: User) -> None:
    founder = screened(ada, LONG)
    middle, left = (Cluster.objects.create(founded_at=NOON) for _ in range(2))
    with connection.cursor() as cursor:
        cursor.execute("SELECT merge_clusters(%s, %s)", [founder.cluster_id, middle.pk])
        cursor.execute("SELECT merge_clusters(%s, %s)", [middle.pk, left.pk])
    assert screened(mallory, LONG.replace("em casa, ", "")).cluster == left
    assert screened(mallory, LONG).cluster == left


def test_a_prompt_withdrawn_before_screening_is_never_screened(ada: User) -> None:
    prompt = written(ada)
    withdraw_prompt(actor=ada.as_actor(), prompt=prompt, clause=None, now=NOON)
    assert screen_prompt(actor=Actor.system("tests"), prompt_id=prompt.pk, now=NOON).state == PromptState.WITHDRAWN
    assert not PromptSignature.objects.exists()
