"""Policies as the workers run them: from the verdict to the call, over a real Valkey and the simulator's wire."""

import time
from datetime import datetime, timedelta

import pytest
from django.db import OperationalError

from dashboard import jobs
from dashboard.control import ledger
from dashboard.control.idleness import exemptions
from dashboard.control.models import Action, Delivery, IdlePolicy, PolicyRun, StopWarning
from dashboard.control.policies import changes as policies
from dashboard.fleet.snapshot import load
from tests.conftest import until
from tests.control.conftest import admin
from tests.jobs.test_batches import idle

assert admin  # the fixtures
assert idle


def armed(who, rows, **changes):
    """One over these alone."""
    ids = ",".join(one.id for one in rows)
    one = IdlePolicy(name="Nightly", scope=f"id:{ids}", idle=7200.0, **changes)
    policies.keep(one, who, ledger.utc_now())
    policies.arm(one, who, ledger.utc_now())
    until(lambda: "hot:ok" in jobs.parts.snapshot().now().sweeps)  # what this process knows is 0.25 s old
    return one


def outcomes():
    stops = Action.objects.filter(verb="environment.stop").order_by("place")
    return {one.target_id: (one.state, one.outcome) for one in stops}


def test_an_armed_policy_stops_what_is_idle_through_a_batch(idle, api, admin, valkey):
    armed(admin, idle)
    valkey.delete("ona:celery:actions")
    jobs.run_policies()
    assert valkey.llen("ona:celery:actions") == 1  # the batch begins at once
    jobs.send_lane(0)
    assert api.wire.asked.count("StopEnvironment") == 6
    assert outcomes() == {one.id: ("requested", "") for one in idle}


def test_no_batch_begins_without_the_run_on_record_that_decided_it(idle, api, admin, monkeypatch):
    armed(admin, idle)

    def full(**_):
        raise OperationalError

    monkeypatch.setattr(PolicyRun.objects, "create", full)
    with pytest.raises(OperationalError):
        jobs.run_policies()
    assert outcomes() == {}


def test_a_dry_run_calls_nothing(idle, api, admin):
    one = armed(admin, idle)
    IdlePolicy.objects.update(state="dry")
    jobs.run_policies()
    jobs.send_lane(0)
    assert "StopEnvironment" not in api.wire.asked
    assert one.runs.get().stops == 6


def test_what_is_used_or_exempt_by_the_time_of_sending_is_skipped(idle, api, admin):
    armed(admin, idle)
    jobs.run_policies()
    idle[0].signal_at, idle[0].signal_source = api.clock.now - 20, "JetBrains"
    idle[0].status_version += 1
    fleet, now = load(jobs.parts.store()), ledger.utc_now()
    row = fleet.environments[idle[1].id]
    until = now + exemptions.SOON
    exemptions.grant(admin, fleet, row=row, reason="demo", until=until, now=now, longest=exemptions.LONGEST)
    jobs.send_lane(0)
    found = outcomes()
    assert found[idle[0].id][1].startswith("active again 2")
    assert found[idle[1].id][1].startswith("exempt until")
    assert api.wire.asked.count("StopEnvironment") == 4


def test_paused_before_it_is_sent_nothing_is_called(idle, api, admin):
    one = armed(admin, idle)
    jobs.run_policies()
    policies.pause(one, admin, "a demo", ledger.utc_now())
    jobs.send_lane(0)
    assert "StopEnvironment" not in api.wire.asked
    assert {state for state, _ in outcomes().values()} == {"skipped"}


def test_a_second_worker_at_the_same_time_does_nothing(idle, api, admin):
    armed(admin, idle)
    with jobs.parts.store().single("policies", 60):
        jobs.run_policies()
    assert outcomes() == {}
    jobs.run_policies()
    jobs.run_policies()
    assert len(outcomes()) == Action.objects.filter(verb="environment.stop").count() == 6


def test_a_broker_that_is_down_delays_the_batch_and_loses_nothing(idle, no_broker, admin):
    armed(admin, idle)
    jobs.run_policies()
    assert {state for state, _ in outcomes().values()} == {"queued"}


def test_a_fleet_that_nobody_has_read_for_a_while_stops_nothing(idle, api, admin, monkeypatch):
    one = armed(admin, idle)
    later = ledger.utc_now().timestamp() + 900 - time.time()
    monkeypatch.setattr(ledger, "utc_now", lambda: datetime.fromtimestamp(time.time() + later).astimezone())
    jobs.run_policies()
    assert outcomes() == {}
    one.refresh_from_db()
    assert one.said.startswith("Kept everything: what is known of it is 1")


def test_while_the_names_of_people_are_not_known_nobody_is_warned_and_nothing_stopped(idle, api, admin):
    one = armed(admin, idle, lead=600.0)
    jobs.run_policies()
    one.refresh_from_db()
    assert one.said.startswith("Kept everything: the names of people have not been read yet")
    assert not StopWarning.objects.exists()
    assert outcomes() == {}


def test_owners_are_told_before_and_after_by_the_jobs(idle, api, admin, settings, tmp_path):
    settings.ONA_SIMULATED, settings.VAR_DIR = True, tmp_path
    jobs.poll_names()
    one = armed(admin, idle, lead=600.0)
    until(lambda: "names:ok" in jobs.parts.snapshot().now().sweeps)
    jobs.run_policies()
    assert outcomes() == {}
    StopWarning.objects.update(deadline=ledger.utc_now() - timedelta(seconds=9))  # ten minutes have passed
    IdlePolicy.objects.update(last_run=None)
    jobs.run_policies()
    jobs.send_lane(0)
    Action.objects.filter(batch__policy=one).update(state="confirmed", ended=ledger.utc_now())
    jobs.find_notices()
    jobs.send_notices()
    told = {topic: set() for topic in ("before", "after")}
    for message in Delivery.objects.filter(state="sent"):
        told[message.topic].update(message.environments)
    assert told == {topic: {one.id for one in idle} for topic in told}
    assert len(list((tmp_path / "messages").iterdir())) == Delivery.objects.count()
