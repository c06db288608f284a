"""What a policy would have stopped, from spans of one environment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.control.whatif.judge import End, Peer, Regret, Rule, Shut, read, stops
from dashboard.control.whatif.sums import About, Sums
from dashboard.fleet import hours
from dashboard.fleet.history import Span, What

H, M = 3600.0, 60.0
DAY = (0.0, 24 * H)
NO_RULE = Rule()


def span(what, start, end, word="", subject=""):
    return Span(What(what), word, start * H, end * H, subject)


def running(start=0, end=24):
    return span("phase", start, end, "running")


def signal(start, end=None, word="VS Code"):
    return span("signal", start, start if end is None else end, word)


def started(at):
    return span("start", at, at)


def execution(start, end, word="test"):
    return span("run", start, end, word, f"x{start}")


def past(*spans, gaps=(), life=DAY, known_from=-48, known=False):
    ordered = sorted(spans, key=lambda one: (one.start, one.end))
    dark = [(start * H, end * H) for start, end in gaps]
    return read(ordered, life, dark, known_from=known_from * H, started=known)


def shut(*intervals):
    return Shut([(start * H, end * H) for start, end in intervals])


def told(recorded, limit=2, rule=NO_RULE):
    """(stopped at, until, hours saved, end, regret) of each stop."""
    found = stops(recorded, limit * H, rule, DAY[1])
    return [
        (round(s.at / H, 2), round(s.until / H, 2), round(s.seconds / H, 2), s.end.value, s.regret)
        for s in found
    ]


EVENING = (running(8, 20), started(8), signal(8, 12))
CASES = {
    "idle from twelve until it stopped at eight": (past(*EVENING), [(14, 20, 6, "stopped", None)]),
    "somebody came back in time": (past(*EVENING, signal(13.5), signal(15)), [(17, 20, 3, "stopped", None)]),
    "somebody came back ten minutes later": (
        past(*EVENING, signal(14 + 1 / 6, 20)),
        [(14, 14.17, 0.17, "back", Regret.BACK)],
    ),
    "it was stopped, and started again ten minutes after the stop that never was": (
        past(running(8, 14.1), running(14.15, 15), started(8), signal(8, 12), started(14.15)),
        [(14, 14.1, 0.1, "stopped", Regret.BACK)],
    ),
    "somebody came back after an hour": (
        past(*EVENING, signal(15, 19)),
        [(14, 15, 1, "back", None)],
    ),
    "an execution ran: it is stopped when that has ended": (
        past(*EVENING, execution(13, 16)),
        [(16, 20, 4, "stopped", None)],
    ),
    "an execution after the stop: somebody is back, and the limit begins anew": (
        past(*EVENING, execution(14.5, 17)),
        [(14, 14.5, 0.5, "back", None), (17, 20, 3, "stopped", None)],
    ),
    "an execution that no poll had seen yet": (
        past(*EVENING, execution(13.999, 15)),
        [(14, 14, 0, "back", Regret.WORK), (16, 20, 4, "stopped", None)],
    ),
    "nobody looked when it was due": (
        past(*EVENING, gaps=[(13, 15)]),
        [(15, 20, 5, "stopped", None)],
    ),
    "nobody looked for a part of what was saved": (
        past(*EVENING, gaps=[(16, 17)]),
        [(14, 20, 5, "stopped", None)],
    ),
    "updating is not stopped": (
        past(running(8, 13), span("phase", 13, 15, "updating"), running(15, 20), started(8), signal(8, 12)),
        [(15, 20, 5, "stopped", None)],
    ),
    "its start is not known": (past(running(0, 24)), []),
    "idle since before the record reaches back": (
        past(running(-48, 24), known=True),
        [(0, 24, 24, "record", None)],
    ),
    "it never ran": (past(span("phase", 0, 24, "stopped"), started(-20)), []),
    "a start counts as activity": (
        past(running(0, 24), started(-1), started(5)),
        [(1, 5, 4, "back", None), (7, 24, 17, "record", None)],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_record_says_what_would_have_been_stopped(case):
    recorded, expected = case
    assert told(recorded) == expected


HALF = 0.5 * H
RULES = {
    "a closed window stops nothing until it opens": (Rule(window=shut((8, 18))), [18]),
    "a window that never opens stops nothing": (Rule(window=shut((0, 24))), []),
    "an exemption holds": (Rule(exempt=shut((13, 19.5))), [19.5]),
    "a warning within the limit costs nothing": (Rule(HALF), [14]),
    "the owner is warned when the window opens, and has the lead time": (Rule(HALF, shut((8, 17))), [17.5]),
    "nobody is warned of a stop that the window would not allow": (Rule(HALF, shut((13.8, 17))), [17.5]),
    "nobody is warned of what another policy will keep": (
        Rule(HALF, peers=[Peer(5 * H, shut((0, 24)), shut())]),
        [17],
    ),
    "an exemption withdraws a warning; it is warned of anew": (Rule(HALF, exempt=shut((13.7, 15))), [15.5]),
    "another policy keeps it for longer": (Rule(peers=[Peer(5 * H, shut((0, 24)), shut())]), [17]),
    "another policy has no say while it is closed": (Rule(peers=[Peer(5 * H, shut((0, 15)), shut())]), [15]),
    "another policy never stops it then": (Rule(peers=[Peer(H, shut((0, 13)), shut((13, 16)))]), [16]),
}


@pytest.mark.parametrize("case", RULES.values(), ids=RULES)
def test_what_else_holds_puts_a_stop_off(case):
    rule, expected = case
    assert [one[0] for one in told(past(*EVENING), rule=rule)] == expected


@pytest.mark.parametrize(("until", "stopped"), [(14.5, 14.5), (15.5, 16)])
def test_a_warning_counts_for_an_hour_after_its_deadline_when_nobody_looked(until, stopped):
    assert [one[0] for one in told(past(*EVENING, gaps=[(13.9, until)]), rule=Rule(HALF))] == [stopped]


@pytest.mark.parametrize(("until", "stopped"), [(15, 15), (15.25, 15.75)])
def test_an_execution_puts_a_stop_off_and_after_an_hour_it_is_warned_of_anew(until, stopped):
    recorded = past(*EVENING, execution(13.75, until))
    assert [one[0] for one in told(recorded, rule=Rule(HALF))] == [stopped]


def test_a_regret_says_who_came_back_and_how_soon():
    [stop] = stops(past(*EVENING, signal(14.1, 20, "SSH")), 2 * H, NO_RULE, DAY[1])
    assert (stop.word, round(stop.after), stop.end) == ("signal SSH", 360, End.BACK)


TIMES = st.integers(0, 24 * 12).map(lambda five_minutes: five_minutes / 12)
SPANS = st.tuples(TIMES, TIMES).map(sorted)
QUIET_DAY = st.tuples(
    st.lists(SPANS.map(lambda pair: running(*pair)), max_size=4),
    st.lists(SPANS.map(lambda pair: signal(*pair)), max_size=4),
    st.lists(TIMES.map(started), max_size=4),
).map(lambda lists: [one for some in lists for one in some])
ANY_DAY = st.tuples(
    QUIET_DAY, st.lists(SPANS.map(lambda pair: execution(*pair)), max_size=3)
).map(lambda pair: [*pair[0], *pair[1]])  # fmt: skip
GAPS = st.lists(SPANS, max_size=2)
LIMIT = st.sampled_from([0.25, 0.5, 1, 2, 5])


@given(QUIET_DAY, GAPS, GAPS, LIMIT, LIMIT, st.sampled_from([0.0, 0.5]))
def test_a_higher_limit_never_saves_more(spans, gaps, closed, one, other, lead):
    dark = [] if lead else gaps  # whether a warning still counts depends on how long nobody looked
    recorded, rule = past(*spans, gaps=dark, known=True), Rule(lead * H, shut(*closed))
    low, high = sorted((one, other))
    assert _saved(recorded, high, rule) <= _saved(recorded, low, rule) + 1e-6


def _saved(recorded, limit, rule=NO_RULE):
    return sum(stop.seconds for stop in stops(recorded, limit * H, rule, DAY[1]))


@given(ANY_DAY, GAPS, LIMIT)
def test_no_more_is_saved_than_was_idle(spans, gaps, limit):
    dark = [(start * H, end * H) for start, end in gaps]
    idle = hours.measure(spans, DAY, gaps=dark, idle_after=0.0).idle
    assert _saved(past(*spans, gaps=gaps, known=True), limit) <= idle + 1e-6


@given(QUIET_DAY, LIMIT)
def test_what_is_saved_is_what_the_hours_call_idle_after_that_limit(spans, limit):
    """Counted twice, by code that shares nothing; before the first sign of use it was idle all the time."""
    idle = hours.measure(spans, DAY, idle_after=limit * H).idle
    assert _saved(past(*spans, known=True), limit) == pytest.approx(idle, abs=1e-6)


@given(ANY_DAY, GAPS, GAPS, LIMIT, st.sampled_from([0.0, 0.25, 1.0]))
def test_nothing_is_stopped_in_a_gap_in_a_closed_window_or_in_use(spans, gaps, closed, limit, lead):
    recorded = past(*spans, gaps=gaps, known=True)
    for stop in stops(recorded, limit * H, Rule(lead * H, shut(*closed)), DAY[1]):
        for start, end in (*gaps, *closed):
            assert not start * H <= stop.at < end * H
        assert stop.at <= stop.until <= DAY[1]
        for one in spans:
            if one.what in {What.SIGNAL, What.START}:
                assert not one.start - 1e-6 < stop.at < one.end + limit * H - 1e-6
            if one.what is What.RUN and stop.regret is not Regret.WORK:
                assert not one.start <= stop.at < one.end


@given(ANY_DAY, GAPS, LIMIT)
def test_a_window_that_never_opens_saves_nothing(spans, gaps, limit):
    assert _saved(past(*spans, gaps=gaps, known=True), limit, Rule(window=shut((0, 24)))) == 0


class TestSums:
    def test_every_limit_is_summed_up_in_one_pass(self):
        sums = Sums((H, 2 * H, 8 * H), 2 * H, (), DAY[1])
        for number in range(3):
            sums.add(About(f"e-{number}", f"env {number}", "c-1"), past(*EVENING), NO_RULE)
        assert [(one.limit / H, one.stops, one.saved / H) for one in sums.of_limit] == [
            (1, 3, 21),
            (2, 3, 18),
            (8, 0, 0),
        ]
        assert (sums.environments, sums.running / H) == (3, 36)
        assert [about.id for about, _ in sums.of_limit[0].listed()] == ["e-0", "e-1", "e-2"]

    def test_saved_time_is_divided_where_prices_change(self):
        sums = Sums((2 * H,), 2 * H, (15 * H, 30 * H), DAY[1])
        sums.add(About("e", "env", "c-1"), past(*EVENING), NO_RULE)
        assert dict(sums.of_limit[0].seconds) == {("c-1", 0): H, ("c-1", 1): 5 * H}

    def test_lists_are_bounded_and_hold_the_most_telling(self, monkeypatch):
        monkeypatch.setattr("dashboard.control.whatif.sums.MOST_LISTED", 2)
        sums = Sums((2 * H,), 2 * H, (), DAY[1])
        for back in (14.1, 14.2, 14.05, 16):
            sums.add(About(f"e-{back}", "", ""), past(*EVENING, signal(back, 20)), NO_RULE)
        one = sums.of_limit[0]
        assert (one.stops, one.back) == (4, 3)
        assert [about.id for about, _ in one.listed()] == ["e-16", "e-14.2"]
        assert [about.id for about, _ in one.regrets()] == ["e-14.05", "e-14.1"]

    @pytest.mark.parametrize(
        ("a_run", "an_hour", "expected"), [(2, 9, (14, 3, False)), (3, 2, (14, 3, True)), (3, 3, None)]
    )
    def test_too_many_at_once_would_have_paused_it(self, a_run, an_hour, expected):
        sums = Sums((2 * H,), 2 * H, (), DAY[1])
        for number in range(3):
            sums.add(About(f"e-{number}", "", ""), past(*EVENING), NO_RULE)
        found = sums.too_many(a_run, an_hour)
        assert (None if found is None else (found.at / H, found.many, found.within_an_hour)) == expected
