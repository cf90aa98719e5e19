"""A plugin that offers a name which is taken."""

from fasharness.hookspecs import hookimpl


@hookimpl
def fasharness_methods():
    """The harness itself has this one."""
    return {"brightness": lambda: None}
