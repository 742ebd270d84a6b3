"""What takes several transactions: retiring what is due, sealing, building, and tidying up after crashes."""

from apps.licensing.flows.back_testing import back_test, run_due_back_tests
from apps.licensing.flows.building import build_due_editions, build_edition
from apps.licensing.flows.drafting import draft, draft_requested
from apps.licensing.flows.offers import approve, open_now, tend_offers
from apps.licensing.flows.reclustering import Comparison, recluster, recluster_if_due
from apps.licensing.flows.retiring import retire_due_clusters
from apps.licensing.flows.rewriting import rewrite_editions
from apps.licensing.flows.sealing import cancel, seal
from apps.licensing.flows.sweeping import sweep
from apps.licensing.flows.writing import prove_editions

__all__ = [
    "Comparison",
    "approve",
    "back_test",
    "build_due_editions",
    "build_edition",
    "cancel",
    "draft",
    "draft_requested",
    "open_now",
    "prove_editions",
    "recluster",
    "recluster_if_due",
    "retire_due_clusters",
    "rewrite_editions",
    "run_due_back_tests",
    "seal",
    "sweep",
    "tend_offers",
]
