"""The jobs that send actions and follow them up."""

import json
import time
from dataclasses import dataclass
from datetime import timedelta

import pytest
from kombu.exceptions import OperationalError

from dashboard import jobs
from dashboard.control import ledger
from dashboard.control.models import Action, Role, State, User
from dashboard.control.verbs import Verb
from dashboard.fleet.entities import Kind
from dashboard.fleet.snapshot import load
from dashboard.ona import transport
from dashboard.simulator import enums
from tests.conftest import Simulated
from tests.jobs.conftest import phases
from tests.unruly import carried_out_and_dropped, dropped, refusing

QUEUE = "ona:celery:actions"


@dataclass
class Desk:
    """An admin who asks, and the worker that does."""

    api: Simulated
    user: User

    def ask(self, verb, row):
        return ledger.request(
            self.user,
            verb,
            row,
            load(jobs.parts.store()),
            now=ledger.utc_now(),
            enqueue=jobs.enqueue_action,
        ).action

    def do(self, verb, row):
        """Ask, and let a worker perform it."""
        action = self.ask(verb, row)
        jobs.perform(str(action.id))
        return Action.objects.get(id=action.id)

    def after(self, seconds, action):
        """The action, chased after the world has moved on."""
        self.api.clock.pass_(seconds)
        jobs.chase()
        return Action.objects.get(id=action.id)

    def row(self, kind, fits):
        rows = (row for _, row in jobs.parts.store().rows(kind))
        return next(row for row in sorted(rows, key=lambda row: row.id) if fits(row))

    def environment(self, phase):
        return self.row(
            Kind.ENVIRONMENT, lambda row: row.phase == phase and row.archived is None and not row.failed
        )

    def service(self, fits):
        world = self.api.world.services
        return self.row(
            Kind.SERVICE,
            lambda row: (
                world[row.id].environment.phase == enums.RUNNING
                and not world[row.id].recipe.stop_fails
                and not world[row.id].recipe.breaks
                and fits(row)
            ),
        )


@pytest.fixture
def desk(api, db):
    jobs.poll_full()
    api.wire.asked.clear()
    return Desk(api, User.objects.create(username="admin", role=Role.ADMIN))


def test_an_environment_is_stopped_and_that_is_seen(desk):
    row = desk.environment("running")
    action = desk.do(Verb.STOP_ENVIRONMENT, row)
    assert action.state == State.REQUESTED
    assert phases(Kind.ENVIRONMENT)[row.id] == "running"  # never an invented phase
    assert desk.after(1.5, action).state == State.REQUESTED
    assert phases(Kind.ENVIRONMENT)[row.id] == "stopping"
    assert desk.after(20, action).state == State.CONFIRMED
    assert phases(Kind.ENVIRONMENT)[row.id] == "stopped"
    assert len(desk.api.world.calls_to("StopEnvironment", row.id)) == 1


def test_an_environment_is_started_and_that_is_seen(desk):
    row = desk.environment("stopped")
    action = desk.do(Verb.START_ENVIRONMENT, row)
    assert action.state == State.REQUESTED
    assert desk.after(2, action).state == State.REQUESTED
    assert phases(Kind.ENVIRONMENT)[row.id] == "starting"
    assert desk.after(70, action).state == State.CONFIRMED


def test_an_environment_that_does_not_come_up_has_failed_with_its_reason(desk):
    row = desk.environment("stopped")
    action = desk.do(Verb.START_ENVIRONMENT, row)
    desk.after(2, action)
    with desk.api.world.present():
        target = desk.api.world.environments[row.id]
        target.moves += 1
        target.phase, target.failures = enums.STOPPED, ("no machine was free",)
        target.status_version += 1
    action = desk.after(1, action)
    assert (action.state, action.outcome) == (State.FAILED, "no machine was free")


def test_a_service_is_stopped_and_started_again(desk):
    row = desk.service(lambda row: row.phase == "running")
    action = desk.do(Verb.STOP_SERVICE, row)
    assert desk.after(1, action).state == State.REQUESTED
    assert phases(Kind.SERVICE)[row.id] == "stopping"
    assert desk.after(8, action).state == State.CONFIRMED
    stopped = jobs.parts.store().row(Kind.SERVICE, row.id)
    assert stopped.phase == "stopped"
    action = desk.do(Verb.START_SERVICE, stopped)
    assert desk.after(20, action).state == State.CONFIRMED
    assert phases(Kind.SERVICE)[row.id] == "running"


def test_a_task_is_run_and_its_execution_stopped(desk):
    world = desk.api.world.tasks
    row = desk.row(
        Kind.TASK,
        lambda row: world[row.id].environment.phase == enums.RUNNING and not world[row.id].depends_on,
    )
    action = desk.do(Verb.START_TASK, row)
    assert action.state == State.REQUESTED
    assert desk.api.world.executions[action.result_id].task.id == row.id
    assert phases(Kind.EXECUTION)[action.result_id] == "pending"
    assert desk.after(2, action).state == State.CONFIRMED
    run = jobs.parts.store().row(Kind.EXECUTION, action.result_id)
    assert (run.phase, run.name) == ("running", row.name)
    stop = desk.do(Verb.STOP_EXECUTION, run)
    assert desk.after(15, stop).state == State.CONFIRMED
    assert phases(Kind.EXECUTION)[run.id] in {"stopped", "failed"}


def test_what_the_environments_state_forbids_has_failed_in_the_apis_words(desk):
    world = desk.api.world.services
    row = desk.row(
        Kind.SERVICE,
        lambda row: world[row.id].environment.phase == enums.RUNNING and row.phase in {"", "stopped"},
    )
    action = desk.ask(Verb.START_SERVICE, row)
    world[row.id].environment.phase = enums.STOPPED  # after the last poll
    jobs.perform(str(action.id))
    action.refresh_from_db()
    assert (action.state, action.outcome) == (
        State.FAILED,
        "StartService: environment is not running (failed_precondition)",
    )


def test_a_message_that_comes_twice_acts_once(desk):
    row = desk.environment("running")
    action = desk.do(Verb.STOP_ENVIRONMENT, row)
    jobs.perform(str(action.id))
    jobs.perform(str(action.id))
    assert len(desk.api.world.calls_to("StopEnvironment", row.id)) == 1


def test_a_task_whose_answer_was_lost_is_sent_once_whatever_comes_after(desk):
    row = desk.row(Kind.TASK, lambda row: desk.api.world.tasks[row.id].environment.phase == enums.RUNNING)
    desk.api.wire.on("StartTask", carried_out_and_dropped)
    action = desk.do(Verb.START_TASK, row)
    assert action.state == State.UNKNOWN
    for _ in range(3):
        jobs.sweep_actions()
        jobs.chase()
        jobs.perform(str(action.id))
    assert len(desk.api.world.calls_to("StartTask", row.id)) == 1
    assert Action.objects.get(id=action.id).state == State.UNKNOWN


def messages(valkey):
    """What waits in the broker: (job, its arguments, when it is due)."""
    found = []
    for raw in valkey.lrange(QUEUE, 0, -1):
        headers = json.loads(raw)["headers"]
        found.append((headers["task"], headers["argsrepr"], headers["eta"]))
    return found


def test_a_rate_limited_action_comes_back_by_itself(desk, valkey):
    desk.api.wire.on("StopEnvironment", refusing(429, "resource_exhausted", Retry_After="7"))
    action = desk.do(Verb.STOP_ENVIRONMENT, desk.environment("running"))
    assert action.state == State.QUEUED
    ((job, arguments, due),) = messages(valkey)
    assert (job, str(action.id) in arguments) == ("jobs.perform", True)
    assert due >= action.not_before.isoformat()
    jobs.perform(str(action.id))  # too early
    assert len(desk.api.wire.asked) == 1


def test_a_rate_limited_action_waits_for_the_sweep_when_the_broker_is_down(desk, no_broker):
    desk.api.wire.on("StopEnvironment", refusing(429, "resource_exhausted", Retry_After="7"))
    assert desk.do(Verb.STOP_ENVIRONMENT, desk.environment("running")).state == State.QUEUED


def test_the_sweep_puts_what_was_left_behind_into_the_broker(desk, valkey):
    action = desk.ask(Verb.STOP_ENVIRONMENT, desk.environment("running"))
    jobs.sweep_actions()
    assert messages(valkey) == []
    Action.objects.update(created=ledger.utc_now() - timedelta(seconds=9))
    jobs.sweep_actions()
    assert [(job, str(action.id) in arguments) for job, arguments, _ in messages(valkey)] == [
        ("jobs.perform", True)
    ]


def test_a_broker_that_is_down_is_known_within_moments(desk, no_broker):
    action = desk.ask(Verb.STOP_ENVIRONMENT, desk.environment("running"))
    started = time.monotonic()
    with pytest.raises(OperationalError):
        jobs.enqueue_action(action.id)
    assert time.monotonic() - started < 2
    Action.objects.update(created=ledger.utc_now() - timedelta(seconds=9))
    jobs.sweep_actions()
    assert Action.objects.get().state == State.QUEUED


# Following up


def test_nothing_open_is_nothing_to_chase(desk):
    jobs.chase()
    assert desk.api.wire.asked == []


def test_two_chases_at_the_same_time_are_one(desk):
    action = desk.do(Verb.STOP_ENVIRONMENT, desk.environment("running"))
    desk.api.clock.pass_(30)
    with jobs.parts.store().single("chase", 60):
        jobs.chase()
    assert Action.objects.get(id=action.id).state == State.REQUESTED
    jobs.chase()
    assert Action.objects.get(id=action.id).state == State.CONFIRMED


def long_ago(action):
    """As if it had been requested a day ago."""
    Action.objects.filter(id=action.id).update(requested=ledger.utc_now() - timedelta(days=1))


@pytest.mark.parametrize("refusal", [refusing(500, "internal", "down"), refusing(403, "permission_denied")])
def test_what_cannot_be_read_ends_an_action_only_when_its_time_is_up(desk, refusal):
    action = desk.do(Verb.STOP_ENVIRONMENT, desk.environment("running"))
    desk.api.wire.on("GetEnvironment", refusal)
    assert desk.after(30, action).state == State.REQUESTED
    long_ago(action)
    action = desk.after(0, action)
    assert action.state == State.UNCONFIRMED
    assert "could not be read" in action.outcome


def test_a_stop_that_never_shows_is_unconfirmed(desk):
    action = desk.do(Verb.STOP_ENVIRONMENT, desk.environment("running"))
    long_ago(action)
    action = desk.after(0, action)
    assert (action.state, "running" in action.outcome) == (State.UNCONFIRMED, True)


def test_one_action_that_cannot_be_followed_does_not_hide_the_others(desk):
    stop = desk.do(Verb.STOP_ENVIRONMENT, desk.environment("running"))
    service = desk.do(Verb.STOP_SERVICE, desk.service(lambda row: row.phase == "running"))
    desk.api.wire.on("GetEnvironment", refusing(500, "internal"))
    desk.after(30, stop)
    assert Action.objects.get(id=service.id).state == State.CONFIRMED


def test_an_api_that_does_not_answer_is_asked_about_one_action_a_round(desk):
    first = desk.do(Verb.STOP_ENVIRONMENT, desk.environment("running"))
    other = desk.row(Kind.ENVIRONMENT, lambda row: row.phase == "running" and row.id != first.target_id)
    second = desk.do(Verb.STOP_ENVIRONMENT, other)
    long_ago(second)
    Action.objects.filter(id=first.id).update(requested=ledger.utc_now() - timedelta(days=2))
    desk.api.wire.asked.clear()
    desk.api.wire.on("GetEnvironment", dropped)
    jobs.chase()
    assert 1 <= desk.api.wire.asked.count("GetEnvironment") <= transport.ATTEMPTS
    assert set(Action.objects.values_list("state", flat=True)) == {State.UNCONFIRMED}


def test_an_action_of_a_newer_version_is_left_to_its_workers(desk, caplog):
    row = desk.environment("running")
    for state in (State.QUEUED, State.REQUESTED, State.SENDING):
        desk.ask(Verb.STOP_ENVIRONMENT, row)
        long_ago = ledger.utc_now() - timedelta(hours=1)
        moments = {"created": long_ago, "sent": long_ago, "requested": long_ago, "not_before": long_ago}
        Action.objects.filter(verb=Verb.STOP_ENVIRONMENT).update(
            verb=f"environment.fly-{state}", state=state, **moments
        )
    jobs.perform(str(Action.objects.get(state=State.QUEUED).id))
    jobs.chase()
    jobs.sweep_actions()
    assert set(Action.objects.values_list("verb", "state")) == {
        (f"environment.fly-{state}", state) for state in (State.QUEUED, State.REQUESTED, State.SENDING)
    }
