"""Past releases under other versions: the database counts as the explainer does, and nothing is adopted unjudged."""

import random
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.jobs.models import JobRun, JobState
from apps.jobs.services import request_cancel
from apps.licensing.domain.replay import Rules, holds, judge, measure
from apps.licensing.domain.verdicts import Outcome
from apps.licensing.flows import back_test, run_due_back_tests, seal
from apps.licensing.models import Release
from apps.licensing.queries.replay import ages_at, measured, past_releases, recorded, replay, rules_of, verdicts_on
from apps.licensing.services import Sealing, TakenOut, draft_release
from apps.licensing.services.back_tests import request_back_test
from apps.organizations.models import Tie, TieKind
from apps.policy.domain.rulebook import FIRST_EDITION
from apps.policy.models import PolicyProposal
from apps.policy.queries import current_version
from apps.policy.services import BackTestMissing
from tests.licensing.world import World
from tests.policy.changing import adopted_by, change, judged, other, proposed
from tests.trails import facts_about

pytestmark = pytest.mark.committed
SWEEP = Actor.system("licensing.back_test_due")


def release_of(world: World, *ages: float) -> Release:
    """Seal a release of battles that were last touched so many days ago, each in a cluster of its own."""
    battles = []
    for age in ages:
        _prompt, cluster, [battle] = world.sky(days_ago=age)
        world.retired(cluster)
        battles.append(battle)
    return Release.objects.get(pk=world.sealed(battles))


# An offer that was announced, with one yes of two, as only the owner can write one.
_ANNOUNCED = """
WITH offer AS (
  INSERT INTO licensing_offer (release_id, number, state, policy_version, requester_id, builder_id, first_approver_id,
    second_approver_id, digest, created_at, announced_at, opens_at, lock_hours, ended_clause)
  VALUES (%(release)s, 1, 'announced', 1, %(requester)s, %(builder)s, %(first)s, %(second)s, repeat('0', 64), %(now)s,
    %(now)s, %(opens)s, %(hours)s, '') RETURNING id)
INSERT INTO licensing_approval (offer_id, approver_id, place, digest, approved_at)
SELECT id, %(first)s, 1, repeat('0', 64), %(now)s FROM offer
"""


def line_of(release: Release, version: int, clause: str) -> Any:
    return next(line for line in replay(release, version).lines if line.verdict.clause == clause)


def text_of(page: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.decode()).split())


def test_the_database_and_the_explainer_agree(world: World, margaret: User, katherine: User, dorothy: User) -> None:
    chance = random.Random(20261126)
    releases = [release_of(world, *(chance.uniform(60.01, 400) for _item in range(size))) for size in (1, 2, 5)]
    # A cluster is as young as its youngest battle, and a battle as young as the youngest of its clusters.
    prompt, cluster, [old] = world.sky(days_ago=300)
    world.battle(prompt, days_ago=80)
    _prompt, second, _battles = world.sky(days_ago=66)
    both = world.battle(prompt, days_ago=250, also_in=[second])
    world.retired(cluster, second)
    releases.append(Release.objects.get(pk=world.sealed([old, both])))
    assert [age.days for age in sorted(recorded(releases[-1], with_ages=True).ages)] == [66, 80]
    now = timezone.now()
    for release, hours in zip(releases, (72, 73, 96, 200), strict=True):
        world.owner.execute(
            _ANNOUNCED,
            {
                "release": release.pk, "requester": margaret.pk, "builder": world.author.pk, "first": katherine.pk,
                "second": dorothy.pk, "now": now, "opens": now + timedelta(hours=hours), "hours": hours,
            },
        )  # fmt: skip

    numbers = st.one_of(st.none(), st.integers(0, 420), st.just(2**31 - 1))
    clauses = st.frozensets(st.sampled_from(["W1", "W2", "W3", "W4", "W5", "W6", "W7"]))

    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        release=st.sampled_from(releases),
        rules=st.builds(
            Rules, version=st.just(9), clauses=clauses, min_age_days=numbers, approvals=numbers, hold_back_days=numbers,
            lock_hours=numbers, k=numbers,
        ),
        is_on_the_board=st.booleans(),
        was_open=st.booleans(),
    )  # fmt: skip
    def agree(release: Release, rules: Rules, is_on_the_board: bool, was_open: bool) -> None:
        record = recorded(release, with_ages=True)
        offers = [replace(each, is_on_the_board=is_on_the_board, was_open=was_open) for each in record.offers]
        record = replace(record, offers=tuple(offers))
        counted = measured(release, rules, known=record)
        assert counted == measure(record, rules)
        assert judge(counted, rules) == judge(measure(record, rules), rules)

    agree()
    for release in releases:
        ages = sorted(recorded(release, with_ages=True).ages)
        assert ages_at(release)[0] == ages[0]
        assert ages_at(release)[-1] == ages[-1]


def test_a_release_explains_itself_under_every_version(
    world: World, margaret: User, radia: User, katherine: User
) -> None:
    release = release_of(world, 70, 74.5, 90)
    change(radia, katherine, other("W1", min_age_days=75))
    assert current_version() == 2
    line = line_of(release, 2, "W1")
    assert (line.verdict.outcome, line.verdict.counted, line.verdict.of) == (Outcome.REFUSES, 2, 3)
    assert line.pinned.outcome is Outcome.HOLDS
    assert not replay(release, 2).holds
    assert replay(release, 1).holds


def test_what_was_refused_is_refused_again(world: World, margaret: User, radia: User, katherine: User) -> None:
    world.sky(days_ago=10)
    draft = draft_release(
        actor=margaret.as_actor(), licensee=world.licensee, title="Live", filters={}, now=timezone.now()
    )
    with pytest.raises(TakenOut):
        seal(actor=margaret.as_actor(), release_id=draft.pk, mode=Sealing.ALL_OR_NOTHING)
    draft.refresh_from_db()
    change(radia, katherine, other("W1", min_age_days=75))
    for version in (1, 2):
        assert line_of(draft, version, "W1").verdict.outcome is Outcome.REFUSES


def test_who_is_on_the_board_waits_longer(world: World) -> None:
    release = release_of(world, 100, 200)
    # Nothing has left yet.
    assert line_of(release, 1, "W5").verdict.outcome is Outcome.NOT_YET
    world.owner.execute("ALTER TABLE licensing_offer DROP CONSTRAINT licensing_opened_after_the_lock")
    world.owner.execute("ALTER TABLE licensing_offer DROP CONSTRAINT licensing_announced_by_four")
    world.owner.execute(
        "INSERT INTO licensing_offer (release_id, number, state, policy_version, builder_id, digest, created_at,"
        " opened_at, ended_clause) VALUES (%s, 1, 'open', 1, %s, '', now(), now(), '')",
        [release.pk, world.officer.pk],
    )
    world.rewritten(
        "licensing_offerlicensee",
        "INSERT INTO licensing_offerlicensee (offer_id, licensee_id) SELECT max(id), %s FROM licensing_offer",
        world.licensee.pk,
    )
    assert line_of(release, 1, "W5").verdict.outcome is Outcome.HOLDS
    Tie.objects.create(
        holder=world.licensee.organization,
        held=world.models[0].organization,
        kind=TieKind.OWNERSHIP,
        since=(timezone.now() - timedelta(days=400)).date(),
        source="https://register.example/1",
    )
    verdict = line_of(release, 1, "W5").verdict
    assert (verdict.outcome, verdict.counted, verdict.of) == (Outcome.REFUSES, 1, 2)


def test_nothing_is_adopted_before_every_past_release_was_judged(
    world: World, radia: User, katherine: User, margaret: User
) -> None:
    first = release_of(world, 65)
    proposal = judged(radia, other("W1", min_age_days=75))
    [row] = proposal.back_tests.all()
    assert (row.subject, row.held, row.holds) == (first.ref, True, False)
    refusing = [each for each in row.verdicts if each["outcome"] == "refuses"]
    assert [(each["clause"], each["counted"], each["limit"]) for each in refusing] == [("W1", 1, 75)]
    assert {name: facts_about(proposal)[name] for name in ("tested", "refused")} == {"tested": 1, "refused": 1}
    # A release that was sealed afterwards has not been judged.
    release_of(world, 100)
    with pytest.raises(BackTestMissing):
        adopted_by(katherine, proposal)
    assert current_version() == 1
    assert back_test(actor=katherine.as_actor(), proposal=proposal)
    assert proposal.back_tests.count() == 2
    adopted_by(katherine, proposal)
    # Drafts and what was given up are no past releases.
    world.draft([])
    assert past_releases() == [first.pk, first.pk + 1]


def test_many_releases_are_a_job(world: World, radia: User, katherine: User, ada: User) -> None:
    release_of(world, 65)
    proposal = proposed(radia, other("W1", min_age_days=75))
    with pytest.raises(NotPermitted):
        request_back_test(actor=ada.as_actor(), proposal=proposal, now=timezone.now())
    job = request_back_test(actor=radia.as_actor(), proposal=proposal, now=timezone.now())
    assert request_back_test(actor=katherine.as_actor(), proposal=proposal, now=timezone.now()) == job
    assert run_due_back_tests(actor=SWEEP) == 1
    assert run_due_back_tests(actor=SWEEP) == 0
    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert proposal.back_tests.count() == 1
    # One that is stopped judges nothing.
    another = proposed(radia, other("W1", min_age_days=80))
    job = request_back_test(actor=radia.as_actor(), proposal=another, now=timezone.now())
    request_cancel(actor=radia.as_actor(), job_id=job.pk, now=timezone.now())
    assert run_due_back_tests(actor=SWEEP) == 0
    assert JobRun.objects.get(pk=job.pk).state == JobState.CANCELLED
    assert PolicyProposal.objects.get(pk=another.pk).backtested_at is None


def test_the_replay_has_its_page(
    client: Client, world: World, radia: User, katherine: User, barbara: User, ada: User
) -> None:
    release, second = release_of(world, 65, 70, 90), release_of(world, 300)
    change(radia, katherine, other("W1", min_age_days=75))
    here = f"/releases/{release.pk}/replay/"
    assert client.get(here).status_code == 302
    client.force_login(ada)
    assert client.get(here).status_code == 403
    assert client.get(f"/releases/compare/?a={release.pk}&b={second.pk}").status_code == 403
    client.force_login(barbara)
    page = text_of(client.get(here).content)
    assert f"Under version 2, release {release.pk} would have been refused by W1" in page
    assert "2 of 3 battles were younger than 75 days when it was sealed" in page
    page = text_of(client.get(here + "?version=1").content)
    assert f"Under version 1, no rule refuses release {release.pk}" in page
    assert client.get(here + "?version=9").status_code == 404
    assert client.get("/releases/999/replay/").status_code == 404
    assert "Judge it again under any version" in text_of(client.get(f"/releases/{release.pk}/").content)
    assert "Which two releases?" in text_of(client.get(f"/releases/compare/?a={release.pk}").content)
    page = text_of(client.get(f"/releases/compare/?a={release.pk}&b={second.pk}&version=2").content)
    assert f"Release {release.pk} beside release {second.pk}" in page
    assert "Rules of version 2" in page
    for wrong in ("?a=x&b=y", f"?a={release.pk}&b=99", f"?a={release.pk}&b={second.pk}&version=7"):
        assert client.get("/releases/compare/" + wrong).status_code == 422
    proposal = judged(radia, other("W1", min_age_days=80))
    page = text_of(client.get(f"/rulebook/proposals/{proposal.pk}/").content)
    assert "0 of 2 past releases would have been refused that were not before" in page
    proposal = judged(radia, other("W1", min_age_days=301))
    page = text_of(client.get(f"/rulebook/proposals/{proposal.pk}/").content)
    assert "1 of 2 past releases would have been refused that was not before" in page


def test_the_first_edition_and_the_database_have_the_same_rules(world: World) -> None:
    assert rules_of(1) == Rules.of(1, FIRST_EDITION)
    assert holds(verdicts_on(release_of(world, 61), rules_of(1)))
