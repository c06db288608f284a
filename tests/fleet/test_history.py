"""What happened to an environment, from rows as the sweeps showed them."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.fleet import history
from dashboard.fleet.entities import Environment, Execution
from dashboard.fleet.history import Known, Run, Span, Watch, What

T = 1_790_000_000.0
WATCH = Watch(until=T - 5, patience=300)
BLIND = Watch(until=T - 4000, patience=300)


def environment(phase="running", **more):
    return Environment("e-1", phase=phase, **more)


def phases(spans):
    return [(span.word, span.start, span.end) for span in spans if span.what is What.PHASE]


def of(spans, what):
    return [span for span in spans if span.what is what]


@pytest.mark.parametrize(
    ("watch", "created", "since"),
    [
        (None, T - 9000, T),  # nothing was known before: only the present is
        (WATCH, T - 3, T - 3),  # made since the last look
        (WATCH, T - 9000, T),  # old, and newly visible
        (WATCH, None, T),
        (WATCH, T + 60, T),  # a clock is wrong
    ],
)
def test_an_environment_is_known_from_its_making_or_from_when_it_was_seen(watch, created, since):
    known, _ = history.first_seen(environment(created=created), T, watch)
    assert (known.phase, known.phase_since) == ("running", since)


def test_what_ran_at_first_sight_tells_its_start_and_its_signal_also_from_before():
    row = environment(started=T - 9000, signal_at=T - 600, signal_source="SSH")
    known, spans = history.first_seen(row, T, None)
    assert spans == [Span(What.START, "", T - 9000, T - 9000)]
    assert known.going_on(T + 10) == [
        Span(What.PHASE, "running", T, T + 10),
        Span(What.SIGNAL, "SSH", T - 600, T - 600),
    ]


@pytest.mark.parametrize(
    ("before", "after", "watch", "told", "since"),
    [
        # seen at T, five seconds after the last look
        (environment("running"), environment("stopping"), WATCH, [("running", T - 100, T)], T),
        # the API says when it was started
        (
            environment("stopped"),
            environment("starting", started=T - 2),
            WATCH,
            [("stopped", T - 100, T - 2)],
            T - 2,
        ),
        # a start from before this phase says nothing of it
        (
            environment("starting", started=T - 200),
            environment("running", started=T - 200),
            WATCH,
            [("starting", T - 100, T)],
            T,
        ),
        # a start in the future is a wrong clock
        (
            environment("stopped"),
            environment("running", started=T + 50),
            WATCH,
            [("stopped", T - 100, T)],
            T,
        ),
        # nothing changed
        (
            environment("running", started=T - 200),
            environment("running", started=T - 200),
            WATCH,
            [],
            T - 100,
        ),
        # started again although it ran: no effect
        (environment("running", started=T - 200), environment("running", started=T - 3), WATCH, [], T - 100),
    ],
)
def test_a_phase_lasts_until_the_next_one_is_seen(before, after, watch, told, since):
    known = Known(before.phase, T - 100, started=before.started)
    known, spans = history.seen_again(known, after, T, watch)
    assert (phases(spans), known.phase, known.phase_since) == (told, after.phase, since)


@pytest.mark.parametrize(
    ("phase", "after", "told", "since"),
    [
        # it ended some time while nobody looked: known until the last look
        ("running", environment("stopped", started=T - 9500), [("running", T - 9000, T - 4000)], T),
        # started while nobody looked: the API says when, and it was stopped until the last look for sure
        ("stopped", environment("running", started=T - 500), [("stopped", T - 9000, T - 4000)], T - 500),
        # as before, and not started since: it ran all the time
        ("running", environment("running", started=T - 9500), [], T - 9000),
        # as before, but started since: it was something else in between
        ("running", environment("running", started=T - 500), [("running", T - 9000, T - 4000)], T - 500),
        ("stopped", environment("stopped", started=T - 500), [("stopped", T - 9000, T - 4000)], T),
    ],
)
def test_what_may_have_happened_while_nobody_looked_is_a_hole(phase, after, told, since):
    known = Known(phase, T - 9000, started=T - 9500)
    known, spans = history.seen_again(known, after, T, BLIND)
    assert (phases(spans), known.phase_since) == (told, since)


def test_a_phase_that_was_seen_after_the_last_look_has_no_negative_length():
    known, spans = history.seen_again(Known("running", T - 10), environment("stopped"), T, BLIND)
    assert (phases(spans), known.phase_since) == ([], T)


@pytest.mark.parametrize(
    ("source", "at", "told", "first"),
    [
        ("VS Code", T - 300, [], T - 900),  # the next one: the same span goes on
        ("VS Code", T - 600, [], T - 900),  # the same one
        ("VS Code", T - 1200, [], T - 900),  # an older answer
        (
            "VS Code",
            T + 50,
            [Span(What.SIGNAL, "VS Code", T - 900, T - 800)],
            T,
        ),  # a wrong clock, and one missing
        ("SSH", T - 300, [Span(What.SIGNAL, "VS Code", T - 900, T - 800)], T - 300),
    ],
)
def test_signals_that_follow_each_other_are_one_span(source, at, told, first):
    known = Known("running", T - 9000, source="VS Code", signal_first=T - 900, signal_last=T - 800)
    if at == T - 600:
        known = replace(known, signal_last=T - 600)
    row = environment(signal_source=source, signal_at=at)
    known, spans = history.seen_again(known, row, T, WATCH)
    assert (of(spans, What.SIGNAL), known.signal_first) == (told, first)


def test_a_start_is_told_once():
    row = environment("starting", started=T - 2)
    known, spans = history.seen_again(Known("stopped", T - 100), row, T, WATCH)
    assert of(spans, What.START) == [Span(What.START, "", T - 2, T - 2)]
    assert of(history.seen_again(known, row, T + 5, WATCH)[1], What.START) == []


RUN = Execution("x-1", "t-1", "e-1", "Build", "running", created=T - 30)


def test_an_execution_lasts_from_its_creation_to_its_completion():
    known, spans = history.run_seen(Known("running", T - 100), RUN, T)
    assert (known.runs, spans) == ({"x-1": Run("Build", T - 30)}, [])
    assert known.going_on(T + 5)[-1] == Span(What.RUN, "Build", T - 30, T + 5, "x-1")
    done = replace(RUN, phase="succeeded", completed=T + 7)
    ended = Span(What.RUN, "Build", T - 30, T + 7, "x-1")
    known, spans = history.run_seen(known, done, T + 10)
    assert (known.runs, spans) == ({}, [ended])
    assert history.run_seen(known, done, T + 20)[1] == [ended]  # recorded once all the same


def test_an_execution_that_was_removed_while_it_ran_ends_there():
    known, _ = history.run_seen(Known("running", T - 100), RUN, T)
    known, spans = history.run_gone(known, "x-1", T + 9)
    assert (known.runs, spans) == ({}, [Span(What.RUN, "Build", T - 30, T + 9, "x-1")])
    assert history.run_gone(known, "x-1", T + 10) == (known, [])


def test_an_execution_that_ended_nobody_knows_when_is_left_out():
    known = Known("running", T - 100)
    assert history.run_seen(known, replace(RUN, phase="stopped"), T) == (known, [])


@pytest.mark.parametrize(("watch", "end"), [(WATCH, T), (BLIND, T - 4000)])
def test_what_is_gone_ends_when_that_was_seen_or_when_it_was_last_there(watch, end):
    known = Known("running", T - 9000, source="SSH", signal_first=T - 8000, signal_last=T - 7000)
    assert history.gone(replace(known, runs={"x-1": Run("Build", T - 5000)}), T, watch) == [
        Span(What.PHASE, "running", T - 9000, end),
        Span(What.SIGNAL, "SSH", T - 8000, T - 7000),
        Span(What.RUN, "Build", T - 5000, end, "x-1"),
    ]


seconds = st.floats(T - 10_000, T + 10_000)
rows = st.builds(
    Environment,
    st.just("e-1"),
    phase=st.sampled_from(["starting", "running", "stopping", "stopped"]),
    created=st.none() | seconds,
    started=st.none() | seconds,
    signal_at=st.none() | seconds,
    signal_source=st.sampled_from(["SSH", "VS Code"]),
)


@given(st.lists(st.tuples(st.floats(0.1, 3000), rows), min_size=1, max_size=12))
def test_phases_never_overlap_and_nothing_ends_before_it_began_or_after_it_was_seen(looks):
    seen, until = T, T
    known, spans = history.first_seen(looks[0][1], seen, None)
    for wait, row in looks:
        seen += wait
        known, more = history.seen_again(known, row, seen, Watch(until, 300))
        spans += more
        until = seen
    spans += history.gone(known, seen, Watch(until, 300))
    assert all(span.start <= span.end <= seen for span in spans)
    told = sorted(phases(spans), key=lambda one: one[1])
    assert all(one[2] <= other[1] for one, other in itertools.pairwise(told))
    assert all(start >= T for _, start, _ in told)
