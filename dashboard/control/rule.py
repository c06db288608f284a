"""What a verb is, and everything the ledger needs to know of one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from dashboard.fleet.entities import Kind, Row
from dashboard.ona.send import Message

if TYPE_CHECKING:
    from dashboard.ona import Ona

Params: TypeAlias = Mapping[str, Any]
"""What a person filled in, as JSON. It is kept in the ledger, so it never holds a secret."""


class Verb(StrEnum):
    """Kind of the target and deed; the value is stored in the database and stands in addresses."""

    START_ENVIRONMENT = "environment.start"
    STOP_ENVIRONMENT = "environment.stop"
    CREATE_ENVIRONMENT = "environment.create"
    ADD_SERVICE = "environment.add-service"
    ADD_TASK = "environment.add-task"
    UPSERT_AUTOMATIONS = "environment.upsert-automations"
    EDIT_ENVIRONMENT = "environment.edit"
    EDIT_PORTS = "environment.edit-ports"
    KEEP_AWAKE = "environment.keep-awake"
    UNARCHIVE_ENVIRONMENT = "environment.unarchive"
    DELETE_ENVIRONMENT = "environment.delete"
    FORCE_DELETE_ENVIRONMENT = "environment.force-delete"
    MAKE_ACCESS_TOKEN = "environment.access-token"  # noqa: S105 - the name of a deed
    START_SERVICE = "service.start"
    STOP_SERVICE = "service.stop"
    EDIT_SERVICE = "service.edit"
    DELETE_SERVICE = "service.delete"
    START_TASK = "task.start"
    EDIT_TASK = "task.edit"
    DELETE_TASK = "task.delete"
    STOP_EXECUTION = "execution.stop"

    @property
    def deed(self) -> str:
        return self.value.partition(".")[2]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an observation ends an action: `state` is confirmed or failed, `words` what a person reads."""

    state: str
    words: str = ""


CONFIRMED = Outcome("confirmed")
NO_LONGER_THERE = Outcome("confirmed", "It is no longer there.")
NOT_THERE = Outcome("failed", "It is no longer there, or not visible to this key.")


def never(_: Row) -> str:
    """Of a verb that always makes sense."""
    return ""


def unsaid(*_: Any) -> Outcome | None:
    """Of a verb whose end shows in no other way."""
    return None


def wordless(_: Params) -> str:
    """Of a verb that takes no parameters."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One verb.

    `send(ona, target id, params)` makes the call and returns the id of what it made, or "".
    `pointless(row)` is the reason for skipping it, or "".
    `brings` are the phases that show that it has arrived: nothing but it leads from where it makes sense to these.
    `ended(row, params)` is the outcome an observation shows, or None while it is open.
    `patience` is how many seconds after the request the change should be visible.
    `repeatable` says whether sending it twice does no harm; creations never are.
    `look_first` says where to look before asking again for what must not be repeated.
    `rowless` says that it needs no target: it is asked for on a page of its own, of a target that is a mere token.
    `makes` is the kind of what it makes, which then is watched instead of the target.
    `gone` is what it means when what is watched is no longer there.
    `since(row, phase before)` is the outcome once the target has moved and moves no more, `late(row)` the one when
    `patience` is over; each is None where that says nothing more.
    `inside` says that the target's environment must be running.
    `page` is the name of the address where it is asked for, when that takes more than a question.
    `in_file` says that `ended` is given the environment's automations file instead of its row.
    `console` says that it is asked for through `manage.py` alone, by somebody who waits for the answer: no page
    offers it, no worker sends it, it is never tried again, and the answer itself is its end.
    `menu` puts it in the menu of the target's own page instead of beside every row; `danger` warns.
    `words(params)` says in a few words what was asked for, beyond the label.
    `message(params)` is what will be sent, so that a form can be held against the API's limits beforehand.
    """

    verb: Verb
    kind: Kind
    label: str
    send: "Callable[[Ona, str, Params], str]"
    ended: Callable[[Any, Params], Outcome | None]
    patience: float
    pointless: Callable[[Any], str] = never
    brings: frozenset[str] = frozenset()
    repeatable: bool = True
    look_first: str = ""
    rowless: bool = False
    makes: Kind | None = None
    gone: Outcome = NOT_THERE
    since: Callable[[Any, str], Outcome | None] = unsaid
    late: Callable[[Any], Outcome | None] = unsaid
    inside: bool = False
    page: str = ""
    in_file: bool = False
    console: bool = False
    menu: bool = False
    danger: bool = False
    words: Callable[[Params], str] = wordless
    message: Callable[[Params], Message] | None = None


def shows(seen: Params, wanted: Params) -> Outcome | None:
    """Of an edit: confirmed when everything that was `wanted` reads so in `seen`."""
    known = [name for name in wanted if name in seen]
    return CONFIRMED if known and all(seen[name] == wanted[name] for name in known) else None


def simply(call: "Callable[[Ona, str], None]") -> "Callable[[Ona, str, Params], str]":
    """A call that takes nothing but the target and makes nothing."""

    def send(ona: "Ona", identifier: str, _: Params) -> str:
        call(ona, identifier)
        return ""

    return send
