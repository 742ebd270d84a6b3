"""Results of parts as bytes: arrays and a little JSON, the same bytes for the same content."""

import io
import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

_TOLD: Final = "told"


def packed(told: Mapping[str, Any], arrays: Mapping[str, "np.typing.NDArray[Any]"] | None = None) -> bytes:
    """Return JSON and named arrays in one piece; no array may be called ``told``, and none holds objects."""
    words = np.frombuffer(json.dumps(told, sort_keys=True, separators=(",", ":")).encode(), np.uint8)
    target = io.BytesIO()
    np.savez(target, allow_pickle=False, **{_TOLD: words, **(arrays or {})})
    return target.getvalue()


def unpacked(kept: bytes) -> tuple[dict[str, Any], dict[str, "np.typing.NDArray[Any]"]]:
    """Return what ``packed`` was given."""
    with np.load(io.BytesIO(kept), allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files if name != _TOLD}
        told: dict[str, Any] = json.loads(found[_TOLD].tobytes())
    return told, arrays
