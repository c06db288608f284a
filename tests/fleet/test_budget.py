"""One budget for all workers, in a real Valkey."""

import threading
import time

import pytest

from dashboard.fleet.budget import Budget, Lead
from dashboard.fleet.store import connect
from dashboard.ona import Ona
from dashboard.simulator import World, create_app, serve
from tests.fleet.valkey import own_valkey
from tests.unruly import Unruly, refusing


@pytest.fixture
def budget(valkey):
    """Makes one worker's budget; the sleeps of each are noted instead of slept when it is `idle`."""

    def make(full=100.0, lead=Lead.SOON, sleep=time.sleep):
        return Budget(valkey, "test", full, lead, sleep)

    return make


def taken(budget, count):
    for _ in range(count):
        budget.wait()


def test_two_workers_share_one_budget(budget):
    workers = [threading.Thread(target=taken, args=(budget(), 30)) for _ in range(2)]
    began = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert time.monotonic() - began >= 59 / 100


def test_a_429_halves_the_rate_of_both_and_successes_bring_it_back_slowly(budget):
    one, other = budget(), budget()
    one.slow_down(None)
    assert one.rate == 50
    other.wait()
    assert other.rate == 50
    for _ in range(10):
        other.speed_up()
    assert 55 < other.rate <= 61
    for _ in range(60):
        other.speed_up()
    one.wait()
    assert one.rate == 100


def test_requests_that_are_refused_together_halve_the_rate_once(budget):
    workers = [budget() for _ in range(8)]
    for worker in workers:
        worker.slow_down(0.1)
    assert workers[0].rate == workers[-1].rate == 50


def test_the_rate_never_falls_below_a_floor(budget, valkey):
    one = budget()
    for _ in range(12):
        valkey.hset("ona:test:budget", "halved", 0)
        one.slow_down(None)
    assert one.rate == pytest.approx(5)


def test_everybody_waits_as_long_as_the_api_asked_one_to(budget):
    budget().slow_down(0.4)
    began = time.monotonic()
    budget(lead=Lead.AT_ONCE).wait()
    assert 0.3 < time.monotonic() - began < 2


def test_slots_that_were_booked_before_the_clock_was_set_back_keep_nobody_waiting(budget, valkey):
    later = str(time.time() + 3600)
    valkey.hset("ona:test:budget", mapping={"next": later, "halved": later, "LATER": later})
    began = time.monotonic()
    budget(lead=Lead.LATER).wait()
    valkey.hset("ona:test:budget", mapping={"next": later, "halved": later})
    one = budget(lead=Lead.AT_ONCE)
    one.slow_down(0.2)
    one.wait()
    assert time.monotonic() - began < 60
    assert one.rate == 50


def test_what_somebody_waits_for_goes_before_a_sweep(budget):
    """Sixteen threads of a full sweep want everything; an action's request waits for a few of them only."""
    stop = threading.Event()

    def sweep(one):
        while not stop.is_set():
            one.wait()

    later = budget(20.0, Lead.LATER)
    sweepers = [threading.Thread(target=sweep, args=(later,)) for _ in range(16)]
    for one in sweepers:
        one.start()
    time.sleep(0.5)
    waits = []
    for _ in range(5):
        began = time.monotonic()
        budget(20.0, Lead.AT_ONCE).wait()
        waits.append(time.monotonic() - began)
    stop.set()
    for one in sweepers:
        one.join()
    assert max(waits) < 0.6


def test_a_full_sweep_gets_its_share_however_busy_the_others_are(budget):
    stop, gone = threading.Event(), [0]

    def busy(one):
        while not stop.is_set():
            one.wait()

    soon, later = budget(40.0, Lead.SOON), budget(40.0, Lead.LATER)

    def patient():
        while not stop.is_set():
            later.wait()
            gone[0] += 1

    threads = [threading.Thread(target=busy, args=(soon,)) for _ in range(30)]
    threads.append(threading.Thread(target=patient))
    for one in threads:
        one.start()
    time.sleep(2)
    stop.set()
    for one in threads:
        one.join()
    assert gone[0] >= 3


def test_without_redis_each_process_keeps_a_pace_of_its_own():
    with own_valkey() as server:
        one = Budget(connect(server.url), "test", 50.0, Lead.SOON)
        one.wait()
        server.kill()
        began = time.monotonic()
        taken(one, 25)
        assert 0.4 < time.monotonic() - began < 3
        one.slow_down(None)
        one.speed_up()


def test_a_storm_of_429_slows_every_worker_down(valkey):
    world = World(environments=10, seed=7, life=False)
    wire = Unruly(create_app(world))
    with serve(wire) as address:
        naps = []
        budgets = [Budget(valkey, "test", 1000.0, Lead.SOON) for _ in range(2)]
        onas = [Ona.open(address, "key", pace=one, sleep=naps.append) for one in budgets]
        wire.on("ListEnvironments", refusing(429, "resource_exhausted", RateLimit_RetryAfter="1"))
        with pytest.raises(Exception, match="resource_exhausted"):
            next(onas[0].environments.pages())
        wire.meddlers.clear()
        next(onas[1].environments.pages())
        assert budgets[1].rate < 1000
        for one in onas:
            one.close()
