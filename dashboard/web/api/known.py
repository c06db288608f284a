"""The fleet for the API: whoever asks a list of a fleet that nobody has read yet gets an error, not an empty list."""

from django.http import HttpRequest

from dashboard.fleet.entities import Kind, Listed
from dashboard.fleet.snapshot import Fleet
from dashboard.web.api.problems import Problem
from dashboard.web.http import current_freshness, moment, printable

RETRY_SECONDS = 5


def known_fleet(request: HttpRequest) -> Fleet:
    """The fleet once all of it was read; later it may be old, as `freshness` says. Raises Problem."""
    now = moment(request)
    if "full:ok" in now.sweeps:
        return now.fleet
    why = now.trouble and f" {current_freshness(request).reason}"
    raise Problem(
        503,
        f"The fleet has not been read yet.{why} Nothing can be said of it.",
        kind="not-read",
        headers={"Retry-After": str(RETRY_SECONDS)},
    )


def row_of(request: HttpRequest, kind: Kind, identifier: str) -> Listed:
    """One row. Raises Problem when it is not there."""
    row = moment(request).fleet.of(kind).get(identifier)
    if row is None:
        known_fleet(request)
        words = f"There is no {kind.value} with the id {printable(identifier)}, or this key does not see it."
        raise Problem(404, words)
    found: Listed = row  # type: ignore[assignment]
    return found
