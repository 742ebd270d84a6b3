"""Near texts share a cluster, screened today or compared anew; what was sold stays apart, and is not forgotten."""

import pytest
from django.utils import timezone
from psycopg import errors

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.battles.services import open_battle
from apps.licensing.events import LicensingEvent
from apps.licensing.flows import recluster, recluster_if_due
from apps.licensing.queries import is_comparison_due
from apps.licensing.services import bring_together
from apps.prompts.domain.similarity import Signing, packed
from apps.prompts.models import Cluster, Outcome, Prompt, PromptBand, PromptSignature, Resemblance
from apps.prompts.services import note_resemblance, place_turn, renew_signature
from tests.licensing.verdicts import breaches
from tests.licensing.world import World
from tests.policy.history import decree
from tests.prompts.writing import screened
from tests.trails import facts_about, trail_of

pytestmark = pytest.mark.committed

NIGHT = Actor.system("licensing.recluster_due")
SIGNING = Signing(permutations=128, bands=32, shingle=5)
BREAD = (
    "How do I bake a loaf of sourdough bread at home without a mixer, with plain flour, and how long does the dough "
    "have to rest before it goes into the oven? Tell me as well how I know that the bread is done."
)
# The likeness of each to BREAD is above 0.7, that of the two to each other far below.
WITHOUT_END = BREAD.replace(" Tell me as well how I know that the bread is done.", "")
WITHOUT_BEGINNING = BREAD.replace("How do I bake a loaf of sourdough bread at home", "I bake bread at home")
# And this is about 0.55 from it.
DISTANT = BREAD[:120] + " And what else?"


def living(prompt: Prompt) -> int:
    cluster = Prompt.objects.get(pk=prompt.pk).cluster
    assert cluster is not None
    while cluster.merged_into_id is not None:
        cluster = Cluster.objects.get(pk=cluster.merged_into_id)
    return cluster.pk


def sold(world: World, prompt: Prompt) -> int:
    """Sell a battle of long ago on a prompt; return the release."""
    battle = world.battle(prompt.pk)
    world.retired(living(prompt))
    return world.sealed([battle])


def test_a_text_near_two_founders_makes_them_one(world: World, ada: User) -> None:
    first, second = screened(ada, WITHOUT_END, language="en"), screened(ada, WITHOUT_BEGINNING, language="en")
    assert living(first) != living(second)
    between = screened(ada, BREAD, language="en")
    assert living(first) == living(second) == living(between)
    assert facts_about_screening(between)["also_near"] == [Cluster(pk=living_before(first)).ref]
    assert Resemblance.objects.get().outcome == Outcome.MERGED


def facts_about_screening(prompt: Prompt) -> dict[str, object]:
    from apps.audit.models import Entry

    facts: dict[str, object] = Entry.objects.get(subject=prompt.ref, event="prompts.screened").facts
    return facts


def living_before(prompt: Prompt) -> int:
    return PromptSignature.objects.get(prompt=prompt).cluster_id


def test_a_text_near_something_sold_founds_a_cluster_with_an_edge(world: World, ada: User, mallory: User) -> None:
    first = screened(ada, BREAD, language="en")
    sold(world, first)
    second = screened(mallory, BREAD.replace("plain ", ""), language="en")
    assert living(second) != living(first)
    assert Resemblance.objects.get().outcome == Outcome.NEAR_RELEASED
    assert world.value("SELECT released_cluster_id FROM near_released WHERE cluster_id = %s", living(second)) == living(
        first
    )
    # The next one like it joins it; the same words as what was sold live with what was sold.
    assert living(screened(ada, BREAD.replace("plain ", "") + " Thanks!", language="en")) == living(second)
    assert living(screened(mallory, BREAD, language="en")) == living(first)
    assert breaches(world, [living(first), living(second)]) == []


def test_the_words_may_go_and_the_wall_still_remembers(world: World, ada: User, mallory: User) -> None:
    first = screened(ada, BREAD, language="en")
    sold(world, first)
    world.owner.execute(
        "UPDATE prompts_prompt SET text = '', text_sha256 = repeat('0', 64), state = 'withdrawn' WHERE id = %s",
        [first.pk],
    )
    second = screened(mallory, BREAD.replace("plain ", ""), language="en")
    assert world.value("SELECT released_cluster_id FROM near_released WHERE cluster_id = %s", living(second)) == living(
        first
    )
    for statement in (
        "DELETE FROM prompts_promptsignature",
        "TRUNCATE prompts_promptsignature CASCADE",
        "UPDATE prompts_promptsignature SET is_founder = false",
        "DELETE FROM prompts_prompt",
    ):
        with pytest.raises(Exception, match=r"refused|not changed|violates"):
            world.owner.execute(statement.encode())


def test_a_looser_rule_merges_what_was_two_and_keeps_apart_what_was_sold(world: World, ada: User) -> None:
    first, second = (screened(ada, text, language="en") for text in (BREAD, DISTANT))
    assert living(first) != living(second)
    before = recluster(actor=NIGHT)
    assert (before.founders, before.merged) == (2, 0)
    decree(world.owner, "P3", near_jaccard=0.3)
    told: list[tuple[str, int]] = []
    found = recluster(actor=NIGHT, report=lambda phase, done: told.append((phase, done)))
    assert (found.merged, found.near_released, found.signed) == (1, 0, 0)
    assert living(first) == living(second) == min(living_before(first), living_before(second))
    assert told == [("signing", 2), ("comparing", 2)]
    merged = trail_of(Cluster(pk=living_before(second))) + trail_of(Cluster(pk=living_before(first)))
    assert merged == [LicensingEvent.CLUSTERS_MERGED]
    # Once more, nothing is left to do.
    assert recluster(actor=NIGHT).merged == 0


def test_compared_anew_what_resembles_something_sold_gets_an_edge(world: World, ada: User, mallory: User) -> None:
    first = screened(ada, BREAD, language="en")
    second = screened(ada, DISTANT, language="en")
    sold(world, first)
    decree(world.owner, "P3", near_jaccard=0.3)
    found = recluster(actor=NIGHT)
    assert (found.merged, found.near_released) == (0, 1)
    assert living(first) != living(second)
    facts = facts_about(Cluster(pk=living(second)))
    assert facts["released"] == Cluster(pk=living(first)).ref
    battle = open_battle(
        actor=mallory.as_actor(), prompt=second, opening_key=first.submission_key, now=timezone.now(), rng=_Even()
    )
    assert battle.tag == "near_released"
    assert breaches(world, [living(first), living(second)]) == []


class _Even:
    """A chance that is none."""

    def random(self) -> float:
        return 0.25


def test_a_better_algorithm_signs_everything_anew_but_what_was_erased(world: World, ada: User) -> None:
    first, second = screened(ada, BREAD, language="en"), screened(ada, "What is the capital of Brazil?", language="en")
    world.owner.execute("UPDATE prompts_prompt SET text = '', text_sha256 = repeat('0', 64) WHERE id = %s", [first.pk])
    decree(world.owner, "P3", permutations=256, bands=64)
    assert recluster(actor=NIGHT).signed == 1
    better = Signing(permutations=256, bands=64, shingle=5).algorithm
    assert PromptSignature.objects.get(prompt=second).algorithm == better
    assert PromptBand.objects.filter(prompt=second).count() == 64
    assert PromptSignature.objects.get(prompt=first).algorithm != better
    # Words like the erased ones are still known.
    third = screened(ada, BREAD.replace("plain ", ""), language="en")
    assert living(third) == living(first)


def test_a_person_compares_no_clusters(world: World, margaret: User) -> None:
    _prompt, first, _battles = world.sky()
    _prompt, second, _battles = world.sky()
    for act in (bring_together, note_resemblance):
        with pytest.raises(NotPermitted):
            act(
                actor=margaret.as_actor(),
                first=Cluster(pk=first),
                second=Cluster(pk=second),
                jaccard=0.9,
                algorithm="by hand",
                now=timezone.now(),
            )
    with pytest.raises(NotPermitted):
        renew_signature(actor=margaret.as_actor(), prompt_id=0)
    with pytest.raises(NotPermitted):
        recluster(actor=margaret.as_actor())


def test_what_a_turn_founded_is_known_under_a_better_rule_as_well(world: World, ada: User, mallory: User) -> None:
    placed = place_turn(actor=mallory.as_actor(), text=BREAD, language="en", now=timezone.now())
    screened(ada, "What is the capital of Brazil?", language="en")
    decree(world.owner, "P3", permutations=256, bands=64)
    assert recluster(actor=NIGHT).signed == 1
    near = screened(ada, BREAD.replace("plain ", ""), language="en")
    assert placed.cluster is not None
    assert living(near) == placed.cluster.pk


def test_a_better_method_is_applied_to_what_is_there_before_anything_is_sold(world: World, ada: User) -> None:
    """As on a database whose founders were signed by the first method, and where screening signs by the second now."""
    letter = "설날에 할머니께 드릴 편지를 어떻게 시작할까요? 정중하게 써 주세요."
    changed = letter.replace("드릴 편지를", "드리는 편지는")
    first = screened(ada, letter, language="ko")
    former = Signing(permutations=128, bands=32, shingle=5, method=1)
    signed = former.sign(letter)
    PromptSignature.objects.filter(prompt=first).update(algorithm=former.algorithm, values=packed(signed))
    PromptBand.objects.filter(prompt=first).delete()
    PromptBand.objects.bulk_create(
        PromptBand(prompt=first, band=band, key=key) for band, key in enumerate(former.band_keys(signed))
    )
    world.rewritten("clusters_compared", "DELETE FROM clusters_compared WHERE method > 1")
    assert is_comparison_due()
    second = screened(ada, changed, language="ko")
    assert living(second) != living(first)
    battle = world.battle(first.pk)
    world.retired(living(first))
    release = world.draft([battle])
    with pytest.raises(errors.ObjectNotInPrerequisiteState):
        world.owner.execute("SELECT seal_release(%s, %s)", [release, [battle]])
    found = recluster_if_due(actor=NIGHT)
    assert found is not None
    assert (found.signed, found.merged) == (1, 1)
    assert living(first) == living(second)
    assert set(PromptSignature.objects.values_list("algorithm", flat=True)) == {SIGNING.algorithm}
    assert not is_comparison_due()
    world.retired(living(first))
    world.sealed([battle])
