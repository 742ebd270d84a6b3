"""What each clause says about single battles: consents, terms, votes, prompts, and the age in the rulebook."""

import psycopg
import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.battles.models import Endpoint
from apps.contributors.models import Consent, ConsentKind
from apps.licensing.flows import retire_due_clusters, seal
from apps.licensing.models import Release
from apps.licensing.queries import tally_of
from apps.licensing.services import Sealing, TakenOut
from tests.battles.arena import amend
from tests.licensing.world import World
from tests.policy.history import decree

pytestmark = pytest.mark.committed

NIGHT = Actor.system("licensing.retire_due")
SPOILT = {
    "UPDATE battles_vote SET excluded_under = 'I1', excluded_at = now() WHERE battle_id = {battle}": "W3",
    "UPDATE prompts_prompt SET state = 'withdrawn' WHERE id = {prompt}": "W3",
    "UPDATE prompts_prompt SET state = 'awaiting_review' WHERE id = {prompt}": "W3",
    "DELETE FROM battles_response WHERE side = 'right' AND battle_id = {battle}": "W3",
    # Without its vote a battle has no voter who could have agreed.
    "DELETE FROM battles_vote WHERE battle_id = {battle}": "W2",
    "SELECT 1": None,
}
# Consents of the author and of the voter, as they stood in hours before now; the battle was fought 2400 hours ago.
CONSENTS = {
    "given before and kept": ("10000 hours", None, None),
    "given before and withdrawn since": ("10000 hours", "10 hours", "W2"),
    "given after the battle": ("2390 hours", None, "W2"),
    "withdrawn before the battle": ("10000 hours", "2410 hours", "W2"),
}


def clause_of(release: Release) -> str | None:
    """Return the clause that takes out the one battle of a draft."""
    refusing = tally_of(release).first_refusing
    return refusing.value if refusing else None


def old_draft(world: World) -> tuple[Release, int, int]:
    """Write a retired battle of long ago and a draft of it alone."""
    prompt, cluster, [battle] = world.sky()
    world.retired(cluster)
    return Release.objects.get(pk=world.draft([battle])), prompt, battle


def test_excluded_votes_withdrawn_prompts_and_half_battles_stay(world: World) -> None:
    for statement, clause in SPOILT.items():
        release, prompt, battle = old_draft(world)
        world.owner.execute(statement.format(prompt=prompt, battle=battle).encode())
        assert clause_of(release) == clause, statement


@pytest.mark.parametrize("whose", ["author", "voter"])
def test_both_agreed_to_licensing_then_and_agree_now(world: World, whose: str) -> None:
    release, _prompt, _battle = old_draft(world)
    contributor = world.authors_id if whose == "author" else world.voters_id
    for story, (given, withdrawn, clause) in CONSENTS.items():
        world.rewritten(
            "contributors_consent",
            "UPDATE contributors_consent SET given_at = now() - %s::interval, withdrawn_at = now() - %s::interval"
            " WHERE kind = 'licensing' AND contributor_id = %s",
            given,
            withdrawn,
            contributor,
        )
        assert clause_of(release) == clause, story


def test_a_consent_given_again_does_not_cover_the_time_without_one(world: World, mallory: User) -> None:
    release, _prompt, _battle = old_draft(world)
    first = Consent.objects.get(contributor__account=mallory, kind=ConsentKind.LICENSING)
    world.owner.execute(
        "UPDATE contributors_consent SET withdrawn_at = now() - interval '2500 hours' WHERE id = %s", [first.pk]
    )
    Consent.objects.create(contributor=first.contributor, text=first.text, kind=first.kind, given_at=timezone.now())
    assert clause_of(release) == "W2"
    world.rewritten(
        "contributors_consent",
        "UPDATE contributors_consent SET withdrawn_at = now() - interval '2300 hours' WHERE id = %s",
        first.pk,
    )
    assert clause_of(release) is None


def test_a_consent_to_publication_is_none_to_licensing(world: World, mallory: User) -> None:
    release, _prompt, _battle = old_draft(world)
    Consent.objects.filter(contributor__account=mallory, kind=ConsentKind.PUBLICATION).update(
        withdrawn_at=timezone.now()
    )
    assert clause_of(release) is None
    Consent.objects.filter(contributor__account=mallory, kind=ConsentKind.LICENSING).update(withdrawn_at=timezone.now())
    assert clause_of(release) == "W2"


def test_unknown_terms_of_either_endpoint_are_a_no(world: World) -> None:
    release, _prompt, _battle = old_draft(world)
    for endpoint in world.endpoints:
        for terms, clause in ((None, "W2"), (False, "W2"), (True, None)):
            Endpoint.objects.filter(pk=endpoint.pk).update(redistribution_allowed=terms)
            assert clause_of(release) == clause


def test_each_battle_is_counted_once_under_the_first_clause_that_says_no(world: World) -> None:
    _prompt, _cluster, [live] = world.sky(days_ago=5)
    world.owner.execute("UPDATE battles_vote SET excluded_under = 'I1', excluded_at = now()")
    assert clause_of(Release.objects.get(pk=world.draft([live]))) == "W1"


def test_a_longer_age_in_the_rulebook_holds_at_once(world: World, margaret: User) -> None:
    """The release was drafted under 60 days; the stricter of the two versions wins."""
    release, _prompt, _battle = old_draft(world)
    amend("W1", min_age_days=120)
    assert clause_of(release) == "W1"
    with pytest.raises(TakenOut):
        seal(actor=margaret.as_actor(), release_id=release.pk, mode=Sealing.ALL_OR_NOTHING)


def test_a_shorter_age_gets_into_no_version_of_the_rulebook(world: World) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="policy_sixty_days"):
        decree(world.owner, "W1", min_age_days=59)
    _prompt, _cluster, [young] = world.sky(days_ago=59)
    assert retire_due_clusters(actor=NIGHT) == 0
    assert tally_of(Release.objects.get(pk=world.draft([young]))).to_json()["W1"] == 1
