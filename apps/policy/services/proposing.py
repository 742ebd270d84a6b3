"""Proposing to change the rulebook."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import commit_to, record
from apps.policy.domain.changes import ClauseChange, Fault, Unfit, changed, differences, fault_in
from apps.policy.domain.directions import CEILINGS, FLOORS
from apps.policy.domain.rulebook import SUBJECTS, ClauseText
from apps.policy.events import PolicyEvent
from apps.policy.models import ClauseProposal, PolicyProposal
from apps.policy.permissions import may_propose
from apps.policy.queries import digest_of, directions, newest_version, rulebook

LONGEST_REASON: Final = 300
LONGEST_TITLE: Final = 120
LONGEST_TEXT: Final = 4000
_NUMBER: Final = re.compile(r"[A-Z][1-9][0-9]{0,2}")
# Why a number has an end that no notice moves, told with it to whoever would move it.
_BOUNDS: Final[Mapping[tuple[str, str], object]] = {
    ("W1", "min_age_days"): gettext_lazy("What is younger is still live, and live data is never sold."),
    ("W4", "approvals"): gettext_lazy(
        "One person alone must not be able to let data go, and more than five would leave nobody to object or decide."
    ),
    ("W5", "hold_back_days"): gettext_lazy(
        "Whoever is on the board must not train on questions that still decide their rank."
    ),
    ("W6", "hours"): gettext_lazy("The public needs three days to read a notice and object."),
    ("W6", "objection_days"): gettext_lazy("Whoever objects has an answer within five days."),
    ("W9", "loosening_days"): gettext_lazy("Nobody is surprised by a rule that was loosened."),
}


class UnfitReason(Refused):
    """A change needs a reason of at most 300 characters, which everybody reads."""


class UnfitChange(Refused):
    """A clause cannot read like that; ``fault`` says which number is wrong, and how."""

    def __init__(self, message: str, *, clause: str, fault: Fault | None = None) -> None:
        super().__init__(message, clause=clause if _NUMBER.fullmatch(clause) else None)
        self.fault = fault


class NothingChanges(Refused):
    """The newest version reads like that already."""


@transaction.atomic
def propose_version(*, actor: Actor, changes: Iterable[ClauseChange], reason: str, now: datetime) -> PolicyProposal:
    """Put down how some clauses should read, upon the newest version; nothing is changed by it.

    Raises:
        NotPermitted: when the actor neither runs networks nor licensing.
        UnfitReason: when the reason is missing or too long.
        UnfitChange: when a clause could not be read by people or by the program, or falls below a floor.
        NothingChanges: when everything reads like that already.
    """
    if not may_propose(actor) or actor.account_id is None:
        raise NotPermitted(_("Licensing officers and network administrators propose changes to the rulebook."))
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= LONGEST_REASON or not reason.isprintable():
        raise UnfitReason(_("Say in at most 300 characters why the rulebook should change."))
    newest = newest_version()
    before = {each.number: each for each in rulebook(version=newest.number)}
    wanted = [_fit(before.get(change.number), change) for change in changes]
    if len({change.number for change in wanted}) != len(wanted):
        raise UnfitChange(_("A clause stands in a proposal once."), clause=wanted[0].number)
    after = changed(before.values(), wanted)
    found = differences(before.values(), after, directions=directions())
    if not found:
        raise NothingChanges(_("The newest version of the rulebook reads like that already."))
    proposal = PolicyProposal.objects.create(
        based_on=newest, reason=reason, proposer_id=actor.account_id, proposed_at=now
    )
    differing = {each.number for each in found}
    ClauseProposal.objects.bulk_create(
        ClauseProposal(
            proposal=proposal,
            number=change.number,
            title=change.title,
            text=change.text,
            parameters=dict(change.parameters),
            is_removed=change.is_removed,
        )
        for change in wanted
        if change.number in differing
    )
    record(
        PolicyEvent.PROPOSED,
        actor=actor,
        subject=proposal.ref,
        at=now,
        facts={
            "based_on": newest.number,
            "clauses": [each.number for each in found],
            "digest": digest_of(after),
            "reason": commit_to(reason, subject=proposal.ref),
        },
    )
    return proposal


def _fit(clause: ClauseText | None, change: ClauseChange) -> ClauseChange:
    """Return a change with tidy words, or raise ``UnfitChange``."""
    if not _NUMBER.fullmatch(change.number) or change.number[0] not in SUBJECTS:
        raise UnfitChange(_("A clause has a letter for its subject and a number, such as P9."), clause=change.number)
    if change.is_removed and clause is None:
        raise UnfitChange(_("There is no such clause to remove."), clause=change.number)
    title, text = " ".join(change.title.split()), " ".join(change.text.split())
    if not change.is_removed and not (0 < len(title) <= LONGEST_TITLE and 0 < len(text) <= LONGEST_TEXT):
        raise UnfitChange(_("A clause has a title and words."), clause=change.number)
    if not (title.isprintable() and text.isprintable()):
        raise UnfitChange(_("A clause is text that people can read."), clause=change.number)
    fault = fault_in(clause, change)
    if fault is not None:
        raise UnfitChange(_why(change.number, fault), clause=change.number, fault=fault)
    return ClauseChange(
        number=change.number,
        title=title,
        text=text,
        parameters=dict(change.parameters),
        is_removed=change.is_removed,
    )


def _why(number: str, fault: Fault) -> str:
    match fault.why:
        case Unfit.BELOW_FLOOR:
            said = _("No version of the rulebook goes below %(floor)d here. %(why)s")
        case Unfit.ABOVE_CEILING:
            said = _("No version of the rulebook goes above %(ceiling)d here. %(why)s")
        case Unfit.OTHER_NAMES:
            said = _("The program gives a clause its numbers: a proposal neither adds nor takes one away.")
        case Unfit.OTHER_SORT:
            said = _("A value stays of its sort: a whole number whole, a list a list.")
        case Unfit.OUT_OF_RANGE:
            said = _("A number lies between 0 and two thousand million.")
        case Unfit.STANDS:
            said = _("A clause of the wall, or one with numbers that the program reads, is changed but not removed.")
    where = (number, fault.name)
    return said % {"floor": FLOORS.get(where, 0), "ceiling": CEILINGS.get(where, 0), "why": _BOUNDS.get(where, "")}
