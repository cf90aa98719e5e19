"""A plugin that slows a run down where FASHARNESS_SLOW says so, for tests that interrupt it."""

import os
import time

from fasharness.hookspecs import hookimpl


def _wait(step):
    if os.environ.get("FASHARNESS_SLOW") == step:
        time.sleep(0.05)


@hookimpl(tryfirst=True)
def fasharness_count_frames(path):
    """Not mine, but only after a while."""
    _wait("prepare")


@hookimpl
def fasharness_presentation_scored(folder, score):
    """Take a while."""
    _wait("score")
