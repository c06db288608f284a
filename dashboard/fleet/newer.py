"""Which of two observations of one row is the newer one."""

from dashboard.fleet.entities import Environment
from dashboard.fleet.store import Observation


def newer(old: Observation, new: Observation) -> bool:
    """True when `new` may replace `old`.

    An environment carries versions that only rise, so they decide when both have them (reference: versions
    impose a partial order; drop what is older). Everywhere else the moment of the request decides: a
    service's versions are made anew for each answer and say nothing.
    """
    if isinstance(old.row, Environment) and isinstance(new.row, Environment):
        if (
            old.row.status_version
            and new.row.status_version
            and old.row.status_version != new.row.status_version
        ):
            return new.row.status_version > old.row.status_version
        if old.row.spec_version and new.row.spec_version and old.row.spec_version != new.row.spec_version:
            return new.row.spec_version > old.row.spec_version
    return new.asked >= old.asked
