"""The collector looks rarely during a sweep, and as before after it."""

import gc

import pytest

from dashboard.fleet.collector import UNHURRIED, unhurried
from tests.unruly import meanwhile


def test_the_collector_is_as_before_after_a_sweep(simulated):
    before, during = gc.get_threshold(), []
    simulated.wire.on("ListTasks", meanwhile(lambda: during.append(gc.get_threshold())))
    simulated.sync().full()
    assert set(during) == {UNHURRIED}
    assert gc.get_threshold() == before


def test_sweeps_that_overlap_leave_it_as_the_first_one_found_it():
    before, first, second = gc.get_threshold(), unhurried(), unhurried()
    with first:
        second.__enter__()
    assert gc.get_threshold() == UNHURRIED
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before


def test_a_sweep_that_breaks_puts_it_back():
    before = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), unhurried():
        raise ZeroDivisionError
    assert gc.get_threshold() == before
