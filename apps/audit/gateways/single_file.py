"""The offline verifier as the one file that the log hands out, built from its sources beside the platform."""

import functools
import runpy
from pathlib import Path
from typing import cast

from django.conf import settings


@functools.cache
def verifier_program() -> bytes:
    """Return ``showdown-verify.pyz``: the bytes that ``python clients/verify/build_pyz.py`` writes for everybody."""
    # The sources lie outside the platform's packages, since they must not need it.
    builder = runpy.run_path(str(Path(settings.BASE_DIR) / "clients" / "verify" / "build_pyz.py"))
    return cast("bytes", builder["build"]())
