"""Licensees, releases, offers and deliveries, and the wall's own tables."""

from apps.licensing.models.agreements import Agreement, AgreementText, ControlReview
from apps.licensing.models.deliveries import Delivery, DeliveryState, Tombstone, TombstoneReason
from apps.licensing.models.editions import Edition, EditionRevision
from apps.licensing.models.licensees import FinalRecipient, Licensee, LicenseeKey, PseudonymKey, Suspension
from apps.licensing.models.offers import Approval, Offer, OfferLicensee, OfferState
from apps.licensing.models.people import LeftOut, PersonGeneralization, ReleaseFit
from apps.licensing.models.releases import Attempt, AttemptState, Release, ReleaseCandidate, ReleaseState
from apps.licensing.models.requests import AccessRequest, RequestState
from apps.licensing.models.wall import EligibleBattle, EligibleBattleCluster, ReleaseItem, RetiredCluster

__all__ = [
    "AccessRequest",
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
    "LeftOut",
    "Licensee",
    "LicenseeKey",
    "Offer",
    "OfferLicensee",
    "OfferState",
    "PersonGeneralization",
    "PseudonymKey",
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
]
