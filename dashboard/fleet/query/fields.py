"""The table of fields: what each kind of row can be asked for. The help on the pages, the guide and the completion are
made from it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from dashboard.fleet.entities import Kind
from dashboard.fleet.marking import marked as _
from dashboard.fleet.query.reading import At, last_active, last_run, of_environment, phase_of
from dashboard.fleet.query.values import Takes
from dashboard.fleet.sentences import sentence
from dashboard.fleet.snapshot import Fleet

Reader = Callable[[At, Any], Any]
Names = Callable[[Fleet, str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `read` gives a row's raw value: a word or text, an id (NAME), a tuple of texts or numbers, seconds
    (DURATION), None for what is not known. `names` gives what the thing with an id is called, `known` all ids to offer.

    `index` names the set of rows per raw value ("phase", "project"…) by which a list may be narrowed before the rest is
    tested. `has` says that `has:` may ask whether there is anything in it.
    """

    name: str
    means: str
    takes: Takes
    examples: tuple[str, ...]
    read: Reader
    words: tuple[str, ...] = ()
    names: Names | None = None
    known: str = ""
    index: str = ""
    has: bool = False


ENVIRONMENT_PHASES = (
    "creating", "starting", "running", "updating", "stopping", "stopped", "deleting", "deleted", "failed", "archived"
)  # fmt: skip
SERVICE_PHASES = ("not_started", "starting", "running", "stopping", "stopped", "failed", "deleted")
EXECUTION_PHASES = ("pending", "running", "succeeded", "failed", "stopped")
TRIGGERS = (
    "manual", "post_machine_start", "post_environment_start", "post_devcontainer_start", "prebuild", "before_snapshot"
)  # fmt: skip


def _own(attribute: str) -> Reader:
    return lambda _, row: getattr(row, attribute)


def _place(attribute: str) -> Reader:
    return lambda at, row: of_environment(at, row, attribute)


def _since(attribute: str) -> Reader:
    def read(at: At, row: Any) -> float | None:
        moment = getattr(row, attribute)
        return None if moment is None else max(0.0, at.context.now - moment)

    return read


def _idle(at: At, row: Any) -> float | None:
    moment = last_active(row)
    return None if moment is None else max(0.0, at.context.now - moment)


def _ran(at: At, row: Any) -> float | None:
    runs = at.fleet.runs_of(row.id)
    moment = runs[0].created if runs else None
    return None if moment is None else max(0.0, at.context.now - moment)


def person_names(fleet: Fleet, identifier: str) -> tuple[str, ...]:
    known = fleet.people.get(identifier)
    email = (known.email,) if known is not None and known.email else ()
    return (fleet.person(identifier), *email)


def _named(name: Callable[[Fleet, str], str]) -> Names:
    return lambda fleet, identifier: (name(fleet, identifier),)


def _phase(words: tuple[str, ...]) -> Field:
    return Field(
        "phase",
        sentence(
            "the phase; what failed has failed and what is archived is archived, whatever the phase below"
        ),
        Takes.WORD,
        ("phase:running,failed", "-phase:stopped"),
        lambda _, row: phase_of(row),
        words,
        index="phase",
    )


def _desired(words: tuple[str, ...]) -> Field:
    examples = ("desired:running",)
    return Field(
        "desired",
        sentence("the phase Ona is asked to bring it to"),
        Takes.WORD,
        examples,
        _own("desired"),
        tuple(word for word in words if word not in {"archived", "failed", "not_started"}),
    )


def _text(name: str, means: str, example: str, attribute: str = "", *, has: bool = False) -> Field:
    return Field(name, means, Takes.TEXT, (example,), _own(attribute or name), has=has)


def _count(name: str, means: str, *examples: str) -> Field:
    return Field(name, means, Takes.NUMBER, examples, _own(name), has=True)


NAME = _text("name", _("the name"), "name:otter")
ID = Field("id", _("the id; the last letters, as shown, are enough"), Takes.ID, ("id:9f0a12cd",), _own("id"))
AGE = Field("age", _("time since it was made"), Takes.DURATION, ("age:<7d", "age:>30d"), _since("created"))
STARTED = Field(
    "started", _("time since its last start"), Takes.DURATION, ("started:<1h",), _since("started"), has=True
)
CREATOR = Field(
    "creator",
    _("who made it: name, e-mail address or id"),
    Takes.NAME,
    ("creator:ada", "-creator:bot"),
    _own("creator_id"),
    names=person_names,
    known="people",
    index="creator",
)
FAILURE = _text("failure", _("what Ona says about the failure"), 'failure:"no machine"', has=True)
PROJECT = Field(
    "project",
    _("the project"),
    Takes.NAME,
    ("project:web", 'project:="Web shop"'),
    _own("project_id"),
    names=_named(Fleet.project),
    known="projects",
    index="project",
    has=True,
)
CLASS = Field(
    "class",
    _("the environment class"),
    Takes.NAME,
    ("class:large",),
    _own("class_id"),
    names=_named(Fleet.environment_class),
    known="classes",
    index="class",
)
RUNNER = Field(
    "runner",
    _("the runner"),
    Takes.NAME,
    ("runner:frankfurt",),
    _own("runner_id"),
    names=_named(Fleet.runner),
    known="runners",
)
REPOSITORY = _text("repo", _("the repository"), "repo:acme/shop", "repository", has=True)
BRANCH = _text("branch", _("the branch"), "branch:main", has=True)

_ENVIRONMENT = (
    _phase(ENVIRONMENT_PHASES),
    _desired(ENVIRONMENT_PHASES),
    NAME,
    ID,
    PROJECT,
    CREATOR,
    CLASS,
    RUNNER,
    Field(
        "role",
        _("what it was made for"),
        Takes.WORD,
        ("role:prebuild",),
        _own("role"),
        ("default", "prebuild", "workflow"),
    ),
    REPOSITORY,
    BRANCH,
    AGE,
    Field(
        "idle", _("time since the last activity or start"), Takes.DURATION, ("idle:>2h", "idle:<30m"), _idle
    ),
    STARTED,
    replace(FAILURE, read=_own("failures")),
    _text("warning", _("what Ona warns about"), "warning:timeout", "warnings", has=True),
    _count("unpushed", _("commits that are not pushed"), "unpushed:>0"),
    _count("changed", _("changed files that are not committed"), "changed:>10"),
    Field(
        "port",
        _("the number of an open port"),
        Takes.NUMBER,
        ("port:3000", "port:>8000"),
        lambda _, row: tuple(port.number for port in row.ports),
        has=True,
    ),
    Field(
        "archived",
        _("archived environments, which the list leaves out unless asked for them"),
        Takes.SWITCH,
        ("archived:any", "archived:yes"),
        lambda _, row: row.archived is not None,
    ),
    Field(
        "lockdown",
        _("locked down by Ona"),
        Takes.SWITCH,
        ("lockdown:yes",),
        lambda _, row: row.lockdown is not None,
        has=True,
    ),
)


def _inside(field: Field, attribute: str) -> Field:
    """A field of the environment that a row is in."""
    return replace(field, means=f"{field.means} of its environment", read=_place(attribute))


_PLACE = (
    Field(
        "environment",
        _("the environment it is in"),
        Takes.NAME,
        ("environment:otter",),
        _own("environment_id"),
        names=_named(Fleet.environment_name),
        known="environments",
    ),
    _inside(PROJECT, "project_id"),
    replace(_inside(CLASS, "class_id"), index=""),
    _inside(RUNNER, "runner_id"),
    _inside(REPOSITORY, "repository"),
    _inside(BRANCH, "branch"),
)
TRIGGER = Field("trigger", _("what starts it"), Takes.WORD, ("trigger:manual",), _own("triggers"), TRIGGERS)

_SERVICE = (
    _phase(SERVICE_PHASES),
    _desired(SERVICE_PHASES),
    NAME,
    _text("reference", _("the reference by which commands name it"), "reference:web"),
    Field(
        "role",
        _("what made it: default is the team's own"),
        Takes.WORD,
        ("role:editor",),
        _own("role"),
        ("default", "editor", "ai_agent", "security_agent"),
    ),
    ID,
    *_PLACE,
    CREATOR,
    TRIGGER,
    AGE,
    FAILURE,
    Field(
        "platform",
        _("services of the platform itself, which the list leaves out unless asked for them"),
        Takes.SWITCH,
        ("platform:any", "platform:yes"),
        lambda _, row: row.platform,
    ),
)
_TASK = (
    NAME,
    _text("reference", _("the reference by which commands name it"), "reference:test"),
    ID,
    *_PLACE,
    CREATOR,
    TRIGGER,
    AGE,
    Field(
        "last",
        _("how its last run stands"),
        Takes.WORD,
        ("last:failed",),
        lambda at, row: last_run(at.fleet, row),
        EXECUTION_PHASES,
        has=True,
        index="last",
    ),
    Field("ran", _("time since its last run"), Takes.DURATION, ("ran:<1d",), _ran),
)
_EXECUTION = (
    _phase(EXECUTION_PHASES),
    _desired(EXECUTION_PHASES),
    _text("task", _("the name of the task"), "task:build", "name"),
    _text("started-by", _("what started it"), "started-by:manual", "started_by", has=True),
    ID,
    *_PLACE,
    replace(CREATOR, means=_("who asked for it: name, e-mail address or id")),
    replace(AGE, means=_("time since it was asked for")),
    STARTED,
    Field(
        "duration",
        _("how long it took, or has been running"),
        Takes.DURATION,
        ("duration:>10m",),
        lambda at, row: row.duration(at.context.now),
    ),
    FAILURE,
)

FIELDS: dict[Kind, dict[str, Field]] = {
    kind: {field.name: field for field in fields}
    for kind, fields in (
        (Kind.ENVIRONMENT, _ENVIRONMENT),
        (Kind.SERVICE, _SERVICE),
        (Kind.TASK, _TASK),
        (Kind.EXECUTION, _EXECUTION),
    )
}
LEFT_OUT = {
    Kind.ENVIRONMENT: ("archived", "phase:archived"),
    Kind.SERVICE: ("platform", "role"),
}
"""What a list leaves out ("archived" rows) unless the query has that field, or this other one."""
