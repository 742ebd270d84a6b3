"""The invented network before it is written anywhere: the same each time, as large as promised, as uneven as life."""

from collections import Counter
from datetime import timedelta
from random import Random

from apps.battles.domain.identity import named_in
from apps.battles.models import BattleState, Choice
from apps.contributors.domain.demography import SelfDescription
from apps.prompts.domain.normalisation import canonical
from showdown.demo.labs import LABS, MODELS, tied_by_ownership
from showdown.demo.network import Network, Scale, make_network
from showdown.demo.people import ADA, COUNTRIES, Habit
from showdown.demo.votes import RIGGED
from showdown.demo.words import all_words
from tests.showdown.demo.conftest import EVENING, SMALL


def test_the_same_seed_gives_the_same_network() -> None:
    first, again = (make_network(seed=5, scale=SMALL, now=EVENING) for _ in range(2))
    assert (first.people, first.prompts, first.battles) == (again.people, again.prompts, again.battles)


def test_another_seed_gives_another_network() -> None:
    first, other = (make_network(seed=seed, scale=SMALL, now=EVENING) for seed in (5, 6))
    assert first.people != other.people
    assert first.battles != other.battles


def test_it_is_as_large_as_promised(full_network: Network) -> None:
    voted = [battle for battle in full_network.battles if battle.state == BattleState.VOTED]
    assert len(full_network.people) == 600
    assert len(full_network.prompts) == 2_000
    assert 28_500 < len(voted) < 31_500
    assert len({person.country for person in full_network.people}) in range(57, len(COUNTRIES) + 1)
    assert len({prompt.language for prompt in full_network.prompts}) >= 28
    assert len({person.profession for person in full_network.people}) == 50
    assert full_network.now - full_network.start == timedelta(days=150)


def test_it_is_as_uneven_as_life(full_network: Network) -> None:
    living_in = Counter(person.country for person in full_network.people)
    votes_of = sorted(Counter(battle.voter for battle in full_network.battles).values(), reverse=True)
    assert living_in.most_common(1)[0][1] > 10 * living_in.most_common()[-1][1]
    assert sum(votes_of[:60]) > 0.25 * sum(votes_of), "the busiest tenth casts a quarter of all votes"


def test_about_a_third_of_the_prompts_is_past_the_wall(full_network: Network) -> None:
    last_seen = {
        battle.prompt: battle.ended_at or battle.answered_at or battle.opened_at for battle in full_network.battles
    }
    past = [at for at in last_seen.values() if full_network.now - at > timedelta(days=60)]
    assert 0.25 < len(past) / len(last_seen) < 0.45


def test_everybody_declares_codes_that_the_application_knows(full_network: Network) -> None:
    for person in full_network.people:
        said = SelfDescription(
            country=person.country,
            languages=person.languages,
            profession=person.profession,
            age_band=person.age_band,
            education=person.education,
        )
        assert said.unknown_codes() == ()


def test_nobody_votes_before_joining_or_on_their_own_prompt(full_network: Network) -> None:
    length = full_network.now - full_network.start
    for battle in full_network.battles:
        person, prompt = full_network.people[battle.voter], full_network.prompts[battle.prompt]
        assert prompt.author != battle.voter
        assert battle.opened_at >= full_network.start + person.joins_at * length - timedelta(days=1)
        assert prompt.open_from is not None
        assert prompt.open_from <= battle.opened_at <= prompt.open_until + timedelta(hours=3)


def test_nothing_lies_in_the_future(full_network: Network) -> None:
    for battle in full_network.battles:
        assert battle.opened_at < full_network.now
        assert battle.ended_at is None or battle.ended_at < full_network.now
    assert all(prompt.screened_at < full_network.now for prompt in full_network.prompts)


def test_nobody_is_shown_a_model_of_their_employer_or_its_owners(full_network: Network) -> None:
    labs = {lab.slug for lab in LABS}
    employed = {person.number: person.employer for person in full_network.people if person.employer in labs}
    assert employed, "somebody works for a lab"
    shown = [battle for battle in full_network.battles if battle.voter in employed]
    for battle in shown:
        makers = {MODELS[battle.left].lab, MODELS[battle.right].lab}
        assert not makers & tied_by_ownership(employed[battle.voter])


def test_no_answer_gives_its_model_away(full_network: Network) -> None:
    names = [model.name for model in MODELS] + [lab.name for lab in LABS]
    answered = [battle for battle in full_network.battles if battle.answers]
    for battle in Random(1).sample(answered, 300):
        for answer in battle.answers or ():
            assert named_in(answer.text, names=names) is None


def test_most_prompts_are_distinct_and_some_repeat_on_purpose(full_network: Network) -> None:
    texts = Counter(canonical(prompt.text) for prompt in full_network.prompts)
    assert len(texts) > 0.85 * len(full_network.prompts)
    assert texts.most_common(1)[0][1] > 1


def test_cheats_do_as_they_were_paid_for(full_network: Network) -> None:
    cheats = {person.number: person.habit for person in full_network.people if person.habit is not Habit.HONEST}
    assert set(cheats.values()) == set(Habit) - {Habit.HONEST}
    for battle in full_network.battles:
        if battle.choice is not None and cheats.get(battle.voter) is Habit.RIGGING:
            if MODELS[battle.left].slug == RIGGED:
                assert battle.choice == Choice.LEFT
            if MODELS[battle.right].slug == RIGGED:
                assert battle.choice == Choice.RIGHT


def test_ada_has_something_in_every_state(full_network: Network) -> None:
    hers = [prompt for prompt in full_network.prompts if prompt.author == ADA]
    assert any(prompt.waits for prompt in hers)
    assert any(prompt.rejected_under for prompt in hers)
    assert any(prompt.open_from and not prompt.rejected_under for prompt in hers)
    assert any(battle.voter == ADA and battle.state == BattleState.READY for battle in full_network.battles)


def test_every_language_has_the_parts_of_questions_and_answers() -> None:
    assert len(all_words()) >= 30
    for words in all_words().values():
        assert len(words.points) >= 5
        assert words.openings
        assert words.closings
        for topic in words.topics:
            assert all("{a}" in question for question in topic.ask), (words.language, topic.ask)
            assert all(part.strip() for part in (*topic.a, *topic.b))


def test_a_small_network_has_what_the_full_one_has() -> None:
    scale = Scale.of(contributors=60, votes=1_500)
    network = make_network(seed=1, scale=scale, now=EVENING)
    voted = sum(battle.state == BattleState.VOTED for battle in network.battles)
    assert len(network.people) == 60
    assert 1_200 < voted < 1_800
    assert {person.habit for person in network.people} == set(Habit)
