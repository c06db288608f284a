"""`make thousand`, shortened: a batch of stops while worker, Valkey and web are killed is lived through, and undone."""

import pytest

from scripts.thousand import lived, stack


@pytest.mark.timeout(300)
def test_a_batch_survives_every_death_and_undoing_it_brings_back_exactly_what_it_stopped() -> None:
    with stack(targets=60) as one:
        assert [str(check) for check in lived(one, 60) if not check.passed] == []
