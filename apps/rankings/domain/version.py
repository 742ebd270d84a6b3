"""The version of the engine, as snapshots record it; it changes with anything that could change a number."""

from typing import Final

ENGINE_VERSION: Final = "1.1"
