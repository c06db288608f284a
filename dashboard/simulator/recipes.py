"""Services and tasks as callers define them. How such a thing behaves is read from its commands:

`exit 3` ends with that code, `false` and `true` likewise, `sleep 90` takes that long, `trap '' TERM` ignores SIGTERM.
A ready command that fails never lets the service become ready; other commands just work.
"""

import math
import re
from dataclasses import replace
from typing import cast

from dashboard.simulator.creation import part
from dashboard.simulator.models import EnvItem, ServiceRecipe, TaskRecipe
from dashboard.simulator.wire import Json

_EXIT = re.compile(r"\bexit (\d{1,3})\b")
_SLEEP = re.compile(r"\bsleep (\d{1,6}(?:\.\d+)?)\b")
_FOREVER = re.compile(r"\bsleep inf(inity)?\b")


def exit_code(command: str) -> int | None:
    """The code that a command says it ends with; None for one that says nothing."""
    found = _EXIT.search(command)
    if found:
        return int(found.group(1))
    return {"true": 0, "false": 1}.get(command.rpartition("&&")[2].rpartition(";")[2].strip())


def seconds(command: str, usual: float) -> float:
    """How long a command takes."""
    return sum(map(float, _SLEEP.findall(command))) or usual


def is_stubborn(command: str) -> bool:
    """Whether a command ignores SIGTERM."""
    return "trap '' TERM" in command or 'trap "" TERM' in command


def behave(recipe: ServiceRecipe) -> ServiceRecipe:
    """The recipe with what its commands tell of its behaviour."""
    ready = exit_code(recipe.ready) or 0
    return replace(
        recipe,
        warm_up=math.inf if ready else seconds(recipe.ready, 4.0),
        breaks=False,
        exit_code=None if _FOREVER.search(recipe.start) else exit_code(recipe.start),
        seconds=seconds(recipe.start, 2.5),
        stop_fails=bool(exit_code(recipe.stop)),
        stubborn=is_stubborn(recipe.start) and not recipe.stop,
    )


def behave_task(recipe: TaskRecipe) -> TaskRecipe:
    """The recipe with what its command tells of its behaviour."""
    slept = seconds(recipe.command, 0.0)
    code = exit_code(recipe.command)
    return replace(
        recipe,
        seconds=slept or (0.5 if code is not None else 12.0),
        failure_rate=0.0,
        exit_code=0 if slept and code is None else code,
        stubborn=is_stubborn(recipe.command),
    )


def triggers(listed: object) -> tuple[str, ...]:
    """Trigger names, from trigger objects or plain words."""
    rows = cast("list[str | Json]", listed or [])
    return tuple(row if isinstance(row, str) else next(iter(row), "manual") for row in rows)


def variables(listed: object) -> tuple[EnvItem, ...]:
    """Environment variables."""
    return tuple(
        EnvItem(
            str(row.get("name", "")),
            str(row.get("value", "")),
            str(part(part(row, "valueFrom"), "secretRef").get("id", "")),
        )
        for row in cast("list[Json]", listed or [])
    )


def target(document: Json) -> dict[str, object]:
    """`runs_on`, `image` and `image_env` of a recipe, from a RunsOn message."""
    docker = part(document, "docker")
    if docker:
        names = tuple(cast("list[str]", docker.get("environment") or []))
        return {"runs_on": "docker", "image": str(docker["image"]), "image_env": names}
    return {"runs_on": "machine" if "machine" in document else "", "image": "", "image_env": ()}
