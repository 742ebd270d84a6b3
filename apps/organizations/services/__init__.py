"""Everything that writes into the neutrality register."""

from apps.organizations.services.register import (
    AlreadyRegistered,
    AlreadyTied,
    NotATie,
    TieAlreadyEnded,
    declare_tie,
    end_tie,
    register_organization,
)
from apps.organizations.services.staff import NotYourTie, declare_staff_tie, end_staff_tie

__all__ = [
    "AlreadyRegistered",
    "AlreadyTied",
    "NotATie",
    "NotYourTie",
    "TieAlreadyEnded",
    "declare_staff_tie",
    "declare_tie",
    "end_staff_tie",
    "end_tie",
    "register_organization",
]
