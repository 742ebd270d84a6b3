"""Reads of the neutrality register."""

from apps.organizations.queries.control import ControlChange, changes_of_control, changes_of_control_of_each
from apps.organizations.queries.paths import TiePath, TieStep, reachable, tied, tied_each
from apps.organizations.queries.register import (
    OrganizationLine,
    Register,
    TieLine,
    owners_and_owned,
    register,
    registered_names,
    registered_under,
)
from apps.organizations.queries.staff import StaffTieLine, ties_of_person

__all__ = [
    "ControlChange",
    "OrganizationLine",
    "Register",
    "StaffTieLine",
    "TieLine",
    "TiePath",
    "TieStep",
    "changes_of_control",
    "changes_of_control_of_each",
    "owners_and_owned",
    "reachable",
    "register",
    "registered_names",
    "registered_under",
    "tied",
    "tied_each",
    "ties_of_person",
]
