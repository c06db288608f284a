"""What tests of sweeps compare: the simulated world, and what the store holds of it."""

from dashboard.fleet.entities import Kind
from dashboard.simulator import enums
from tests.unruly import edited

NOBODY = "01900000-0000-7000-8000-00000000dead"
PREFIXES = {
    Kind.ENVIRONMENT: "ENVIRONMENT_PHASE_",
    Kind.SERVICE: "SERVICE_PHASE_",
    Kind.EXECUTION: "TASK_EXECUTION_PHASE_",
}


def word(kind, phase):
    return phase.removeprefix(PREFIXES[kind]).lower().replace("unspecified", "")


def listed(world):
    """The environments that the API lists when nothing is said about archived ones."""
    return {
        one.id: one
        for one in world.environments.values()
        if one.phase != enums.DELETED and one.archived_at is None
    }


def kept(world):
    """The environments that a full sweep keeps: the listed ones and the archived ones."""
    return {one.id: one for one in world.environments.values() if one.phase != enums.DELETED}


def stored(simulated, kind):
    return {row.id: row for _, row in simulated.store.rows(kind)}


def phases(simulated, kind):
    return {identifier: row.phase for identifier, row in stored(simulated, kind).items()}


def first(world, phase):
    return next(one for one in listed(world).values() if one.phase == phase)


def call(simulated, method, identifier):
    getattr(simulated.ona.environments, method)(identifier)


def without(key, *identifiers):
    """A list answer that leaves these out."""

    def change(document):
        document[key] = [item for item in document.get(key, []) if item["id"] not in identifiers]

    return edited(change)


def spoil(key, **fields):
    """A list answer of which the first item has these fields instead."""

    def change(document):
        document[key][0].update(fields)

    return edited(change)
