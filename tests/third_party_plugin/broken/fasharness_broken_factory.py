"""A plugin whose factories fail when they are used."""

from fasharness.hookspecs import hookimpl


def _missing():
    import a_package_that_nobody_has  # noqa: F401


@hookimpl
def fasharness_methods():
    """A method whose module wants a missing package."""
    return {"unloadable": _missing}


@hookimpl
def fasharness_datasets():
    """A data set whose module wants a missing package."""
    return {"unloadable": _missing}
