"""Reads about networks: people and counts, never content or ballots."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Exists, OuterRef

from apps.contributors.models import Attribute, Contributor, DemographicClaim, Network, Standing

PEOPLE_A_PAGE: Final = 50
_COUNTED = (Attribute.COUNTRY, Attribute.LANGUAGE, Attribute.PROFESSION)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkLine:
    """One network with how many people stand where in it."""

    name: str
    people: int
    by_standing: Mapping[Standing, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkOverview:
    """How many people there are: by standing, by network, and the active ones by what they declare.

    ``by_attribute`` holds (code, people) for countries, languages and professions, the most frequent first; a person
    with two languages counts under both.
    """

    by_standing: Mapping[Standing, int]
    networks: tuple[NetworkLine, ...]
    by_attribute: Mapping[Attribute, tuple[tuple[str, int], ...]]

    @property
    def people(self) -> int:
        """Everybody who ever applied here."""
        return sum(self.by_standing.values())


def network_overview() -> NetworkOverview:
    """Return the counts over all networks of people who came here themselves, in two queries."""
    here = Contributor.objects.filter(network__is_imported=False)
    grouped = here.values_list("network__name", "standing").annotate(Count("pk")).order_by("network__name")
    by_network: dict[str, dict[Standing, int]] = {}
    for name, standing, people in grouped:
        by_network.setdefault(name, {})[Standing(standing)] = people
    declared = (
        DemographicClaim.objects.filter(
            ended_at=None,
            attribute__in=_COUNTED,
            contributor__standing=Standing.ACTIVE,
            contributor__network__is_imported=False,
        )
        .values_list("attribute", "value")
        .annotate(people=Count("contributor"))
        .order_by("-people", "value")
    )
    by_attribute: dict[Attribute, list[tuple[str, int]]] = {attribute: [] for attribute in _COUNTED}
    for declared_attribute, value, number in declared:
        by_attribute[Attribute(declared_attribute)].append((value, number))
    return NetworkOverview(
        by_standing={standing: sum(counts.get(standing, 0) for counts in by_network.values()) for standing in Standing},
        networks=tuple(
            NetworkLine(name=name, people=sum(counts.values()), by_standing=counts)
            for name, counts in by_network.items()
        ),
        by_attribute={attribute: tuple(counted) for attribute, counted in by_attribute.items()},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFilter:
    """Which people to list; empty is no condition."""

    standing: str = ""
    network: str = ""
    country: str = ""
    language: str = ""
    profession: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """One contributor as a network administrator sees them: a pseudonym and what they declare, in codes."""

    id: int
    pseudonym: str
    network: str
    standing: Standing
    country: str
    languages: tuple[str, ...]
    profession: str
    joined_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePage:
    """One page of people, the newest first; ``older`` is the id to go on before, or None."""

    lines: tuple[PersonLine, ...]
    older: int | None


def people(wanted: PeopleFilter, *, before: int | None = None) -> PeoplePage:
    """Return a page of the people who came here themselves, in two queries whatever their number."""
    found = Contributor.objects.filter(network__is_imported=False).select_related("account", "network")
    if wanted.standing in Standing.values:
        found = found.filter(standing=wanted.standing)
    if wanted.network:
        found = found.filter(network__name=wanted.network)
    for attribute, code in (
        (Attribute.COUNTRY, wanted.country),
        (Attribute.LANGUAGE, wanted.language),
        (Attribute.PROFESSION, wanted.profession),
    ):
        if code:
            claim = DemographicClaim.objects.filter(
                contributor=OuterRef("pk"), ended_at=None, attribute=attribute, value=code
            )
            found = found.filter(Exists(claim))
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found.order_by("-pk")[: PEOPLE_A_PAGE + 1])
    shown = rows[:PEOPLE_A_PAGE]
    claims: dict[int, dict[str, list[str]]] = {contributor.pk: {} for contributor in shown}
    current = DemographicClaim.objects.filter(contributor__in=claims, ended_at=None, attribute__in=_COUNTED)
    for contributor_id, said, value in current.order_by("pk").values_list("contributor_id", "attribute", "value"):
        claims[contributor_id].setdefault(said, []).append(value)
    return PeoplePage(
        lines=tuple(_person(contributor, claims[contributor.pk]) for contributor in shown),
        older=shown[-1].pk if len(rows) > PEOPLE_A_PAGE else None,
    )


def _person(contributor: Contributor, said: Mapping[str, list[str]]) -> PersonLine:
    return PersonLine(
        id=contributor.pk,
        pseudonym=contributor.account.pseudonym if contributor.account else "",
        network=contributor.network.name,
        standing=Standing(contributor.standing),
        country=next(iter(said.get(Attribute.COUNTRY, ())), ""),
        languages=tuple(said.get(Attribute.LANGUAGE, ())),
        profession=next(iter(said.get(Attribute.PROFESSION, ())), ""),
        joined_at=contributor.joined_at,
    )


def network_names() -> list[str]:
    """Return the names of the networks of people who came here themselves."""
    return list(Network.objects.filter(is_imported=False).order_by("name").values_list("name", flat=True))
