"""Which of two observations of one row is the newer one."""

from dashboard.fleet.entities import Environment
from dashboard.fleet.store import Observation

SET_BACK = 300.0
"""Seconds: no request takes that long; what seems to have been asked so much later was asked before the clock was set
back.
"""
STAYS = ("phase", "environment_id", "created")
"""An answer without one of these lacks a field, and says nothing; the next one will."""


def newer(old: Observation, new: Observation) -> bool:
    """True when `new` may replace `old`: never when it lacks what does not go away once it is there.

    An environment carries versions that only rise, so they decide when both have them (reference: versions
    impose a partial order; drop what is older). Everywhere else the moment of the request decides: a
    service's versions are made anew for each answer and say nothing. A clock that was set back would have nothing
    believed until it has caught up: then what comes last counts.
    """
    if any(getattr(old.row, name, None) and not getattr(new.row, name, None) for name in STAYS):
        return False
    if isinstance(old.row, Environment) and isinstance(new.row, Environment):
        if (
            old.row.status_version
            and new.row.status_version
            and old.row.status_version != new.row.status_version
        ):
            return new.row.status_version > old.row.status_version
        if old.row.spec_version and new.row.spec_version and old.row.spec_version != new.row.spec_version:
            return new.row.spec_version > old.row.spec_version
    return new.asked >= old.asked or old.asked - new.asked > SET_BACK
