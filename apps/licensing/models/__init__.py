"""Licensees, releases, offers and deliveries, and the wall's own tables."""

from apps.licensing.models.agreements import Agreement, AgreementText, ControlReview
from apps.licensing.models.attempts import Act, Attempt, AttemptState
from apps.licensing.models.deliveries import (
    Delivery,
    DeliveryState,
    ReadIncident,
    ReadMatch,
    Tombstone,
    TombstoneReason,
    Transfer,
)
from apps.licensing.models.editions import Edition, EditionRevision
from apps.licensing.models.licensees import FinalRecipient, Licensee, LicenseeKey, PseudonymKey, Suspension
from apps.licensing.models.notices import Letter, LetterKind, Notice, NoticeRow
from apps.licensing.models.objections import OUTCOMES, Ground, Objection, ObjectionState, WaitingObjection
from apps.licensing.models.offers import Approval, Halt, Offer, OfferLicensee, OfferState
from apps.licensing.models.people import LeftOut, PersonGeneralization, ReleaseFit
from apps.licensing.models.releases import Release, ReleaseCandidate, ReleaseState
from apps.licensing.models.requests import AccessRequest, RequestState
from apps.licensing.models.wall import EligibleBattle, EligibleBattleCluster, ReleaseItem, RetiredCluster

__all__ = [
    "OUTCOMES",
    "AccessRequest",
    "Act",
    "Agreement",
    "AgreementText",
    "Approval",
    "Attempt",
    "AttemptState",
    "ControlReview",
    "Delivery",
    "DeliveryState",
    "Edition",
    "EditionRevision",
    "EligibleBattle",
    "EligibleBattleCluster",
    "FinalRecipient",
    "Ground",
    "Halt",
    "LeftOut",
    "Letter",
    "LetterKind",
    "Licensee",
    "LicenseeKey",
    "Notice",
    "NoticeRow",
    "Objection",
    "ObjectionState",
    "Offer",
    "OfferLicensee",
    "OfferState",
    "PersonGeneralization",
    "PseudonymKey",
    "ReadIncident",
    "ReadMatch",
    "Release",
    "ReleaseCandidate",
    "ReleaseFit",
    "ReleaseItem",
    "ReleaseState",
    "RequestState",
    "RetiredCluster",
    "Suspension",
    "Tombstone",
    "TombstoneReason",
    "Transfer",
    "WaitingObjection",
]
