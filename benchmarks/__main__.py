"""Run the sections, print their tables, and put them into docs/performance.md when asked."""

import argparse
import importlib
import pkgutil
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import benchmarks
from benchmarks.tables import Section, machine

PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"


def sections() -> list[Section]:
    """Return the sections of all modules of this package that have one, by name."""
    found = []
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name != "__main__":
            section = getattr(importlib.import_module(f"benchmarks.{module.name}"), "SECTION", None)
            if isinstance(section, Section):
                found.append(section)
    return sorted(found, key=lambda section: section.name)


def main() -> int:
    """Measure what was asked for."""
    known = sections()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="SECTION", help=", ".join(section.name for section in known))
    parser.add_argument("--quick", action="store_true", help="small sizes and one run each, to try the code")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    options = parser.parse_args()
    unknown = set(options.names) - {section.name for section in known}
    if unknown:
        parser.error(f"there is no section {', '.join(sorted(unknown))}")
    if options.write and options.quick:
        parser.error("what was measured in a hurry is not written down")
    page = PAGE.read_text(encoding="utf-8") if options.write else ""
    for section in known:
        if options.names and section.name not in options.names:
            continue
        sys.stderr.write(f"{section.title} …\n")
        text = f"{section.run(options.quick).markdown()}\nMeasured {datetime.now(UTC):%Y-%m-%d} on {machine()}\n"
        print(f"## {section.title}\n\n{text}")
        if options.write:
            page = placed(page, section.name, text)
            PAGE.write_text(page, encoding="utf-8")
    return 0


def placed(page: str, name: str, text: str) -> str:
    """Return the page with a section's table between its two marks; raises ``ValueError`` where they are missing."""
    begin, end = f"<!-- {name}: measured by python -m benchmarks {name} -->", f"<!-- end of {name} -->"
    if begin not in page or end not in page:
        raise ValueError(f"{PAGE} lacks the marks of {name}: {begin} and {end}")
    return re.sub(
        re.escape(begin) + ".*?" + re.escape(end), lambda _: f"{begin}\n{text}{end}", page, count=1, flags=re.DOTALL
    )


if __name__ == "__main__":
    sys.exit(main())
