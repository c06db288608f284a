"""`make chaos`, shortened: the stack at work loses what it needs, part by part, and loses nothing of what was asked."""

from random import Random

import pytest

from scripts.chaos.__main__ import possible, said, say
from scripts.chaos.faults import EVERYTHING, faults, schedule
from scripts.chaos.run import scene

TURNS = (
    ("SIGKILL of worker", "API answers with 500, 502 and 503"),
    ("database locked by a writer", "clock one hour behind, and back"),
    ("SIGKILL of valkey", "API corrupts its answers"),
    ("SIGSTOP of worker", "disk full"),
    ("SIGKILL of web", "SIGKILL of beat"),
)


@pytest.mark.timeout(600)
def test_whatever_dies_under_it_nothing_is_lost_nothing_is_sent_twice_and_pages_stay() -> None:
    with scene(seed=7, environments=50, forgotten=15, speed=60.0, pause=0.3) as here:
        found = {one.name: one for one in possible(here)}
        turns = [[found[name] for name in turn if name in found] for turn in TURNS]
        with here.people.about():
            here.live_through(turns, Random(7), say, longest=2.0)
        assert [str(check) for check in said(here) if not check.passed] == []
    assert len(here.struck) >= 9


def test_every_fault_comes_once_before_any_comes_again_and_no_part_is_broken_twice_at_once() -> None:
    found = faults(postgres=False, movable=True)
    turns = schedule(found, len(found) + 5, Random(3))
    order = [one for turn in turns for one in turn]
    assert {one.name for one in order[: len(found)]} == {one.name for one in found}
    assert len(order) == len(found) + 5
    for turn in turns:
        assert len({one.what for one in turn}) == len(turn)
        assert EVERYTHING not in turn or len(turn) == 1
