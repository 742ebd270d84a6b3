"""The pages of releases: for everybody, for the officer, for the licensee, and for whoever tries more."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.licensing.flows import retire_due_clusters
from apps.licensing.models import Release, ReleaseItem, ReleaseState
from apps.organizations.models import Organization
from tests.licensing.world import World
from tests.trails import refusals

pytestmark = pytest.mark.committed

ROOT = Path(__file__).parents[2]
NIGHT = Actor.system("licensing.retire_due")


def text_of(client: Client, address: str, status: int = 200) -> str:
    """Return a page's words, without tags and with single spaces."""
    answer = client.get(address)
    assert answer.status_code == status, address
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def drafted(client: Client, world: World, **more: str) -> Release:
    told = {"organization": str(world.licensee.organization_id), "title": "The sky", **more}
    answer = client.post("/releases/desk/draft/", told)
    assert answer.status_code == 302, answer.content.decode()
    return Release.objects.latest("pk")


def test_margaret_drafts_is_refused_and_seals_what_is_past_the_wall(
    world: World, margaret: User, client: Client
) -> None:
    world.sky(days_ago=5, battles=2)
    world.sky(days_ago=100)
    retire_due_clusters(actor=NIGHT)
    client.force_login(margaret)
    release = drafted(client, world)
    page = text_of(client, f"/releases/{release.pk}/")
    assert f"Release {release.pk}: 1 of 3 battles may leave" in page
    assert "Seal the 1 battle past the wall" in page
    assert "Try to seal all 3" in page
    assert "2 are live." in page
    assert "The sky" in text_of(client, "/releases/desk/")
    answer = client.post(f"/releases/{release.pk}/seal/", {"mode": "all"}, follow=True)
    assert "2 of 3 battles are behind the wall" in answer.content.decode()
    page = text_of(client, f"/releases/{release.pk}/")
    assert f"Release {release.pk} was refused: clause W1 takes out 2 of 3 battles" in page
    assert refusals() == ["taken-out"]
    second = drafted(client, world)
    answer = client.post(f"/releases/{second.pk}/seal/", {"mode": "past"}, follow=True)
    assert f"Release {second.pk} is sealed" in answer.content.decode()
    assert ReleaseItem.objects.filter(release=second).count() == 1
    # A second click changes nothing and says so.
    answer = client.post(f"/releases/{second.pk}/seal/", {"mode": "past"}, follow=True)
    assert "only a draft is sealed" in answer.content.decode()
    page = text_of(client, "/releases/")
    assert "1 sealed, 1 refused, and no live battle sold" in page
    assert "Meridian University" in page


def test_everybody_reads_releases_and_nobody_reads_drafts(
    world: World, margaret: User, ada: User, barbara: User, ingrid: User, client: Client
) -> None:
    world.sky()
    client.force_login(margaret)
    draft = drafted(client, world)
    client.logout()
    for address in ("/releases/", "/releases/live/"):
        text_of(client, address)
    assert "The sky" not in text_of(client, "/releases/")
    text_of(client, f"/releases/{draft.pk}/", 404)
    text_of(client, "/releases/999999/", 404)
    for person, status in ((ada, 404), (barbara, 200), (ingrid, 200)):
        client.force_login(person)
        text_of(client, f"/releases/{draft.pk}/", status)
        assert "Seal the" not in text_of(client, f"/releases/{draft.pk}/", status)
    assert "The sky" in text_of(client, "/releases/mine/")
    client.force_login(ada)
    assert "You speak for no licensee" in text_of(client, "/releases/mine/")


def test_the_desk_is_closed_to_everybody_else(world: World, ada: User, katherine: User, client: Client) -> None:
    release = Release.objects.get(pk=world.draft(world.sky()[2]))
    writing = [f"/releases/{release.pk}/{act}/" for act in ("seal", "cancel", "build")]
    for address in ("/releases/desk/", "/releases/desk/draft/", "/releases/desk/licensees/new/", "/releases/mine/"):
        assert client.get(address).status_code == 302
    for address in writing:
        assert client.post(address).status_code == 302
    for person in (ada, katherine):
        client.force_login(person)
        for address in ("/releases/desk/", "/releases/desk/draft/", "/releases/desk/licensees/new/"):
            assert client.get(address).status_code == 403
        for address in writing:
            assert client.post(address).status_code == 403
    release.refresh_from_db()
    assert release.state == ReleaseState.DRAFT
    assert set(refusals()) == {"not-permitted"}


def test_a_malformed_draft_comes_back_with_its_errors(world: World, margaret: User, client: Client) -> None:
    world.sky()
    client.force_login(margaret)
    told = {"organization": str(world.licensee.organization_id), "title": "The sky"}
    for more in (
        {"title": ""},
        {"organization": "0"},
        {"languages": "xx"},
        {"countries": "nowhere"},
        {"since": "yesterday"},
        {"since": "2026-09-02", "until": "2026-09-01"},
        {"models": "'; DROP TABLE release_item; --"},
        # These can be asked, and ask for nothing that exists.
        {"categories": "coding"},
    ):
        answer = client.post("/releases/desk/draft/", told | more)
        assert answer.status_code == 422, more
        assert "data-error-summary" in answer.content.decode(), more
    assert not Release.objects.exists()


def test_margaret_cancels_after_being_told_what_happens(world: World, margaret: User, client: Client) -> None:
    world.sky(battles=2)
    retire_due_clusters(actor=NIGHT)
    client.force_login(margaret)
    release = drafted(client, world)
    assert "The draft ends" in text_of(client, f"/releases/{release.pk}/cancel/")
    client.post(f"/releases/{release.pk}/seal/", {"mode": "all"})
    assert "2 sealed battles go back" in text_of(client, f"/releases/{release.pk}/cancel/")
    client.post(f"/releases/{release.pk}/cancel/")
    assert "was cancelled, and its battles went back" in text_of(client, f"/releases/{release.pk}/")
    answer = client.post(f"/releases/{release.pk}/cancel/", follow=True)
    assert "cannot be cancelled" in answer.content.decode()
    assert "Had been sealed" in text_of(client, "/releases/")


def test_margaret_adds_a_licensee(world: World, margaret: User, ingrid: User, client: Client) -> None:
    other = Organization.objects.create(name="Atoll Institute", slug="atoll", country="FJ")
    client.force_login(margaret)
    told = {"organization": str(other.pk), "contact": str(ingrid.pk), "purpose": "Research", "agreement": "Words."}
    assert client.post("/releases/desk/licensees/new/", told | {"agreement": ""}).status_code == 422
    answer = client.post("/releases/desk/licensees/new/", told, follow=True)
    assert "Atoll Institute is a licensee." in answer.content.decode()
    assert client.post("/releases/desk/licensees/new/", told).status_code == 422


def test_barbara_computes_the_root_from_the_items(
    world: World, margaret: User, barbara: User, ada: User, client: Client, tmp_path: Path
) -> None:
    """With the very program of ``docs/wall.md``."""
    world.sky(battles=5)
    retire_due_clusters(actor=NIGHT)
    client.force_login(margaret)
    release = drafted(client, world)
    address = f"/releases/{release.pk}/items.ndjson"
    assert client.get(address).status_code == 404
    client.post(f"/releases/{release.pk}/seal/", {"mode": "all"})
    client.force_login(barbara)
    leaves = tmp_path / "items.ndjson"
    leaves.write_bytes(b"".join(client.get(address).streaming_content))  # type: ignore[attr-defined]
    release.refresh_from_db()
    assert len(leaves.read_bytes().splitlines()) == 6
    program = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "wall.md").read_text(), flags=re.DOTALL)[0]
    told = subprocess.run([sys.executable, "-c", program, str(leaves)], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == release.items_root
    client.force_login(ada)
    assert client.get(address).status_code == 403


def test_the_page_of_what_is_live_counts_by_week(world: World, client: Client) -> None:
    world.sky(days_ago=5)
    world.sky(days_ago=6)
    world.sky(days_ago=100)
    page = text_of(client, "/releases/live/")
    assert "2 of 3 clusters are live and cannot be sold" in page
    assert "1 more wait for their certificate" in page
    retire_due_clusters(actor=NIGHT)
    assert "1 more wait" not in text_of(client, "/releases/live/")


def test_the_pages_stand_empty(world: World, client: Client, margaret: User) -> None:
    assert "No live battle was ever sold" in text_of(client, "/releases/")
    assert "Nothing is live" in text_of(client, "/releases/live/")
    client.force_login(margaret)
    assert "No draft waits to be sealed" in text_of(client, "/releases/desk/")
