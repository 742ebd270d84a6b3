"""A small past: clusters whose battles were fought long ago, written by the owner as a history is loaded."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import psycopg
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.battles.models import Endpoint, LanguageModel
from apps.contributors.models import Contributor
from apps.licensing.models import Licensee, Release, ReleaseCandidate
from apps.licensing.services import Signatory, add_licensee, declare_recipient
from apps.organizations.services import register_organization
from tests.battles.arena import add_lab, add_model, add_prompt
from tests.conftest import NOON

LONG_AGO: Final = 100
SYSTEM: Final = Actor.system("tests.world")

_BATTLE = """
INSERT INTO battles_battle (source, prompt_id, contributor_id, left_model_id, right_model_id, left_endpoint_id,
  right_endpoint_id, language, category, state, voted, void_reason, opening_key, opened_at, last_event_at)
SELECT 'platform', p.id, %(contributor)s, %(left)s, %(right)s, %(left_endpoint)s, %(right_endpoint)s, p.language,
  p.category, CASE WHEN %(voted)s THEN 'voted' ELSE 'ready' END, %(voted)s, '', gen_random_uuid(),
  clock_timestamp() - %(ago)s, clock_timestamp() - %(ago)s
FROM prompts_prompt p WHERE p.id = %(prompt)s RETURNING id
"""
_ANSWERS = """
INSERT INTO battles_response (battle_id, side, text, tokens, headers, lists, bold, first_token_ms, last_token_ms,
  created_at)
SELECT id, side, 'The ' || side || ' answer to battle ' || id, 6, 0, 0, 0, 100, 900, last_event_at
FROM battles_battle CROSS JOIN (VALUES ('left'), ('right')) AS sides (side) WHERE id = %s
"""
_VOTE = """
INSERT INTO battles_vote (battle_id, contributor_id, public_id, nonce, choice, commitment, cast_at, country, language,
  profession, age_band, education, category, proof_level, excluded_under)
SELECT id, contributor_id, gen_random_uuid(), '\\x00', 'left', repeat('0', 64), last_event_at, 'BR', language, '2310',
  '35-44', '7', category, 0, '' FROM battles_battle WHERE id = %s
"""
OPENING: Final = """
INSERT INTO battles_battle (source, prompt_id, contributor_id, left_model_id, right_model_id, left_endpoint_id,
  right_endpoint_id, language, category, state, voted, void_reason, opening_key, opened_at)
VALUES ('platform', {prompt}, {contributor}, {left}, {right}, {left_endpoint}, {right_endpoint}, 'en', 'knowledge',
  'opened', false, '', gen_random_uuid(), now())
"""


@dataclass
class World:
    """Two contributors, two models whose terms allow redistribution, a licensee, and a past to be written."""

    owner: psycopg.Connection[Any]
    author: User
    voter: User
    officer: User
    models: Sequence[LanguageModel]
    endpoints: Sequence[Endpoint]
    licensee: Licensee

    def __post_init__(self) -> None:
        self.authors_id = Contributor.objects.get(account=self.author).pk
        self.voters_id = Contributor.objects.get(account=self.voter).pk
        # Consent was given before the past began.
        self.owner.execute("UPDATE contributors_consent SET given_at = now() - interval '10000 hours'")

    @property
    def row(self) -> dict[str, int]:
        """What a battle's row names beside its prompt."""
        return {
            "contributor": self.voters_id,
            "left": self.models[0].pk,
            "right": self.models[1].pk,
            "left_endpoint": self.endpoints[0].pk,
            "right_endpoint": self.endpoints[1].pk,
        }

    def prompt(self, text: str = "Why is the sky blue?") -> tuple[int, int]:
        """Put a prompt into the pool, in a cluster of its own; return its id and the cluster's."""
        made = add_prompt(self.author, text)
        assert made.cluster_id is not None
        return made.pk, made.cluster_id

    def battle(
        self, prompt: int, *, days_ago: float = LONG_AGO, is_voted: bool = True, also_in: Sequence[int] = ()
    ) -> int:
        """Write a battle of the past with its answers and, unless told otherwise, its vote; return its id."""
        told = self.row | {"prompt": prompt, "voted": is_voted, "ago": timedelta(hours=24 * days_ago)}
        with self.owner.transaction():
            found = self.owner.execute(_BATTLE, told).fetchone()
            assert found is not None
            battle = int(found[0])
            for cluster in also_in:
                self.owner.execute("INSERT INTO battle_cluster VALUES (%s, %s)", [battle, cluster])
            self.owner.execute(_ANSWERS, [battle])
            if is_voted:
                self.owner.execute(_VOTE, [battle])
        return battle

    def sky(self, *, days_ago: float = LONG_AGO, battles: int = 1) -> tuple[int, int, list[int]]:
        """Write one prompt with some battles on it; return the prompt, its cluster and the battles."""
        prompt, cluster = self.prompt()
        return prompt, cluster, [self.battle(prompt, days_ago=days_ago) for _number in range(battles)]

    def remark(self, *, days_ago: float = LONG_AGO) -> tuple[int, int]:
        """Write a prompt too short for a cluster, with a voted battle on it; return both."""
        made = add_prompt(self.author, "go on", is_short=True)
        return made.pk, self.battle(made.pk, days_ago=days_ago)

    def draft(self, battles: Sequence[int], *, title: str = "A draft") -> int:
        """Write a draft that asks for some battles; return its id."""
        release = Release.objects.create(
            licensee=self.licensee,
            title=title,
            drafted_by=self.officer,
            drafted_at=timezone.now(),
            policy_version=1,
            asked=len(battles),
        )
        ReleaseCandidate.objects.bulk_create(ReleaseCandidate(release=release, battle_id=battle) for battle in battles)
        return release.pk

    def retired(self, *clusters: int) -> None:
        """Retire clusters as the nightly task does."""
        for cluster in clusters:
            self.owner.execute("SELECT retire_cluster(%s, 60)", [cluster])

    def sealed(self, battles: Sequence[int], *, title: str = "Sealed") -> int:
        """Seal a release of exactly these battles with plain SQL; return its id."""
        release = self.draft(battles, title=title)
        with self.owner.transaction():
            found = self.owner.execute("SELECT seal_release(%s, %s)", [release, list(battles)]).fetchone()
            assert found == (len(battles),)
            self.owner.execute(
                "UPDATE licensing_release SET state = 'sealed', sealed_at = now(), items_root = repeat('0', 64)"
                " WHERE id = %s",
                [release],
            )
        return release

    def opening(self, prompt: int) -> str:
        """Return the statement with which the application opens a battle on a prompt."""
        return OPENING.format(prompt=prompt, **self.row)

    def voting(self, battle: int) -> list[str]:
        """Return the statements with which the application writes the vote on a battle that waits for it."""
        return [
            f"UPDATE battles_battle SET state = 'voted', voted = true WHERE id = {battle}",
            "INSERT INTO battles_vote (battle_id, contributor_id, public_id, nonce, choice, commitment, cast_at,"
            " country, language, profession, age_band, education, category, proof_level, excluded_under)"
            f" VALUES ({battle}, {self.voters_id}, '{uuid.uuid4()}', '\\x00', 'left', repeat('0', 64), now(),"
            " 'BR', 'en', '2310', '35-44', '7', 'knowledge', 0, '')",
        ]

    def rewritten(self, table: str, statement: str, *parameters: object) -> None:
        """Change the past where a trigger keeps it: as nobody can but the owner, with that table's triggers asleep."""
        self.owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
        self.owner.execute(statement.encode(), parameters)
        self.owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER".encode())

    def value(self, query: str, *parameters: object) -> Any:
        """Return the first value of a query, as the owner sees it."""
        found = self.owner.execute(query.encode(), parameters).fetchone()
        return found[0] if found else None


def small_world(owner: psycopg.Connection[Any], author: User, voter: User, officer: User, contact: User) -> World:
    """Make the people and things of a small past."""
    labs = [add_lab("Fjord AI"), add_lab("Banyan Labs")]
    models = [add_model(name, lab) for name, lab in zip(("Cobalt 3", "Tamarind Large"), labs, strict=True)]
    Endpoint.objects.update(redistribution_allowed=True)
    university = register_organization(actor=SYSTEM, name="Meridian University", country="NO", is_lab=False, now=NOON)
    licensee = add_licensee(
        actor=officer.as_actor(),
        organization=university,
        contact=contact,
        purpose="Research, no transfer",
        agreement="They may read it and not pass it on.",
        signatory=Signatory("Ingrid Dahl", "Head of research"),
        now=NOON,
    )
    declare_recipient(actor=officer.as_actor(), licensee_id=licensee.pk, organization=university, now=NOON)
    endpoints = list(Endpoint.objects.order_by("model_id"))
    return World(
        owner=owner,
        author=author,
        voter=voter,
        officer=officer,
        models=models,
        endpoints=endpoints,
        licensee=licensee,
    )
