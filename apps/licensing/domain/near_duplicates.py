"""How well near-duplicates are found, as measured: what every edition says about how its clusters were told apart.

The numbers lie in ``near_duplicates.json`` beside this module, written by ``python -m benchmarks.twins --write``. They
hold for one algorithm and threshold, and for another nothing is claimed.
"""

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from apps.audit.domain.canonical import JSON

FILE: Final = "near_duplicates.json"
NOT_MEASURED: Final = "not measured for this algorithm"


def near_duplicates(*, algorithm: str, threshold: float) -> dict[str, JSON]:
    """Return the algorithm, its threshold, and its measured recall by language in parts of a thousand."""
    measured = _measured()
    is_it = measured["algorithm"] == algorithm and measured["threshold"] == str(threshold)
    return {
        "algorithm": algorithm,
        "measured_on": measured["measured_on"] if is_it else NOT_MEASURED,
        "recall_per_mille": dict(measured["recall_per_mille"]) if is_it else {},
        "threshold": str(threshold),
    }


@lru_cache(maxsize=1)
def _measured() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(files(__package__).joinpath(FILE).read_text(encoding="utf-8"))
    return told
