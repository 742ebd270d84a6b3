"""Makes ``showdown-verify.pyz``, the verifier as a single file: the same sources always give the same bytes."""

import io
import sys
import zipfile
from pathlib import Path

PACKAGE = Path(__file__).parent / "showdown_verify"
SHEBANG = b"#!/usr/bin/env python3\n"
MAIN = b"""'The verifier as a single file.'

import sys

from showdown_verify.__main__ import run

sys.exit(run())
"""
# The first moment that a .zip can name; when it was built says nothing.
MOMENT = (1980, 1, 1, 0, 0, 0)
MODE = 0o100644 << 16


def build(package: Path = PACKAGE) -> bytes:
    """Return the program's bytes."""
    sources = {"__main__.py": MAIN}
    sources |= {f"showdown_verify/{path.name}": path.read_bytes() for path in package.glob("*.py")}
    archive = io.BytesIO(SHEBANG)
    archive.seek(len(SHEBANG))
    with zipfile.ZipFile(archive, "a") as file:
        for name in sorted(sources):
            member = zipfile.ZipInfo(name, MOMENT)
            member.external_attr, member.create_system = MODE, 3
            # Packed data may differ between versions of the library that packs it; stored data cannot.
            file.writestr(member, sources[name], zipfile.ZIP_STORED)
    return archive.getvalue()


def main() -> int:
    """Write the program where the first argument says."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "showdown-verify.pyz")
    target.write_bytes(build())
    target.chmod(0o755)
    return 0


if __name__ == "__main__":
    sys.exit(main())
