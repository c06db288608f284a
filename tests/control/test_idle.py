"""What an idle limit says of an environment, and that no evidence of activity ever stops one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.control.idle import Decision, Evidence, Limits, awake_for, decide, own_stop
from dashboard.fleet.entities import Environment, Port

NOW = datetime(2026, 9, 21, 12, 0, tzinfo=UTC)
HOUR = 3600.0
TWO_HOURS = Limits(2 * HOUR)
NOTHING = Evidence()
RANK = {Decision.KEEP: 0, Decision.WARN: 1, Decision.STOP: 2}


def ago(hours):
    return NOW.timestamp() - hours * HOUR


IDLE = Environment(
    "e-1",
    "otter",
    "running",
    desired="running",
    started=ago(26),
    signal_at=ago(3.2),
    signal_source="VS Code",
    timeout=0,
)


def verdict(limits=TWO_HOURS, evidence=NOTHING, now=NOW, **changes):
    return decide(replace(IDLE, **changes), limits, now, evidence)


@pytest.mark.parametrize(
    ("changes", "evidence", "decision", "why"),
    [
        ({}, {}, "stop", ""),
        ({"signal_at": ago(1.9)}, {}, "keep", "active within the last 2 h"),
        ({"signal_at": None}, {}, "stop", ""),
        ({"signal_at": None, "started": ago(1)}, {}, "keep", "active within the last 2 h"),
        ({"started": ago(1)}, {}, "keep", "active within the last 2 h"),
        ({"signal_at": ago(2)}, {}, "stop", ""),
        # what is not known keeps
        ({"started": None}, {}, "keep", "its last start is not known"),
        ({"started": None, "signal_at": None}, {}, "keep", "its last start is not known"),
        ({}, {"doubt": "the fleet has not been read yet"}, "keep", "the fleet has not been read yet"),
        ({"signal_at": ago(-1)}, {}, "keep", "its last activity lies in the future, so a clock is wrong"),
        ({"started": ago(-5)}, {}, "keep", "its last activity lies in the future, so a clock is wrong"),
        # what moves, or does not run
        *[
            ({"phase": phase}, {}, "keep", f"it is {phase}")
            for phase in ("creating", "starting", "updating", "stopping")
        ],
        *[
            ({"phase": phase}, {}, "keep", "it does not run")
            for phase in ("stopped", "deleted", "", "reticulating")
        ],
        ({"desired": "stopped"}, {}, "keep", "it is to be stopped already"),
        # work, exemptions and special roles
        ({}, {"executions": ("Build",)}, "keep", "task execution Build runs"),
        ({}, {"executions": ("Build", "Test")}, "keep", "2 task executions run"),
        ({}, {"hold": "kept by Ada until Friday"}, "keep", "kept by Ada until Friday"),
        ({"role": "prebuild"}, {}, "keep", "it is a prebuild, left alone unless a policy includes those"),
        ({"role": "workflow"}, {}, "keep", "it is a workflow, left alone unless a policy includes those"),
        (
            {"role": "base_snapshot_build"},
            {},
            "keep",
            "it is a base snapshot build, left alone unless a policy includes those",
        ),
        ({"role": "default"}, {}, "stop", ""),
    ],
)
def test_what_is_decided_and_why(changes, evidence, decision, why):
    found = verdict(evidence=Evidence(**evidence), **changes)
    assert (found.decision, found.why) == (decision, why)


def test_a_special_role_that_is_named_is_judged_like_any_other():
    named = Limits(2 * HOUR, roles=frozenset({"prebuild"}))
    assert verdict(named, role="prebuild").decision == "stop"
    assert verdict(named, role="workflow").decision == "keep"


@pytest.mark.parametrize(
    ("idle", "decision"), [(1.4, "keep"), (1.5, "warn"), (1.9, "warn"), (2.0, "stop"), (200, "stop")]
)
def test_a_warning_comes_its_lead_time_before_the_limit(idle, decision):
    assert (
        verdict(Limits(2 * HOUR, warn=HOUR / 2), started=ago(300), signal_at=ago(idle)).decision == decision
    )


@pytest.mark.parametrize(
    "limits",
    [{"idle": 0}, {"idle": -1}, {"idle": float("nan")}, {"idle": float("inf")}, {"idle": 60, "warn": 61}],
)
def test_a_limit_that_would_stop_what_is_in_use_is_refused(limits):
    with pytest.raises(ValueError, match="limit"):
        Limits(**limits)


def test_the_evidence_is_told_in_words():
    ports = (Port(3000, "web", "everyone"), Port(22, "ssh", "owner_only"), Port(6006, "", "organization"))
    found = verdict(Limits(2 * HOUR, name="Nightly"), ports=ports)
    assert found.because == (
        "idle 3 h 12 min: last signal VS Code 08:48 (signals come every 5 min); no execution running; "
        "port 3000 open to everyone; port 6006 open to the organisation; "
        "its own timeout is never: it does not stop by itself; policy Nightly allows 2 h"
    )


def test_many_open_ports_are_counted():
    ports = tuple(Port(number, "", "everyone" if number % 2 else "odd") for number in range(1, 2_001))
    found = verdict(ports=ports)
    assert "ports open to everyone: 1000; ports open to odd: 1000; its own" in found.because


def test_a_kept_one_says_why_before_the_evidence():
    found = verdict(evidence=Evidence(executions=("Build",), hold="kept by Ada until Friday"))
    assert found.because.startswith("kept, task execution Build runs: last signal VS Code 08:48")
    assert found.because.endswith("the limit is 2 h; kept by Ada until Friday")


@pytest.mark.parametrize(
    ("timeout", "words"),
    [
        (0, "its own timeout is never: it does not stop by itself"),
        (None, "its own timeout is not known"),
        (8 * HOUR, "its own timeout of 8 h stops it at 16:48"),
        (48 * HOUR, "its own timeout of 2 d stops it at Wed 23 Sep 08:48"),
        (HOUR, "its own timeout of 1 h should have stopped it at 09:48 and has not"),
        (3.1 * HOUR, "its own timeout of 3 h 6 min is up"),
    ],
)
def test_what_its_own_timeout_will_do_is_told(timeout, words):
    assert words in verdict(timeout=timeout).facts


def test_a_start_without_a_signal_since_is_told_as_such():
    assert (
        verdict(signal_at=None).facts[0]
        == "started Sun 20 Sep 10:00, no signal since (they come every 5 min)"
    )
    assert verdict(signal_at=ago(30)).facts[0].startswith("started Sun 20 Sep 10:00, no signal since")


def test_times_are_told_in_the_zone_of_the_present():
    there = NOW.astimezone(timezone(timedelta(hours=2)))
    assert "VS Code 10:48" in verdict(now=there).facts[0]


def test_days_awake_are_counted_from_the_last_start():
    at = NOW.timestamp()
    assert awake_for(replace(IDLE, started=ago(72)), at) == 72 * HOUR
    assert awake_for(IDLE, at) == 0
    assert awake_for(replace(IDLE, started=ago(72), phase="stopped"), at) == 0
    assert own_stop(replace(IDLE, timeout=HOUR)) == ago(2.2)


# Properties

times = st.one_of(st.none(), st.floats(ago(24 * 30), ago(-24)))
environments = st.builds(
    Environment,
    id=st.just("e"),
    phase=st.sampled_from(["running"] * 8 + ["updating", "stopping", "stopped", ""]),
    desired=st.sampled_from(["running", "running", "stopped", ""]),
    role=st.sampled_from(["", "default", "prebuild"]),
    started=times,
    signal_at=times,
    signal_source=st.sampled_from(["", "VS Code", "SSH connections"]),
    timeout=st.sampled_from([None, 0, HOUR, 8 * HOUR]),
)
evidences = st.builds(
    Evidence,
    doubt=st.sampled_from(["", "", "", "old data"]),
    executions=st.sampled_from([(), (), (), ("Build",)]),
    hold=st.sampled_from(["", "", "", "kept by Ada"]),
)
limits = st.integers(60, 100_000).flatmap(
    lambda idle: st.builds(
        Limits,
        st.just(float(idle)),
        st.floats(0, idle),
        st.sampled_from([frozenset(), frozenset({"prebuild"})]),
    )
)


def later(at, step):
    return step if at is None else at + step


MORE_ACTIVITY = {
    "a later signal": lambda e, v, step: (replace(e, signal_at=later(e.signal_at, step)), v),
    "a signal just now": lambda e, v, _: (
        replace(e, signal_at=max(e.signal_at or 0, NOW.timestamp() - 60)),
        v,
    ),
    "a later start": lambda e, v, step: (replace(e, started=e.started and e.started + step), v),
    "an execution": lambda e, v, _: (e, replace(v, executions=(*v.executions, "Test"))),
    "an exemption": lambda e, v, _: (e, replace(v, hold="kept by Ada")),
    "a phase that moves": lambda e, v, _: (replace(e, phase="updating"), v),
    "older data": lambda e, v, _: (e, replace(v, doubt="old data")),
}


@pytest.mark.parametrize("more", MORE_ACTIVITY)
@given(environment=environments, evidence=evidences, allowed=limits, step=st.floats(0, 90_000))
def test_more_evidence_of_activity_never_brings_a_stop_nearer(more, environment, evidence, allowed, step):
    before = decide(environment, allowed, NOW, evidence)
    after = decide(*reordered(MORE_ACTIVITY[more](environment, evidence, step), allowed))
    assert RANK[after.decision] <= RANK[before.decision]


def reordered(pair, allowed):
    return pair[0], allowed, NOW, pair[1]


@given(environment=environments, evidence=evidences, allowed=limits, seconds=st.floats(0, 10**6))
def test_time_alone_never_turns_a_stop_into_a_keep(environment, evidence, allowed, seconds):
    before = decide(environment, allowed, NOW, evidence)
    after = decide(environment, allowed, NOW + timedelta(seconds=seconds), evidence)
    assert RANK[after.decision] >= RANK[before.decision]


@given(environment=environments, evidence=evidences, allowed=limits, earlier=st.floats(0, 10**6))
def test_a_clock_that_is_behind_never_stops_what_a_right_one_keeps(environment, evidence, allowed, earlier):
    right = decide(environment, allowed, NOW, evidence)
    behind = decide(environment, allowed, NOW - timedelta(seconds=earlier), evidence)
    assert RANK[behind.decision] <= RANK[right.decision]


@given(environment=environments, evidence=evidences, allowed=limits)
def test_every_verdict_says_why(environment, evidence, allowed):
    found = decide(environment, allowed, NOW, evidence)
    assert bool(found.why) is (found.decision is Decision.KEEP)
    assert found.facts
    assert found.because.startswith(f"kept, {found.why}: " if found.why else "idle ")
