"""Reads of the whole book: its versions, what each changes, one clause through all of them, and what is proposed."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from django.db import connection

from apps.policy.domain.changes import (
    ClauseChange,
    ClauseDifference,
    Kind,
    changed,
    differences,
    digest_source,
    in_order,
)
from apps.policy.domain.rulebook import ClauseText
from apps.policy.domain.schedule import Edition, NothingDiffers, adopted, line_of
from apps.policy.models import BackTest, Clause, PolicyProposal, PolicyVersion, ProposalState
from apps.policy.queries.clauses import UnknownClause, directions, rulebook

LIST_LENGTH: Final = 50


def database_clock() -> datetime:
    """Return the time by which versions come into force."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (at,) = cursor.fetchone()
    found: datetime = at
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """One version in the list of all: where it stands, and what it changed in the one that it was written upon.

    For a version that waits, ``comes`` is what will be different on its day from the day before.
    """

    version: PolicyVersion
    state: str
    replaces: int | None
    found: tuple[ClauseDifference, ...]
    comes: tuple[ClauseDifference, ...] = ()

    @property
    def clauses(self) -> list[str]:
        """The numbers of the clauses that differ."""
        return [each.number for each in self.found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """All versions, newest first, and the number of the one in force."""

    lines: tuple[VersionLine, ...]
    in_force: int

    @property
    def waiting(self) -> list[VersionLine]:
        """Those that will come into force, the next one first."""
        return [line for line in reversed(self.lines) if line.state == "waiting"]

    def line(self, number: int) -> VersionLine | None:
        """Return one version's line."""
        return next((line for line in self.lines if line.version.number == number), None)


def _editions() -> tuple[list[PolicyVersion], list[Edition]]:
    versions = list(
        PolicyVersion.objects.select_related("carries", "proposal__proposer", "proposal__second").order_by("number")
    )
    by_version: dict[int, list[ClauseText]] = {each.pk: [] for each in versions}
    numbers = {each.pk: each.number for each in versions}
    for clause in Clause.objects.all():
        by_version[clause.version_id].append(
            ClauseText(
                number=clause.number,
                title=clause.title,
                text=clause.text,
                parameters=clause.parameters,
                version=numbers[clause.version_id],
            )
        )
    return versions, [
        Edition(
            number=each.number,
            effective_at=each.effective_at,
            clauses=tuple(sorted(by_version[each.pk], key=lambda one: in_order(one.number))),
            carries=each.carries.number if each.carries is not None else None,
        )
        for each in versions
    ]


def book() -> Book:
    """Return every version with what it changed; versions are few, so all clauses are read at once.

    A version that carries a waiting one on is compared with that one, another with the version before it in time.
    """
    versions, editions = _editions()
    at = database_clock()
    line = line_of(editions, at)
    current = line[0].number if line and line[0].effective_at <= at else 0
    ahead = {each.number for each in line} - {current}
    sides = directions()
    comes = {
        later.number: differences(sooner.clauses, later.clauses, directions=sides) for sooner, later in pairwise(line)
    }
    lines = []
    for version, edition in zip(versions, editions, strict=True):
        before = _replaced(edition, editions, version)
        lines.append(
            VersionLine(
                version=version,
                state=_state(edition, current=current, ahead=ahead, at=at),
                replaces=before.number if before is not None else None,
                found=differences(before.clauses, edition.clauses, directions=sides) if before is not None else (),
                comes=comes.get(version.number, ()),
            )
        )
    return Book(lines=tuple(reversed(lines)), in_force=current)


def _replaced(edition: Edition, editions: Sequence[Edition], version: PolicyVersion) -> Edition | None:
    """Return the version that one was written upon: the one it carries on, or the one then in force or newest."""
    earlier = [each for each in editions if each.number < edition.number]
    if edition.carries is not None:
        return next(each for each in earlier if each.number == edition.carries)
    if version.proposal_id is None or not earlier:
        return earlier[-1] if earlier else None
    written = version.adopted_at or version.effective_at
    if edition.effective_at > written:
        return earlier[-1]
    return max((each for each in earlier if each.effective_at <= written), key=lambda each: each.number, default=None)


def _state(edition: Edition, *, current: int, ahead: set[int], at: datetime) -> str:
    if edition.number == current:
        return "in_force"
    if edition.number in ahead:
        return "waiting"
    return "past" if edition.effective_at <= at else "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two versions side by side."""

    before: PolicyVersion
    after: PolicyVersion
    found: tuple[ClauseDifference, ...]


def comparison(before: int, after: int) -> Comparison:
    """Compare any two versions.

    Raises:
        UnknownClause: when there is no such version.
    """
    versions = {each.number: each for each in PolicyVersion.objects.filter(number__in=[before, after])}
    if missing := {before, after} - versions.keys():
        raise UnknownClause(f"The rulebook has no version {min(missing)}.")
    found = differences(rulebook(version=before), rulebook(version=after), directions=directions())
    return Comparison(before=versions[before], after=versions[after], found=found)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseMoment:
    """A version in which one clause came to read as it does; ``difference`` is from how it read before."""

    line: VersionLine
    difference: ClauseDifference


def history_of(number: str) -> list[ClauseMoment]:
    """Return the versions that changed a clause, newest first, the one that brought it last."""
    found = []
    for line in book().lines:
        found += [ClauseMoment(line=line, difference=each) for each in line.found if each.number == number]
    first = Clause.objects.filter(number=number, version__number=1).select_related("version").first()
    if first is not None:
        text = ClauseText(number=number, title=first.title, text=first.text, parameters=first.parameters)
        line = VersionLine(version=first.version, state="past", replaces=None, found=())
        found.append(ClauseMoment(line=line, difference=ClauseDifference(number=number, before=None, after=text)))
    return found


def version_digest(version: int) -> str:
    """Return SHA-256 over a version's clauses as canonical JSON, in hexadecimal digits."""
    return digest_of(rulebook(version=version))


def digest_of(clauses: Sequence[ClauseText]) -> str:
    """Return SHA-256 over some clauses: JSON with sorted keys, no white space, in UTF-8, clauses by their numbers."""
    told = json.dumps(digest_source(clauses), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


# --- Proposals ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What adopting a change now would do: its kind, and when what it writes would hold."""

    kind: Kind
    written: tuple[Edition, ...]

    @property
    def effective_at(self) -> datetime:
        """When anything of it would hold first."""
        return min(each.effective_at for each in self.written)

    @property
    def tightens(self) -> bool:
        """Whether everything in it moves to a safer side."""
        return self.kind is Kind.TIGHTENS

    @property
    def holds_at_once(self) -> bool:
        """Whether the version in force changes at the moment of adoption; it may be as strict already."""
        return self.tightens and self.written[0].carries is None


def outlook(changes: Iterable[ClauseChange]) -> Outlook | None:
    """Say what adopting a change to the newest version now would do; None when nothing would change."""
    _versions, editions = _editions()
    try:
        kind, written = adopted(editions, list(changes), now=database_clock(), directions=directions())
    except NothingDiffers:
        return None
    return Outlook(kind=kind, written=tuple(written))


def changes_of(proposal: PolicyProposal) -> list[ClauseChange]:
    """Return what a proposal changes, in the order of the clauses' numbers."""
    rows = sorted(proposal.clauses.all(), key=lambda each: in_order(each.number))
    return [
        ClauseChange(
            number=each.number,
            title=each.title,
            text=each.text,
            parameters=each.parameters,
            is_removed=each.is_removed,
        )
        for each in rows
    ]


def proposed_rulebook(proposal: PolicyProposal) -> list[ClauseText]:
    """Return every clause as it would read under a proposal."""
    return list(changed(rulebook(version=proposal.based_on.number), changes_of(proposal)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalPage:
    """One proposal with everything that its page shows."""

    proposal: PolicyProposal
    found: tuple[ClauseDifference, ...]
    outlook: Outlook | None
    back_tests: list[BackTest]
    newest: int
    versions: list[PolicyVersion]

    @property
    def is_stale(self) -> bool:
        """Whether another version was adopted after this was proposed."""
        return self.proposal.based_on.number != self.newest

    @property
    def refused_now(self) -> list[BackTest]:
        """The releases that would have been refused under the proposal, and were not before."""
        return [each for each in self.back_tests if each.held and not each.holds]


def newest_version() -> PolicyVersion:
    """Return the version with the highest number, whether in force or not."""
    return PolicyVersion.objects.order_by("-number")[0]


def proposal_page(proposal_id: int) -> ProposalPage | None:
    """Return one proposal; None when there is none."""
    proposal = PolicyProposal.objects.select_related("based_on", "proposer", "second").filter(pk=proposal_id).first()
    if proposal is None:
        return None
    is_open = proposal.state == ProposalState.PROPOSED
    newest = newest_version().number
    before = rulebook(version=proposal.based_on.number)
    changes = changes_of(proposal)
    return ProposalPage(
        proposal=proposal,
        found=differences(before, changed(before, changes), directions=directions()),
        outlook=outlook(changes) if is_open and newest == proposal.based_on.number else None,
        back_tests=sorted(proposal.back_tests.all(), key=lambda each: (len(each.subject), each.subject)),
        newest=newest,
        versions=list(proposal.versions.order_by("number")),
    )


def proposals() -> list[PolicyProposal]:
    """Return the newest proposals, open ones first."""
    rows = PolicyProposal.objects.select_related("based_on", "proposer", "second").order_by("-pk")[:LIST_LENGTH]
    return sorted(rows, key=lambda each: each.state != ProposalState.PROPOSED)


def open_proposals() -> int:
    """Return how many proposals wait for a second person."""
    return PolicyProposal.objects.filter(state=ProposalState.PROPOSED).count()
