"""``python -m showdown_witness``."""

import sys

from showdown_witness.cli import main

sys.exit(main())
