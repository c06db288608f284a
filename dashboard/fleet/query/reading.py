"""What rows say when they are asked: the word of a phase, the last activity, the place a row is in."""

from dataclasses import dataclass, field
from typing import Any

from dashboard.fleet.entities import Environment, Listed, Service
from dashboard.fleet.snapshot import Fleet

# Failed first, then what moves, then what runs, then the rest; unknown words last.
_PHASES = (
    "failed",
    "deleting",
    "stopping",
    "creating",
    "starting",
    "updating",
    "pending",
    "running",
    "succeeded",
    "stopped",
    "deleted",
    "archived",
)
PHASE_ORDER = {phase: number for number, phase in enumerate(_PHASES)}


@dataclass(frozen=True, slots=True)
class Context:
    """What a query depends on besides the fleet: the moment (epoch seconds), who asks (the id of their Ona user,
    "" for nobody), the ids of the environments that are exempt from idle policies, and of those made for the person
    though they belong to another, and what that person has starred, as (value of a kind, id).
    """

    now: float
    person_id: str = ""
    exempt: frozenset[str] = field(default_factory=frozenset)
    made: frozenset[str] = field(default_factory=frozenset)
    starred: frozenset[tuple[str, str]] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class At:
    """One evaluation: a fleet and a context; every row is read with the same."""

    fleet: Fleet
    context: Context


def phase_of(row: Listed) -> str:
    """The word the phase filter goes by: what is archived is archived and what failed has failed, whatever its
    phase.
    """
    if isinstance(row, Environment) and row.archived is not None:
        return "archived"
    if row.failed:
        return "failed"
    return row.phase or ("not_started" if isinstance(row, Service) else "unknown")


def last_run(fleet: Fleet, row: Listed) -> str:
    """The phase of a task's last run, as the phase filter says it; "" when it has never run."""
    runs = fleet.runs_of(row.id)
    return phase_of(runs[0]) if runs else ""


def last_active(environment: Environment) -> float | None:
    """Epoch seconds of the newest of the activity signal and the last start: signals come only every five minutes."""
    signal, started = environment.signal_at, environment.started
    if signal is None or started is None:
        return started if signal is None else signal
    return max(signal, started)


def of_environment(at: At, row: Any, attribute: str) -> Any:
    """A text of the environment that the row is in; "" when that is not known."""
    environment = at.fleet.environments.get(row.environment_id)
    return getattr(environment, attribute) if environment is not None else ""


def project_id(fleet: Fleet, row: Listed) -> str:
    environment = fleet.environments.get(row.environment_id)
    return environment.project_id if environment is not None else ""
