"""A plugin with a misspelt hook."""

from fasharness.hookspecs import hookimpl


@hookimpl
def fasharness_method():
    """Without the plural s."""
    return {}
