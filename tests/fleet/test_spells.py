"""A service's past as spells, from rows as the polls showed them, and what they say of it."""

import pytest

from dashboard.fleet.entities import Service
from dashboard.fleet.history import Watch
from dashboard.fleet.spells import Past, Spell, followed, past_of

T = 1_790_000_000.0
WATCH = Watch(until=T - 5, patience=300)
BLIND = Watch(until=T - 4000, patience=300)
WENT_ON = Spell(T - 100, T - 90)
CAME_UP = Spell(T - 100)


def service(phase, failure=""):
    return Service("v-1", "e-1", "Database", phase=phase, failure=failure)


def told(last, phase, watch=WATCH, failure=""):
    return followed(last, None if phase is None else service(phase, failure), T, watch)


@pytest.mark.parametrize(
    ("last", "phase", "spells"),
    [
        (None, "starting", [Spell(T)]),
        (None, "running", [Spell(T, T)]),  # it came up between two looks
        (None, "stopping", [Spell(T)]),
        (None, "stopped", []),
        (None, "", []),
        (None, "resting", []),  # a phase of a newer version says nothing
        (None, None, []),
        (CAME_UP, "starting", []),
        (CAME_UP, "running", [Spell(T - 100, T)]),
        (CAME_UP, "failed", [Spell(T - 100, None, T, "failed")]),
        (CAME_UP, "stopping", []),
        (WENT_ON, "running", []),
        (WENT_ON, "stopping", []),
        (WENT_ON, "resting", []),
        (WENT_ON, "stopped", [Spell(T - 100, T - 90, T, "stopped")]),
        (WENT_ON, "failed", [Spell(T - 100, T - 90, T, "failed")]),
        (WENT_ON, "deleted", [Spell(T - 100, T - 90, T, "gone")]),
        (WENT_ON, None, [Spell(T - 100, T - 90, T, "gone")]),
        (WENT_ON, "", [Spell(T - 100, T - 90, T, "stopped")]),
        (WENT_ON, "starting", [Spell(T - 100, T - 90, T, "restarted"), Spell(T)]),
        (Spell(T - 100, None, T - 50, "failed"), "starting", [Spell(T)]),
        (Spell(T - 100, None, T - 50, "failed"), "failed", []),  # no more than its text may have changed
    ],
)
def test_a_look_begins_ends_or_leaves_a_spell(last, phase, spells):
    assert told(last, phase) == spells


def test_a_failure_that_starts_again_is_two_spells():
    (failed,) = told(WENT_ON, "failed")
    (again,) = followed(failed, service("starting"), T + 5, WATCH)
    assert (failed.failed, again) == (True, Spell(T + 5))


def test_the_phase_says_whether_it_goes_on_and_the_message_whether_it_failed():
    assert told(WENT_ON, "running", failure="will not live long") == []
    assert told(CAME_UP, "stopped", failure="no space left")[0].outcome == "failed"
    assert told(WENT_ON, "deleted", failure="no space left")[0].outcome == "gone"


@pytest.mark.parametrize("last", [None, Spell(T - 900, T - 890, T - 800, "stopped")])
def test_one_that_starts_and_fails_between_two_looks_has_failed_at_once(last):
    assert told(last, "failed") == [Spell(T, None, T, "failed")]


@pytest.mark.parametrize("watch", [None, BLIND], ids=["the first look", "nobody had looked"])
def test_of_what_is_up_when_somebody_looks_again_the_beginning_is_not_known(watch):
    (spell,) = told(None, "running", watch)
    assert spell == Spell(T, T, cut=True)
    (ended,) = followed(spell, service("failed"), T + 60, Watch(T + 55, 300))
    assert (ended.outcome, ended.length) == ("failed", None)
    assert told(None, "failed", watch) == [Spell(T, None, T, "failed", cut=True)]


def test_what_ended_while_nobody_looked_ended_at_an_unknown_moment_and_nobody_knows_how():
    before = Spell(T - 9000, T - 8990)
    unseen = Spell(T - 9000, T - 8990, T - 4000, "unseen")
    assert (told(before, "stopped", BLIND), unseen.length) == ([unseen], None)
    assert told(before, None, BLIND) == [unseen]
    assert told(before, "starting", BLIND) == [unseen, Spell(T, cut=True)]
    assert told(before, "failed", BLIND) == [unseen, Spell(T, None, T, "failed", cut=True)]
    assert told(before, "running", BLIND) == []  # as far as anybody can tell


def test_a_clock_that_was_set_back_ends_nothing_before_it_began():
    later = Spell(T + 50, T + 60)
    assert told(later, "stopped") == [Spell(T + 50, T + 60, T + 60, "stopped")]
    assert told(later, "stopped", BLIND)[0].end == T + 60


# What they say


def spells(*outcomes, up=True, seconds=60.0):
    """Newest first, one an hour; "" goes on."""
    at = [T - 3600 * number for number in range(len(outcomes))]
    return [
        Spell(start, start + 10 if up else None, start + seconds if outcome else None, outcome)
        for start, outcome in zip(at, outcomes, strict=True)
    ]


def test_what_was_not_seen_to_end_counts_neither_as_failed_nor_as_well():
    past = past_of(spells("", "failed", "stopped", "unseen", "gone", "failed"))
    assert (past.ended, past.failed) == (4, 2)
    assert past_of([]) == Past()


def test_too_few_spells_or_too_few_known_lengths_have_no_usual_one():
    assert past_of(spells("", *["stopped"] * 4)).lasts is None
    assert past_of(spells("", *["stopped"] * 5)).lasts == 60
    cut = [Spell(T, T, T + 9, "stopped", cut=True)] * 9
    assert (past_of(cut).lasts, past_of(cut).comes_up) == (None, None)
    assert past_of(spells(*["stopped"] * 5)).comes_up == 10


@pytest.mark.parametrize(
    ("outcomes", "up", "flaky"),
    [
        (("", "failed", "stopped", "failed"), True, True),
        (("", "failed", "failed", "failed"), True, False),  # it came back once, it is rather broken
        (("stopped", "failed", "stopped", "failed"), False, False),  # it never came up
        (("failed", "stopped", "failed", "stopped"), True, False),
        (("unseen", "failed", "unseen", "failed"), True, False),
        ((), True, False),
    ],
)
def test_one_that_fails_and_then_lasts_more_than_once_is_flaky(outcomes, up, flaky):
    assert past_of(spells(*outcomes, up=up)).flaky is flaky
