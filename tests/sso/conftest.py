"""The whole dashboard with `SSO_MODE=proxy`, on its port."""

from collections.abc import Iterator

import pytest

from tests.sso.reverse import SECRET
from tests.test_stack import Up

BEHIND_A_PROXY = {
    "SSO_MODE": "proxy",
    "PROXY_PEERS": "127.0.0.1",
    "PROXY_SECRET": SECRET,
    "ADMIN_GROUPS": "fleet-admins",
    "OPERATOR_GROUPS": "developers",
}


@pytest.fixture(scope="package")
def behind_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    up = Up(tmp_path_factory.mktemp("proxy") / "var", **BEHIND_A_PROXY)
    try:
        up.wait_until_it_answers()
        yield up
    finally:
        up.end()
