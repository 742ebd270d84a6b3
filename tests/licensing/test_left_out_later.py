"""Who is left out later was in the copies before: they see those, and whoever has them is told to delete the rows."""

import pytest
from django.utils import timezone

from apps.contributors.models import Contributor
from apps.licensing.flows import rewrite_editions
from apps.licensing.gateways import EditionStore
from apps.licensing.models import Delivery, Edition, LeftOut, NoticeRow, Release
from apps.licensing.queries.contributions import proof_of_delivery, rows_of, shares_of
from apps.licensing.queries.withdrawals import owed_rows
from apps.licensing.services.notices import owe_rows
from tests.licensing.builds import BUILDER, store
from tests.licensing.crowds import HERMIT, Facts, crowd
from tests.licensing.test_rewriting import NURSES, Sale, sale
from tests.licensing.world import World

__all__ = ["sale", "store"]

pytestmark = pytest.mark.committed


def delivered(world: World, release: Release) -> Delivery:
    """Let the manifest of a release's edition have been fetched, as a history is loaded."""
    world.owner.execute(
        "INSERT INTO licensing_delivery (licensee_id, counter, edition_id, revision, file, file_sha256, file_bytes,"
        " via, pseudonym, state, started_at, bytes_sent) SELECT licensee_id, (SELECT count(*) + 1 FROM"
        " licensing_delivery), id, revision, 'manifest.json', manifest_sha256, 1, 'web', 'x', 'finished', now(), 1"
        " FROM licensing_edition WHERE release_id = %s",
        [release.pk],
    )
    return Delivery.objects.latest("pk")


def test_copies_of_before_are_told_and_those_after_are_not(sale: Sale, store: EditionStore, world: World) -> None:
    release = sale.release((sale.teachers, Facts()), (sale.nurses, NURSES), is_open=True)
    before = delivered(world, release)
    sale.take_back(release, 1, of=sale.nurses)
    assert rewrite_editions(actor=BUILDER, store=store) == 1
    after = delivered(world, release)
    assert (before.revision, after.revision) == (0, 1)

    held_back = LeftOut.objects.filter(is_later=True)
    assert held_back.count() == 9
    nurse, teacher = Contributor.objects.get(pk=sale.nurses[-1]), Contributor.objects.get(pk=sale.teachers[0])
    assert proof_of_delivery(nurse, before.pk) is not None
    assert proof_of_delivery(nurse, after.pk) is None
    assert proof_of_delivery(teacher, after.pk) is not None
    [share] = shares_of(nurse)
    assert [each.pk for each in share.recipients[0].deliveries] == [before.pk]
    [row] = rows_of(nurse)
    assert (row.is_left_out, row.left_out_since) == (False, held_back.get(contributor=nurse).at)

    # One row was taken back and nine are held back: whoever has the first revision is told of all ten, once.
    assert len(owed_rows()) == 10
    assert owe_rows(actor=BUILDER, now=timezone.now()) == 10
    assert owe_rows(actor=BUILDER, now=timezone.now()) == 0
    assert not NoticeRow.objects.filter(is_urgent=True).exists()


def test_nobody_deletes_what_they_never_had(sale: Sale, world: World) -> None:
    [hermit] = crowd(world, 1)
    release = sale.release((sale.teachers, Facts()), ([hermit], HERMIT), is_open=True)
    assert LeftOut.objects.get().is_later is False
    delivered(world, release)
    sale.take_back(release, 1, of=[hermit])
    assert owed_rows() == []
    sale.take_back(release, 1, of=sale.teachers)
    assert len(owed_rows()) == 1


def test_the_time_is_the_database_s(sale: Sale, world: World) -> None:
    release = sale.release((sale.teachers, Facts()))
    put_down = LeftOut.objects.create(
        release=release, contributor_id=sale.nurses[0], is_later=True, at=timezone.now().replace(year=2001)
    )
    put_down.refresh_from_db()
    assert abs((timezone.now() - put_down.at).total_seconds()) < 60
    assert Edition.objects.get(release=release).revision == 0
