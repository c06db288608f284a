"""The table of the API's methods in `docs/methods.md`: what calls each, answers it, shows it and tests it.

python -m scripts.methods write     # what `make methods` runs
python -m scripts.methods check     # exit code 1 when a cell is empty or the file is out of date

The client's calls are found in its code, the simulator's in its dispatch table, deeds by trying each verb on a client
that only takes notes, tests by their marker (which a fixture holds against what they really call). Where a page shows
what was read is written down in SHOWN.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.control.verbs import RULES, Params, Rule
from dashboard.ona.automations import Automations
from dashboard.ona.directory import Directory
from dashboard.ona.environments import Environments
from dashboard.ona.events import METHOD, Events
from dashboard.simulator import watch
from dashboard.simulator.methods import METHODS

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "methods.md"
GROUPS = {
    "environments": Environments,
    "automations": Automations,
    "directory": Directory,
    "events": Events,
}
SHOWN: Mapping[str, tuple[str, ...]] = {
    "ListEnvironments": ("`/environments/`",),
    "GetEnvironment": ("`/environments/<id>/`",),
    "ListEnvironmentClasses": ("`/classes/`", "`/environments/new/`"),
    "ListServices": ("`/services/`",),
    "GetService": ("`/services/<id>/`",),
    "ListTasks": ("`/tasks/`",),
    "GetTask": ("`/tasks/<id>/`",),
    "ListTaskExecutions": ("`/executions/`",),
    "GetTaskExecution": ("`/executions/<id>/`",),
    "CreateEnvironmentLogsToken": ("`/services/<id>/log/`", "`/executions/<id>/log/`"),
    "GetAuthenticatedIdentity": ("`/environments/`", "`manage.py doctor`"),
    "ListMembers": ("`/environments/`",),
    "ListProjects": ("`/environments/`",),
    "ListRunners": ("`/environments/`",),
    "CreateEnvironmentAccessToken": ("`manage.py access_token`",),
    METHOD: ("`manage.py watch`", "`manage.py doctor`"),
}
"""Pages and commands for what no verb on a page sends."""
TRIED: tuple[Params, ...] = ({}, {"project": "p"})
"""What is filled in when a verb is tried."""
CALL = re.compile(r"\bona\.(\w+\.\w+)\(")
HEAD = """# Methods of the API

Written by `make methods`; a test fails when a cell is empty or the table is out of date. Every test named here calls
the method with our client over the simulator's wire and gets a good answer; which errors come back, and that the
official clients agree, is tested in `tests/referee/`.

"""


@dataclass(frozen=True)
class Line:
    """One method; each cell is Markdown, "" when there is nothing."""

    method: str
    client: str
    simulator: str
    where: str
    test: str

    @property
    def empty(self) -> bool:
        return not all((self.client, self.simulator, self.where, self.test))


def lines() -> list[Line]:
    """Every method that the simulator answers or the client calls."""
    handlers = {name.rpartition("/")[2]: named(method.handler) for name, method in METHODS.items()}
    handlers[watch.NAME.rpartition("/")[2]] = named(watch.answer)
    calls, deeds, tests = client_calls(set(handlers)), deeds_by_call(), marked_tests()
    return [
        Line(
            name,
            ", ".join(f"`{call}`" for call in calls.get(name, ())),
            f"`{handler}`",
            ", ".join(
                (
                    *SHOWN.get(name, ()),
                    *(deed for call in calls.get(name, ()) for deed in deeds.get(call, ())),
                )
            ),
            ", ".join(tests.get(name, ())),
        )
        for name, handler in handlers.items()
    ]


def named(handler: Callable[..., object]) -> str:
    """`methods.environments.get_environment`."""
    return f"{handler.__module__.removeprefix('dashboard.simulator.')}.{handler.__name__}"


def client_calls(known: set[str]) -> dict[str, list[str]]:
    """Method → the client's calls, `environments.pages`: those whose code names it, or a helper's that does."""
    found: dict[str, list[str]] = {}
    for group, owner in GROUPS.items():
        functions = {name: one for name, one in vars(owner).items() if inspect.isfunction(one)}
        helpers = {
            name: set(names_in(one)) & known for name, one in functions.items() if name.startswith("_")
        }
        for name, function in functions.items():
            if name.startswith("_"):
                continue
            words = set(names_in(function))
            for method in (words & known).union(*(helpers[word] for word in words & helpers.keys())):
                found.setdefault(method, []).append(f"{group}.{name}")
    return found


def names_in(function: Callable[..., object]) -> Iterator[str]:
    """Every text and attribute in a function's code; of a constant of its module that is a text, the text."""
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name) and isinstance(
            value := vars(inspect.getmodule(function)).get(node.id), str
        ):
            yield value


class Notes:
    """A client that calls nothing and knows what it was asked to call."""

    def __init__(self, path: str = "", taken: list[str] | None = None) -> None:
        self.path, self.taken = path, [] if taken is None else taken

    def __getattr__(self, name: str) -> "Notes":
        return Notes(f"{self.path}.{name}".strip("."), self.taken)

    def __call__(self, *_: Any, **__: Any) -> "Notes":
        self.taken.append(self.path)
        return self


def deeds_by_call() -> dict[str, list[str]]:
    """Client's call → the deeds on pages that make it: “Stop” of an environment."""
    found: dict[str, list[str]] = {}
    for rule in RULES.values():
        for call in calls_of(rule) if not rule.console else ():
            found.setdefault(call, []).append(f"“{rule.label or rule.verb.deed}” of {rule.kind.value}s")
    return found


def calls_of(rule: Rule) -> list[str]:
    """What a verb calls when it is tried; of one that needs more for that, what its code names."""
    notes = Notes()
    try:
        for params in TRIED:
            rule.send(notes, "id", params)  # type: ignore[arg-type]
    except (KeyError, TypeError):
        return CALL.findall(inspect.getsource(rule.send))
    return list(dict.fromkeys(notes.taken))


def marked_tests() -> dict[str, list[str]]:
    """Method → the tests that are marked with it, as links."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for method in marks_of(node):
                    file = path.relative_to(ROOT).as_posix()
                    found.setdefault(method, []).append(f"[{words(node.name)}](../{file})")
    return found


def marks_of(function: ast.FunctionDef) -> Iterator[str]:
    """What stands in `@pytest.mark.method(…)`."""
    for one in function.decorator_list:
        if isinstance(one, ast.Call) and ast.unparse(one.func) == "pytest.mark.method":
            yield from (value.value for value in one.args if isinstance(value, ast.Constant))  # type: ignore[misc]


def words(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


def document() -> str:
    """The whole file."""
    rows = (
        f"| {one.method} | {one.client} | {one.simulator} | {one.where} | {one.test} |" for one in lines()
    )
    head = "| method | client | simulator | page or command | test |\n|---|---|---|---|---|\n"
    return HEAD + head + "\n".join(rows) + "\n"


def main(verb: str) -> int:
    if verb == "write":
        TABLE.write_text(document(), encoding="utf-8")
        return 0
    empty = [one.method for one in lines() if one.empty]
    if empty:
        print(f"an empty cell: {', '.join(empty)}", file=sys.stderr)
    stale = TABLE.read_text(encoding="utf-8") != document()
    if stale:
        print("docs/methods.md is out of date; run: make methods", file=sys.stderr)
    return 1 if empty or stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
