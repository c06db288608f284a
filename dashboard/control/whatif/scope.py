"""Which recorded environments a policy speaks of. Pure.

What an environment is (its name, project, person, class…) is taken as it is now, or as it was last. What passes (how
long it is idle, its failures) is not recorded so that a filter could be held against it: such terms are
left out, and named. Of an environment that is gone less is known; where a term asks for that, it is not in scope.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from dashboard.control.idle import ORDINARY_ROLES
from dashboard.control.record.models import RecordedEnvironment
from dashboard.fleet.entities import Environment, Kind
from dashboard.fleet.query import Context, Selection, select
from dashboard.fleet.query.selection import Condition
from dashboard.fleet.snapshot import Fleet

RECORDED = frozenset({"", "name", "id", "project", "creator", "class", "role", "phase"})
STEADY = RECORDED | {"runner", "repo", "branch"}
"""Fields of what hardly changes; "" is a bare word. The phase is always running: nothing else is stopped."""


@dataclass(frozen=True)
class Scope:
    """A filter held against the past. `problem` says why it cannot be read, `left_out` names the terms that are not
    held against it, `vague` whether some ask for what is not recorded of environments that are gone.
    """

    fleet: Fleet
    conditions: tuple[Condition, ...]
    roles: Collection[str]
    problem: str = ""
    left_out: tuple[str, ...] = ()
    vague: bool = False

    def holds(self, recorded: RecordedEnvironment) -> bool:
        """Whether it speaks of this environment."""
        if recorded.role not in ORDINARY_ROLES and recorded.role not in self.roles:
            return False
        row = self.fleet.environments.get(recorded.id)
        if row is None and self.vague:
            return False
        row = _row(recorded) if row is None else replace(row, phase="running", archived=None, failures=())
        return all(condition.holds(row) for condition in self.conditions)


def scope(fleet: Fleet, text: str, roles: Collection[str], now: float) -> Scope:
    """`text` is a filter over environments; a policy is nobody, so nothing is its own."""
    found: Selection = select(fleet, Kind.ENVIRONMENT, text, Context(now))
    if found.problems:
        return Scope(fleet, (), roles, found.problems[0].message)
    kept, left_out = [], []
    for condition in found.conditions:
        term = condition.term
        if term.field in STEADY:
            kept.append(condition)
        else:
            left_out.append(text[term.start : term.end])
    vague = any(condition.term.field not in RECORDED for condition in kept)
    return Scope(fleet, tuple(kept), roles, "", tuple(left_out), vague)


def _row(recorded: RecordedEnvironment) -> Environment:
    """An environment that is gone, as far as it is recorded."""
    return Environment(
        recorded.id,
        recorded.name,
        "running",
        project_id=recorded.project_id,
        creator_id=recorded.creator_id,
        creator_kind=recorded.creator_kind,
        class_id=recorded.class_id,
        role=recorded.role,
    )


def exempted(
    fleet: Fleet, rows: Mapping[str, RecordedEnvironment], query: str, now: float
) -> Collection[str]:
    """Ids of those of `rows` that an exemption by filter holds. It errs on the side of keeping: terms that pass are
    left out, which makes it hold more.
    """
    found = scope(fleet, query, {row.role for row in rows.values()}, now)
    return [] if found.problem else [key for key, row in rows.items() if found.holds(row)]
