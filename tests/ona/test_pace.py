"""The in-process pace."""

import threading

import pytest

from dashboard.ona import TokenPace
from tests.ona.wire import Time


def paced(rate=10.0):
    time = Time()
    return TokenPace(rate, clock=time, sleep=time.sleep), time


def test_requests_are_spread_evenly():
    pace, time = paced()
    for _ in range(4):
        pace.wait()
    assert time.slept == pytest.approx([0.1, 0.1, 0.1])


def test_idle_time_is_not_saved_up_for_a_burst():
    pace, time = paced()
    pace.wait()
    time.now += 100
    pace.wait()
    pace.wait()
    assert time.slept == pytest.approx([0.1])


def test_a_429_halves_the_rate_and_holds_as_long_as_asked():
    pace, time = paced()
    pace.slow_down(3.0)
    assert pace.rate == 5.0
    pace.wait()
    assert time.slept == [3.0]


def test_refusals_that_come_together_halve_the_rate_once():
    pace, time = paced()
    for _ in range(8):
        pace.slow_down(None)
    assert pace.rate == 5.0
    time.now += 1
    pace.slow_down(None)
    assert pace.rate == 2.5


def test_the_rate_never_falls_below_its_floor_and_success_restores_it_slowly():
    pace, time = paced()
    for _ in range(20):
        time.now += 1
        pace.slow_down(None)
    assert pace.rate == pytest.approx(0.5)
    pace.speed_up()
    assert pace.rate == pytest.approx(0.6)
    for _ in range(200):
        pace.speed_up()
    assert pace.rate == 10.0


def test_an_absurd_delay_does_not_block_for_ever():
    pace, time = paced()
    pace.slow_down(86400.0)
    pace.wait()
    assert time.slept == [30.0]


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_must_be_positive(rate):
    with pytest.raises(ValueError, match="more than 0"):
        TokenPace(rate)


def test_threads_share_one_rate():
    slept = []
    pace = TokenPace(10.0, clock=lambda: 5.0, sleep=slept.append)
    threads = [threading.Thread(target=pace.wait) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(slept) == pytest.approx([n / 10 for n in range(1, 20)])
