"""Clause W7 put into rows: what is told of the people of a release, once for all its editions and for good."""

from collections import Counter
from datetime import datetime
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.licensing.domain.anonymity import fit_people
from apps.licensing.domain.hierarchies import VERSION, Attribute
from apps.licensing.events import LicensingEvent
from apps.licensing.models import Release, ReleaseFit, ReleaseState
from apps.licensing.queries.people import everybody_too_few_alike, hold_the_fitting, people_of, rule_of

_FIX: Final = """
INSERT INTO licensing_persongeneralization
  (contributor_id, fit_id, country, language, profession, age_band, education)
SELECT person, %s, country, language, profession, age_band, education
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
  AS fixed (person, country, language, profession, age_band, education)
"""
_LEAVE_OUT: Final = """
INSERT INTO licensing_leftout (release_id, contributor_id, is_later)
SELECT release, person, %s FROM unnest(%s::bigint[], %s::bigint[]) AS alone (release, person)
"""


class NothingToFit(Refused):
    """The release is not sealed."""


@transaction.atomic
def fit_release(*, actor: Actor, release_id: int, now: datetime) -> ReleaseFit:
    """Fix what is told of those who are new in a release, and put down who is left out; asked again, nothing changes.

    Raises:
        NotPermitted: when the actor is not the platform.
        NothingToFit: when the release is not sealed.
    """
    if not actor.is_system:
        raise NotPermitted(_("The platform itself decides what copies tell of people."))
    hold_the_fitting()
    release = Release.objects.select_for_update(no_key=True).get(pk=release_id)
    earlier = ReleaseFit.objects.filter(release=release).first()
    if earlier is not None:
        return earlier
    if release.state != ReleaseState.SEALED:
        raise NothingToFit(_("This release is not sealed."), subject=release.ref)
    rule, readers = rule_of(release), people_of(release.pk)
    fitted = fit_people(
        declared=readers.declared,
        returning=readers.returning,
        elsewhere=readers.elsewhere,
        k=rule.k,
        order=rule.order,
    )
    fit = ReleaseFit.objects.create(
        release=release,
        k=rule.k,
        order=[each.value for each in rule.order],
        levels={each.value: fitted.levels[each] for each in Attribute},
        hierarchies=VERSION,
        people=len(readers.declared) + len(readers.returning),
        left_out=len(fitted.left_out),
        fitted_at=now,
    )
    people = sorted(fitted.fixed)
    with connection.cursor() as cursor:
        cursor.execute(
            _FIX,
            [fit.pk, people, *([fitted.fixed[each][place] for each in people] for place in range(len(Attribute)))],
        )
    _leave_out([(release.pk, person) for person in sorted(fitted.left_out)], is_later=False)
    record(
        LicensingEvent.PEOPLE_FITTED,
        actor=actor,
        subject=release.ref,
        at=now,
        clause="W7",
        facts={
            "k": fit.k,
            "levels": fit.levels,
            "hierarchies": fit.hierarchies,
            "people": fit.people,
            "people_left_out": fit.left_out,
        },
    )
    return fit


@transaction.atomic
def hold_back_small_combinations(*, actor: Actor, now: datetime) -> list[int]:
    """Leave out who stands among too few since others were taken back; return the releases whose copies change.

    All releases are counted that somebody has or may get, since one fills the other up.

    Raises:
        NotPermitted: when the actor is not the platform.
    """
    if not actor.is_system:
        raise NotPermitted(_("The platform itself decides what copies tell of people."))
    hold_the_fitting()
    alone = everybody_too_few_alike()
    _leave_out(alone, is_later=True)
    people = Counter(release_id for release_id, _person in alone)
    for release_id, count in sorted(people.items()):
        record(
            LicensingEvent.PEOPLE_HELD_BACK,
            actor=actor,
            subject=Release(pk=release_id).ref,
            at=now,
            clause="W7",
            facts={"people": count},
        )
    return sorted(people)


def _leave_out(alone: list[tuple[int, int]], *, is_later: bool) -> None:
    if alone:
        releases, people = zip(*alone, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_LEAVE_OUT, [is_later, list(releases), list(people)])
