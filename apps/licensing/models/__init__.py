"""Licensees, releases, offers and deliveries, and the wall's own tables."""

from apps.licensing.models.deliveries import Delivery, DeliveryState, Tombstone, TombstoneReason
from apps.licensing.models.editions import Edition, EditionRevision
from apps.licensing.models.licensees import Licensee, PseudonymKey
from apps.licensing.models.offers import Approval, Offer, OfferLicensee, OfferState
from apps.licensing.models.releases import (
    Attempt,
    AttemptState,
    Release,
    ReleaseCandidate,
    ReleaseState,
)
from apps.licensing.models.wall import EligibleBattle, EligibleBattleCluster, ReleaseItem, RetiredCluster

__all__ = [
    "Approval",
    "Attempt",
    "AttemptState",
    "Delivery",
    "DeliveryState",
    "Edition",
    "EditionRevision",
    "EligibleBattle",
    "EligibleBattleCluster",
    "Licensee",
    "Offer",
    "OfferLicensee",
    "OfferState",
    "PseudonymKey",
    "Release",
    "ReleaseCandidate",
    "ReleaseItem",
    "ReleaseState",
    "RetiredCluster",
    "Tombstone",
    "TombstoneReason",
]
