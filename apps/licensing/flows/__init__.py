"""What takes several transactions: retiring what is due, sealing, building, and tidying up after crashes."""

from apps.licensing.flows.back_testing import back_test, run_due_back_tests
from apps.licensing.flows.building import build_due_editions, build_edition
from apps.licensing.flows.retiring import retire_due_clusters
from apps.licensing.flows.sealing import cancel, seal
from apps.licensing.flows.sweeping import sweep

__all__ = [
    "back_test",
    "build_due_editions",
    "build_edition",
    "cancel",
    "retire_due_clusters",
    "run_due_back_tests",
    "seal",
    "sweep",
]
