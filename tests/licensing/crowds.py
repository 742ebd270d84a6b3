"""More people than two: voters by the dozen, since what copies tell needs ten of a kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from apps.contributors.models import Consent, ConsentKind, ConsentText, Contributor, Network, Standing
from tests.conftest import NOON
from tests.licensing.world import _ANSWERS, _BATTLE, LONG_AGO, World

_VOTE: Final = """
INSERT INTO battles_vote (battle_id, contributor_id, public_id, nonce, choice, commitment, cast_at, country, language,
  profession, age_band, education, category, proof_level, excluded_under)
SELECT id, contributor_id, gen_random_uuid(), '\\x00', 'left', repeat('0', 64), last_event_at, %(country)s,
  %(language)s, %(profession)s, %(age_band)s, %(education)s, category, 0, '' FROM battles_battle WHERE id = %(battle)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What somebody's votes carry about them."""

    country: str = "BR"
    language: str = "en"
    profession: str = "2310"
    age_band: str = "35-44"
    education: str = "7"


TEACHERS: Final = Facts()
HERMIT: Final = Facts(country="JP", language="ja", profession="X2", age_band="65+", education="1")


def crowd(world: World, count: int) -> list[int]:
    """Make contributors who agreed to everything before the past began; return their ids."""
    network, _created = Network.objects.get_or_create(name="Everyone")
    people = Contributor.objects.bulk_create(
        Contributor(network=network, standing=Standing.ACTIVE, joined_at=NOON, activated_at=NOON)
        for _number in range(count)
    )
    Consent.objects.bulk_create(
        Consent(contributor=person, text=ConsentText.objects.filter(kind=kind).earliest("pk"), kind=kind, given_at=NOON)
        for person in people
        for kind in ConsentKind
    )
    world.owner.execute("UPDATE contributors_consent SET given_at = now() - interval '10000 hours'")
    return [person.pk for person in people]


def voted(
    world: World, prompt: int, people: Sequence[int], facts: Facts = TEACHERS, *, days_ago: float = LONG_AGO
) -> list[int]:
    """Write a battle of the past for each of some people, with answers and vote; return the battles."""
    battles = []
    for person in people:
        told = world.row | {
            "prompt": prompt,
            "voted": True,
            "ago": timedelta(hours=24 * days_ago),
            "contributor": person,
        }
        with world.owner.transaction():
            found = world.owner.execute(_BATTLE, told).fetchone()
            assert found is not None
            world.owner.execute(_ANSWERS, [found[0]])
            world.owner.execute(
                _VOTE,
                {
                    "battle": found[0],
                    "country": facts.country,
                    "language": facts.language,
                    "profession": facts.profession,
                    "age_band": facts.age_band,
                    "education": facts.education,
                },
            )
        battles.append(int(found[0]))
    return battles
