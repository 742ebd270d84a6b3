"""``manage.py load_demo``: fill an empty demo database with an invented network, and rank it."""

import gc
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from showdown.demo.loading.progress import Progress
from showdown.demo.loading.whole import PHASES, NotADemo, load_network
from showdown.demo.network import SEED, Scale


class Command(BaseCommand):
    """Load the invented network, once."""

    help = (
        "Fill an empty demo database with an invented network of contributors and rank it. Needs the owner's address."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the seed and the size."""
        parser.add_argument("--seed", type=int, default=SEED, help="the same seed gives the same network")
        parser.add_argument("--contributors", type=int, default=Scale().contributors)
        parser.add_argument("--votes", type=int, default=Scale().votes)

    def handle(self, *args: Any, seed: int, contributors: int, votes: int, **options: Any) -> None:
        """Load everything in one transaction; a killed load leaves nothing behind."""
        began = time.monotonic()
        # Hundreds of thousands of rows live until they are written, and none refers to itself. Looking for cycles among
        # them again and again would take two seconds and find nothing.
        gc.disable()
        progress = Progress(sys.stderr, PHASES)
        try:
            loaded = load_network(seed=seed, scale=Scale.of(contributors=contributors, votes=votes), progress=progress)
        except NotADemo as refused:
            raise CommandError(str(refused)) from refused
        progress.end(
            f"{loaded.people:,} people, {loaded.prompts:,} prompts, {loaded.battles:,} battles, "
            f"{loaded.entries:,} entries of the log: loaded in {time.monotonic() - began:.1f} s"
        )
