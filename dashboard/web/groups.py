"""What hours are summed up by, as pages call it: also what is gone, by the name that it had last."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from dashboard.control.record import cost
from dashboard.fleet.entities import Kind
from dashboard.fleet.snapshot import Fleet

NOTHING = {"project": _("Without a project"), "person": _("Nobody"), "class": _("Class not known")}
GONE = {"environment": _(" (deleted)")}


def group_names(by: str, keys: Iterable[str], fleet: Fleet) -> dict[str, str]:
    """Id → name of projects, people, classes or environments; asks the database only for what the fleet no longer
    has.
    """
    keys = list(keys)
    there = fleet.of(Kind(by))
    gone = [key for key in keys if key and key not in there]
    known = cost.names(by, gone) if gone else {}
    return {key: _name(by, key, fleet, known) for key in keys}


def _name(by: str, key: str, fleet: Fleet, known: Mapping[str, str]) -> str:
    if not key:
        return gettext(NOTHING.get(by, "—"))
    if key not in fleet.of(Kind(by)):
        return (known.get(key) or _as_the_fleet_says(by, key, fleet)) + (
            gettext(GONE[by]) if by in GONE else ""
        )
    return _class_name(key, fleet) if by == "class" else _as_the_fleet_says(by, key, fleet)


def _as_the_fleet_says(by: str, key: str, fleet: Fleet) -> str:
    says = {
        "project": fleet.project,
        "person": fleet.person,
        "class": fleet.environment_class,
        "environment": fleet.environment_name,
    }
    return says[by](key)


def _class_name(key: str, fleet: Fleet) -> str:
    """With its runner where two have one name."""
    name, runner = fleet.environment_class(key), fleet.classes[key].runner_id
    twins = sum(other.name == name for other in fleet.classes.values()) > 1
    return (
        gettext("{name} on {runner}").format(name=name, runner=fleet.runner(runner))
        if runner and twins
        else name
    )
