"""The pause of the garbage collector ends as it began, errors included."""

import gc

import pytest

from fasharness.common.memory import uncollected


def test_the_collector_pauses_and_is_as_before_afterwards() -> None:
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()

    @uncollected()
    def fail() -> None:
        assert not gc.isenabled()
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            fail()
        assert gc.isenabled()
