"""What a file's tasks wait for, and whose references its entries take."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext_noop as _

from dashboard.control.automations_file.mistakes import MOST_SHOWN, nearest, shown
from dashboard.fleet.details import CurrentFile
from dashboard.fleet.entities import Kind
from dashboard.fleet.sentences import joined, sentence

SECTIONS = {"services": Kind.SERVICE, "tasks": Kind.TASK}
OF_ANOTHER = {
    Kind.SERVICE: _("is the reference of a service of this environment"),
    Kind.TASK: _("is the reference of a task of this environment"),
}
Found = Iterator[tuple[str, str]]
"""Places, as in `tasks.build.dependsOn.0`, and what is wrong there."""


def taken(current: CurrentFile, file: Mapping[str, Any]) -> Found:
    """References that something of the other kind has: one is unique in its environment."""
    kinds = {one.reference: one.kind for one in current.entries}
    for section, kind in SECTIONS.items():
        for reference in file.get(section, {}):
            if section == "tasks" and reference in file.get("services", {}):
                yield f"tasks.{reference}", sentence("is the reference of a service of this file")
            elif kinds.get(reference, kind) != kind:
                yield (
                    f"{section}.{reference}",
                    sentence(OF_ANOTHER[kinds[reference]]),
                )


def unmet(current: CurrentFile, file: Mapping[str, Any]) -> Found:
    """Dependencies that nothing answers to, and one task, if any, that would wait for itself."""
    tasks = file.get("tasks", {})
    there = {one.reference: one.said.get("dependsOn", []) for one in current.entries}
    waits = there | {name: task.get("dependsOn", []) for name, task in tasks.items()}
    known = {*waits, *file.get("services", {})}
    helped = 0
    for name, task in tasks.items():
        for index, need in enumerate(task.get("dependsOn", [])):
            if need not in known:
                near = nearest(need, known) if helped < MOST_SHOWN else ""
                helped += 1
                nothing = sentence("nothing has the reference “{reference}”", reference=shown(need))
                question = [sentence("did you mean “{near}”?", near=near)] if near else []
                yield f"tasks.{name}.dependsOn.{index}", joined("; ", (nothing, *question))
    yield from _circle(waits, tasks)


def _circle(waits: Mapping[str, list[str]], tasks: Mapping[str, Any]) -> Found:
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
    else:
        return
    said = " → ".join(reversed(circle))
    for need, name in pairwise(circle):
        needs = tasks.get(name, {}).get("dependsOn", [])
        if need in needs:
            place = f"tasks.{name}.dependsOn.{needs.index(need)}"
            yield place, sentence("the task would wait for itself: {circle}", circle=said)
            return
