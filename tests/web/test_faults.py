"""Every fault that the simulator knows, during polls and during actions: it costs freshness, never correctness."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from dashboard import jobs
from dashboard.control import ledger
from dashboard.control.models import OPEN, Action, State, User
from dashboard.control.verbs import RULES, Verb
from dashboard.fleet.entities import Environment, Kind, Listed, Row
from dashboard.fleet.trouble import MEANING
from dashboard.ona import Ona
from dashboard.simulator import breakage
from dashboard.simulator.faults import FORBID, KINDS
from tests.web.conftest import Dashboard, text

PATIENCE = 0.4
"""Seconds after which this client gives an answer up."""
READ = (Kind.ENVIRONMENT, Kind.SERVICE, Kind.TASK, Kind.EXECUTION, Kind.CLASS)


@dataclass(frozen=True)
class Verdict:
    """What a fault costs that strikes at every call.

    `says`: what /system/ says of a full poll that met it, "" when the poll succeeds as if nothing were.
    `told`: whether that poll has failed. `repeatable`, `once`: in which state it leaves an action when it strikes
    the call itself, of a verb that may be sent again and of one that must not.
    """

    says: str = ""
    told: bool = False
    repeatable: State = State.REQUESTED
    once: State = State.REQUESTED


def failing(says: str, once: State = State.UNKNOWN) -> Verdict:
    """The poll fails, and what may be sent again will be."""
    return Verdict(says, told=True, repeatable=State.QUEUED, once=once)


VERDICTS = {
    "latency": Verdict(),
    "429": failing("asks for fewer requests", State.QUEUED),
    "429-plain": failing("asks for fewer requests", State.QUEUED),
    "500": failing("Something broke inside Ona"),
    "503": failing("cannot answer at the moment"),
    "502": failing("cannot answer at the moment"),
    "reset": failing("did not answer"),
    "stall": failing("did not answer"),
    "truncate": failing("no answer of the API"),
    "html": failing("no answer of the API"),
    "unknown-enum": Verdict(),
    "missing-field": Verdict(),
    "loop-token": Verdict("a list without end", told=True),
    "vanish": Verdict(),
    "clock-skew": Verdict("ahead of this machine"),
    "late": Verdict(),
    "log-502": Verdict(),
    FORBID: Verdict(repeatable=State.FAILED, once=State.FAILED),
}
FAULTS = (*KINDS, FORBID)
STRIKES = {"unknown-enum": 8, "missing-field": 8}
"""Polls in which those strike that take another place in the answer each time."""
WHOLE = {
    name
    for name, verdict in VERDICTS.items()
    if not verdict.told and name not in {"unknown-enum", "missing-field"}
}
"""What leaves every row as it is, but for its times."""


def test_every_fault_has_a_verdict() -> None:
    assert set(VERDICTS) == set(FAULTS)


@pytest.fixture
def troubled(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch):
    """A dashboard whose client loses patience soon, and faults that do not take long."""
    monkeypatch.setattr(breakage.kinds, "LATENCY_SECONDS", 0.01)
    simulated = dashboard.simulated
    with Ona.open(
        simulated.base_url, "key", timeout=PATIENCE, clock=simulated.clock, sleep=lambda _: None
    ) as ona:
        monkeypatch.setattr(simulated, "ona", ona)
        yield dashboard


def begin(dashboard: Dashboard, fault: str, target: str) -> None:
    value: object = target if fault == FORBID else 1
    dashboard.simulated.world.faults.update({fault: value})


def rows(dashboard: Dashboard) -> dict[tuple[Kind, str], Row]:
    return {(kind, row.id): row for kind in READ for _, row in dashboard.simulated.store.rows(kind)}


# Polls


@pytest.mark.parametrize("fault", FAULTS)
def test_a_full_poll_that_meets_it_removes_nothing_and_the_next_good_one_puts_all_right(
    troubled: Dashboard, fault: str
) -> None:
    before, simulated = rows(troubled), troubled.simulated
    begin(troubled, fault, troubled.running().id)
    for _ in range(STRIKES.get(fault, 1)):
        sweep = simulated.sync().full()
    verdict = VERDICTS[fault]
    assert bool(sweep.error) is verdict.told
    during = rows(troubled)
    assert during.keys() == before.keys()
    if fault in WHOLE - {"clock-skew"} or (verdict.told and fault != "loop-token"):
        assert during == before
    for key, row in during.items():
        for name in ("phase", "environment_id", "created"):
            assert bool(getattr(row, name, None)) is bool(getattr(before[key], name, None))
    page = text(troubled.get("/system/", "viewer"))
    assert verdict.says in page
    assert ("Which means" in page) is verdict.told
    simulated.world.faults.clear()
    simulated.clock.pass_(0.001)
    assert simulated.sync().full().error == ""
    assert rows(troubled) == before
    assert "Which means" not in text(troubled.get("/system/", "viewer"))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_hot_poll_that_meets_it_removes_nothing_and_invents_no_phase(
    troubled: Dashboard, fault: str
) -> None:
    before, simulated, verdict = rows(troubled), troubled.simulated, VERDICTS[fault]
    begin(troubled, fault, troubled.running().id)
    for _ in range(STRIKES.get(fault, 1)):
        sweep = simulated.sync().hot()
    assert bool(sweep.error) is (verdict.told and fault != "loop-token")  # what moves fits on one page
    during = rows(troubled)
    assert during.keys() == before.keys()
    known = {"", *(getattr(row, "phase", "") for row in before.values())}
    strange = {getattr(row, "phase", "") for row in during.values()} - known
    assert strange <= ({"from_the_future"} if fault == "unknown-enum" else set())
    simulated.world.faults.clear()
    simulated.clock.pass_(0.001)
    assert simulated.sync().full().error == ""
    assert rows(troubled) == before


def test_a_phase_nobody_knows_and_items_left_out_are_noticed(dashboard: Dashboard) -> None:
    world = dashboard.simulated.world
    for _ in range(40):
        world.faults.set("unknown-enum", 1)
        notes = dashboard.simulated.sync().full().notes
        if any("a phase that this version does not know" in note for note in notes):
            assert "from_the_future" in text(dashboard.get("/system/"))
            return
    pytest.fail("no phase was struck")


def test_each_meaning_is_a_sentence_that_stands_by_itself() -> None:
    for _, words in MEANING:
        assert words[0].isupper()
        assert words.endswith(".")


# Actions


@dataclass(frozen=True)
class Deed:
    """A verb of its class, on what, and how often the simulated API has carried it out."""

    verb: Verb
    target: Callable[[Dashboard], Listed]
    method: str


def task_of_a_running_environment(dashboard: Dashboard) -> Listed:
    world = dashboard.simulated.world
    return next(
        row
        for row in dashboard.fleet.tasks.values()
        if dashboard.fleet.environments[row.environment_id].phase == "running"
        and not world.tasks[row.id].depends_on
    )


def from_a_project(dashboard: Dashboard) -> Listed:
    return Environment("new-1", "web")


DEEDS = {
    "repeatable": Deed(Verb.STOP_ENVIRONMENT, Dashboard.running, "StopEnvironment"),
    "making a run": Deed(Verb.START_TASK, task_of_a_running_environment, "StartTask"),
    "making an environment": Deed(Verb.CREATE_ENVIRONMENT, from_a_project, "CreateEnvironment"),
}


@pytest.fixture
def params(dashboard: Dashboard) -> dict[str, object]:
    enabled = next(row.id for row in dashboard.fleet.classes.values() if row.enabled)
    return {"repository": "https://github.com/acme/web", "class_id": enabled}


def carried_out(dashboard: Dashboard, method: str) -> int:
    calls = [call for call in dashboard.simulated.world.calls if call.method == method]
    return sum(call.outcome == "ok" for call in calls)


def now_due(action: Action) -> Action:
    """The action as it is in the database; one that waits is due."""
    Action.objects.filter(id=action.id, state=State.QUEUED).update(
        not_before=ledger.utc_now() - timedelta(seconds=1)
    )
    return Action.objects.get(id=action.id)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", DEEDS)
def test_an_action_that_meets_it_is_never_done_twice_and_ends_in_words(
    troubled: Dashboard, users: dict[str, User], params: dict[str, object], fault: str, name: str
) -> None:
    deed, verdict, simulated = DEEDS[name], VERDICTS[fault], troubled.simulated
    repeatable, row = RULES[deed.verb].repeatable, deed.target(troubled)
    action = ledger.request(
        users["admin"],
        deed.verb,
        row,
        troubled.fleet,
        now=ledger.utc_now(),
        enqueue=lambda _: None,
        params=params if deed.verb is Verb.CREATE_ENVIRONMENT else {},
    ).action
    begin(troubled, fault, row.environment_id)
    jobs.perform(str(action.id))
    state = verdict.repeatable if repeatable else verdict.once
    if fault == FORBID and deed.verb is Verb.CREATE_ENVIRONMENT:
        state = State.REQUESTED  # there is nothing yet that could be forbidden
    assert Action.objects.get().state == state
    if state == State.REQUESTED:  # it is looked at through the same trouble
        simulated.clock.pass_(2)
        jobs.chase()
        assert Action.objects.get().state in {State.REQUESTED, State.CONFIRMED}
    simulated.world.faults.clear()
    for _ in range(8):
        if now_due(action).is_open:
            jobs.perform(str(action.id))
            simulated.clock.pass_(30)
            jobs.chase()
    action = now_due(action)
    wanted = state if state in {State.FAILED, State.UNKNOWN} else State.CONFIRMED
    assert (action.state, action.outcome.isprintable()) == (wanted, True), action.outcome
    assert action.outcome or wanted == State.CONFIRMED
    done = carried_out(troubled, deed.method)
    assert done == 1 if wanted == State.CONFIRMED and not repeatable else done <= 2
    assert action.state not in OPEN


@pytest.mark.parametrize("fault", [name for name, verdict in VERDICTS.items() if verdict.told])
def test_what_cannot_be_looked_at_meanwhile_is_confirmed_afterwards(
    troubled: Dashboard, users: dict[str, User], fault: str
) -> None:
    simulated, row = troubled.simulated, troubled.running()
    action = ledger.request(
        users["admin"],
        Verb.STOP_ENVIRONMENT,
        row,
        troubled.fleet,
        now=ledger.utc_now(),
        enqueue=lambda _: None,
    ).action
    jobs.perform(str(action.id))
    simulated.clock.pass_(2)
    begin(troubled, fault, row.id)
    jobs.chase()
    assert Action.objects.get().state == State.REQUESTED
    simulated.world.faults.clear()
    simulated.clock.pass_(30)
    jobs.chase()
    assert Action.objects.get().state == State.CONFIRMED
    assert carried_out(troubled, "StopEnvironment") == 1
