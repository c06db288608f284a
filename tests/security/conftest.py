"""The dashboard over a simulated fleet, as in the tests of the pages."""

from tests.web.conftest import broker, clients, dashboard, static_files, users  # noqa: F401
