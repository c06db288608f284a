"""People of each role, and a small fleet to act on."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.control import ledger
from dashboard.control.models import Action, Role, State, User
from dashboard.control.verbs import Verb
from dashboard.fleet.entities import Environment, Execution, Kind, Person, Service, Task
from dashboard.fleet.snapshot import Fleet

NOW = datetime(2026, 9, 21, 12, 0, tzinfo=UTC)
MINE = Environment("e-mine", "sunny otter", "running", creator_id="p-oda")
THEIRS = Environment("e-theirs", "grey owl", "running", creator_id="p-ada")
SERVICE = Service("s-1", "e-theirs", "Web", phase="running")
TASK = Task("t-1", "e-theirs", "Build")
EXECUTION = Execution("x-1", "t-1", "e-theirs", "Build", "running")
PEOPLE = (
    Person("p-oda", "Oda", "Operator@Example.com"),
    Person("p-ada", "Ada", "ada@example.com"),
    Person("p-twin-1", "Twin", "twin@example.com"),
    Person("p-twin-2", "Twin", "TWIN@example.com"),
)
FLEET = Fleet(
    "epoch",
    1,
    {
        Kind.ENVIRONMENT: {MINE.id: MINE, THEIRS.id: THEIRS},
        Kind.SERVICE: {SERVICE.id: SERVICE},
        Kind.TASK: {TASK.id: TASK},
        Kind.EXECUTION: {EXECUTION.id: EXECUTION},
        Kind.PERSON: {person.id: person for person in PEOPLE},
    },
)
TARGETS = {
    Verb.START_ENVIRONMENT: Environment("e-mine", "sunny otter", "stopped", creator_id="p-oda"),
    Verb.STOP_ENVIRONMENT: MINE,
    Verb.START_SERVICE: Service("s-1", "e-theirs", "Web", phase="stopped"),
    Verb.STOP_SERVICE: SERVICE,
    Verb.START_TASK: TASK,
    Verb.STOP_EXECUTION: EXECUTION,
    Verb.CREATE_ENVIRONMENT: Environment("new-1", "web"),
    Verb.ADD_SERVICE: MINE,
    Verb.ADD_TASK: MINE,
    Verb.UPSERT_AUTOMATIONS: MINE,
    Verb.EDIT_ENVIRONMENT: MINE,
    Verb.EDIT_PORTS: MINE,
    Verb.KEEP_AWAKE: MINE,
    Verb.UNARCHIVE_ENVIRONMENT: Environment(
        "e-mine", "sunny otter", "stopped", creator_id="p-oda", archived=1.0
    ),
    Verb.DELETE_ENVIRONMENT: MINE,
    Verb.FORCE_DELETE_ENVIRONMENT: MINE,
    Verb.MAKE_ACCESS_TOKEN: MINE,
    Verb.EDIT_SERVICE: SERVICE,
    Verb.DELETE_SERVICE: SERVICE,
    Verb.EDIT_TASK: TASK,
    Verb.DELETE_TASK: TASK,
}


def seconds(number: float) -> datetime:
    """So long after NOW."""
    return NOW + timedelta(seconds=number)


@dataclass
class Ledger:
    """The ledger with a person, a queue that is a list, and a clock."""

    user: User
    queue: list

    def ask(self, verb, row=None, *, at=0.0, user=None, reason="", enqueue=None):
        return ledger.request(
            user or self.user,
            verb,
            row or TARGETS[verb],
            FLEET,
            now=seconds(at),
            enqueue=enqueue or self.queue.append,
            reason=reason,
        )

    def asked(self, verb, row=None, at=0.0) -> Action:
        """The action of a new wish."""
        return self.ask(verb, row, at=at).action

    def claimed(self, verb, row=None, at=0.0) -> Action:
        action = ledger.claim(self.asked(verb, row, at).id, seconds(at))
        assert action is not None
        return action

    def requested(self, verb, row=None, at=0.0, result_id="") -> Action:
        action = self.claimed(verb, row, at)
        Action.objects.update(state=State.REQUESTED, requested=seconds(at), result_id=result_id)
        action.refresh_from_db()
        return action


def user(role: Role, email: str = "") -> User:
    """Without a password: hashing one takes longer than most tests."""
    return User.objects.create(username=f"{role.value}-{User.objects.count()}", email=email, role=role)


@pytest.fixture
def admin(db) -> User:
    return user(Role.ADMIN)


@pytest.fixture
def book(admin) -> Ledger:
    return Ledger(admin, [])
