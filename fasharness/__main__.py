"""``python -m fasharness``: the command line."""

import sys

from fasharness.cli import main

sys.exit(main())
