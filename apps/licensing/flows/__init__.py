"""What takes several transactions: retiring, drafting, sealing, building, approving, opening, tidying up."""

from apps.licensing.flows.building import build_due_editions, build_edition
from apps.licensing.flows.drafting import draft
from apps.licensing.flows.offers import approve, open_now, tend_offers
from apps.licensing.flows.reclustering import Comparison, recluster, recluster_if_due
from apps.licensing.flows.retiring import retire_due_clusters
from apps.licensing.flows.sealing import cancel, seal
from apps.licensing.flows.sweeping import sweep

__all__ = [
    "Comparison",
    "approve",
    "build_due_editions",
    "build_edition",
    "cancel",
    "draft",
    "open_now",
    "recluster",
    "recluster_if_due",
    "retire_due_clusters",
    "seal",
    "sweep",
    "tend_offers",
]
