"""What takes several transactions: retiring what is due, sealing, building, and tidying up after crashes."""

from apps.licensing.flows.building import build_due_editions, build_edition
from apps.licensing.flows.reclustering import Comparison, recluster, recluster_if_due
from apps.licensing.flows.retiring import retire_due_clusters
from apps.licensing.flows.sealing import cancel, seal
from apps.licensing.flows.sweeping import sweep

__all__ = [
    "Comparison",
    "build_due_editions",
    "build_edition",
    "cancel",
    "recluster",
    "recluster_if_due",
    "retire_due_clusters",
    "seal",
    "sweep",
]
