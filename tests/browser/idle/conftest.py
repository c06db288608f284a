"""A stack of its own for what is idle: in a small fleet that has lived for a while nothing may be idle any more."""

from collections.abc import Iterator

import pytest

from tests.browser.conftest import Stack, running


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Ten times as many environments, so that some are idle at any time."""
    folder = tmp_path_factory.mktemp("idle") / "var"
    yield from running(folder, "--environments", "400", "--seed", "7", "--speed", "4")
