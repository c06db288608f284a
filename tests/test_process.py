"""Which processes are known to be gone."""

import os
import subprocess

import pytest

from dashboard.process import has_died, this_process


def test_a_process_that_ended_has_died_and_one_that_runs_has_not() -> None:
    host, _, pid = this_process().rpartition(":")
    assert int(pid) == os.getpid()
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert has_died(f"{host}:{ended.pid}")
    assert not has_died(this_process())
    assert not has_died(f"{host}:1")


@pytest.mark.parametrize("text", ["", ":", "elsewhere:999999", "nonsense"])
def test_of_what_is_not_of_this_machine_nothing_is_known(text: str) -> None:
    assert not has_died(text)
