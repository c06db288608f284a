"""Holds a file against every documented rule, and says all that is wrong with it, each at its line.

The rules are those of `dashboard.ona.send`; here they meet a text that somebody typed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from dashboard.control.automations_file.mistakes import Mistake, nearest, shown
from dashboard.control.automations_file.needs import SECTIONS, taken, unmet
from dashboard.control.automations_file.text import TAG, compose, line_of
from dashboard.fleet.bounds import LONGEST_FILE
from dashboard.fleet.details import KEPT, CurrentFile
from dashboard.fleet.sentences import joined, number, sentence
from dashboard.ona.send import rules
from dashboard.ona.send.automations_file import ROLES
from dashboard.ona.words import seconds

Json = dict[str, Any]
NO_VALUES = sentence(
    "values are not typed here, since what is sent is kept in Activity; “{value}” keeps the one there is",
    value=KEPT,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """`file` is JSON as the API takes it, with KEPT for values; it counts only when there are no `mistakes`."""

    file: Json
    mistakes: tuple[Mistake, ...]

    def refused(self, place: str, words: str) -> "Checked":
        """The same with a mistake of which only the place is known."""
        return replace(self, mistakes=(*self.mistakes, Mistake(1, words, place)))


def check(text: str, current: CurrentFile) -> Checked:
    """What a text says, and everything that is wrong with it. Raises nothing, whatever the text."""
    if len(text) > LONGEST_FILE:
        return Checked(
            {},
            (
                Mistake(
                    1,
                    sentence(
                        "it has {length} characters; at most {most} are taken",
                        length=number(len(text)),
                        most=number(LONGEST_FILE),
                    ),
                ),
            ),
        )
    root = compose(text)
    if isinstance(root, Mistake):
        return Checked({}, _with_lines([root], text))
    reader = _Reader(text, current)
    file = {} if root is None else reader.file(root)
    if not reader.mistakes and not any(file.values()):
        reader.mistakes.append(Mistake(1, sentence("it names no service and no task")))
    return Checked(file, _with_lines(reader.mistakes, text))


def _with_lines(mistakes: list[Mistake], text: str) -> tuple[Mistake, ...]:
    lines = text.split("\n")
    there = (
        replace(one, text=shown(lines[one.line - 1]) if one.line <= len(lines) else "") for one in mistakes
    )
    return tuple(sorted(there, key=lambda one: one.line))


Read = Callable[["_Reader", Node, str], Any]
"""What a node says, None when nothing or nothing right."""


class _Reader:
    """Collects mistakes while it reads."""

    def __init__(self, text: str, current: CurrentFile) -> None:
        self.source = text
        self.mistakes: list[Mistake] = []
        self.nodes: dict[str, Node] = {}
        self.current = current

    def line(self, node: Node) -> int:
        return line_of(self.source, node.start_mark)

    def wrong(self, node: Node, place: str, words: str) -> None:
        self.mistakes.append(Mistake(self.line(node), words, place))

    def keep(self, rule: rules.Rule, value: Any, node: Node, place: str) -> Any:
        """The value, None when it breaks the rule."""
        if broken := rule(value):
            self.wrong(node, place, broken)
            return None
        return value

    # Shapes

    def pairs(self, node: Node, place: str) -> dict[str, tuple[ScalarNode, Node]]:
        """The entries of a mapping by their keys."""
        if _is(node, "null"):
            return {}
        if not isinstance(node, MappingNode):
            self.wrong(node, place, sentence("must be a mapping: indented lines of “name: value”"))
            return {}
        found: dict[str, tuple[ScalarNode, Node]] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode) or not _is(key, "str"):
                self.wrong(key, place, sentence("a name must be a text: put it in quotes"))
            elif key.value in found:
                first = self.line(found[key.value][0])
                self.wrong(
                    key,
                    _below(place, key.value),
                    sentence("is there twice, first in line {line}", line=first),
                )
            else:
                found[key.value] = (key, value)
        return found

    def fields(self, node: Node, place: str, known: Mapping[str, Read], *needed: str, at: Node) -> Json:
        """A mapping with these fields alone."""
        pairs, said = self.pairs(node, place), Json()
        for name, (key, value) in pairs.items():
            where = _below(place, name)
            if name not in known:
                self.unknown(key, where, known)
            elif (read := known[name](self, value, where)) is not None:
                said[name] = read
        shaped = isinstance(node, MappingNode) or _is(node, "null")
        for name in needed if shaped else ():
            if name not in pairs or _is(pairs[name][1], "null"):
                self.wrong(at, _below(place, name), sentence("“{name}” is needed", name=name))
        return said

    def unknown(self, key: ScalarNode, place: str, known: Mapping[str, Read]) -> None:
        near = nearest(key.value, known)
        rest = (
            sentence("did you mean “{near}”?", near=near)
            if near
            else sentence("known are {fields}", fields=", ".join(known) or sentence("no fields at all"))
        )
        self.wrong(key, place, joined("; ", (sentence("is not a field of an automations file"), rest)))

    def items(self, node: Node, place: str) -> list[tuple[ScalarNode, str]]:
        """The texts of a list, with their places."""
        if _is(node, "null"):
            return []
        if not isinstance(node, SequenceNode):
            self.wrong(node, place, sentence("must be a list: indented lines of “- value”"))
            return []
        found = []
        for index, item in enumerate(node.value):
            where = f"{place}.{index}"
            if isinstance(item, ScalarNode) and self.text(item, where) is not None:
                found.append((item, where))
            elif not isinstance(item, ScalarNode) or _is(item, "null"):
                self.wrong(item, where, sentence("must be a text"))
        return found

    # Values

    def text(self, node: Node, place: str) -> str | None:
        if _is(node, "null"):
            return None
        if not isinstance(node, ScalarNode):
            self.wrong(node, place, sentence("must be a text"))
        elif not _is(node, "str"):
            self.wrong(node, place, sentence("must be a text: put it in quotes"))
        elif "\0" in node.value:
            self.wrong(node, place, sentence("must not contain the character NUL"))
        else:
            kept: str | None = self.keep(_sendable, str(node.value), node, place)
            return kept
        return None

    def needed_text(self, node: Node, place: str) -> str | None:
        text = self.text(node, place)
        return text if text is None else self.keep(rules.needed, text, node, place)

    def flag(self, node: Node, place: str) -> bool | None:
        if _is(node, "null"):
            return None
        if not _is(node, "bool") or node.value.lower() not in {"true", "false"}:
            self.wrong(node, place, sentence("must be true or false"))
            return None
        return bool(node.value.lower() == "true")

    def one_of(self, node: Node, place: str, words: tuple[str, ...]) -> str | None:
        text = self.text(node, place)
        if text is None or text in words:
            return text
        near = nearest(text, words)
        wrong = (
            rules.one_of(words)(text),
            *([sentence("did you mean “{near}”?", near=near)] if near else []),
        )
        self.wrong(node, place, joined("; ", wrong))
        return None

    def role(self, node: Node, place: str) -> str | None:
        return self.one_of(node, place, ROLES)

    def triggers(self, node: Node, place: str) -> list[str]:
        read = (self.one_of(item, where, rules.FILE_TRIGGERS) for item, where in self.items(node, place))
        return [word for word in read if word is not None]

    def timeout(self, node: Node, place: str) -> str | None:
        number = isinstance(node, ScalarNode) and (_is(node, "int") or _is(node, "float"))
        text = str(node.value) if number else self.text(node, place)
        if text is None:
            return None
        length = None if number else seconds(text)
        if length is None:
            self.wrong(node, place, sentence("must be a number of seconds such as 90s"))
            return None
        return text if self.keep(rules.readiness, length, node, place) is not None else None

    def needs(self, node: Node, place: str) -> list[str]:
        """References that come first; whether they exist is seen when all is read."""
        found = [item for item, _ in self.items(node, place)]
        self.nodes |= {f"{place}.{index}": item for index, item in enumerate(found)}
        return [item.value for item in found]

    def environment(self, node: Node, place: str) -> list[str]:
        """A container's variables: their names; the values stay what they are."""
        section, reference, *_ = place.split(".")
        mine = (
            one for one in self.current.entries if (one.kind, one.reference) == (SECTIONS[section], reference)
        )
        there = [
            text
            for one in mine
            for text in one.said.get("runsOn", {}).get("docker", {}).get("environment", [])
        ]
        found = []
        for item, where in self.items(node, place):
            if item.value in there:
                found.append(item.value)
            elif item.value.partition("=")[2] == KEPT:
                self.wrong(item, where, sentence("there is no such variable whose value could be kept"))
            else:
                self.wrong(item, where, NO_VALUES)
        return found

    # Parts of the file

    def commands(self, node: Node, place: str) -> Json:
        return self.fields(node, place, COMMANDS, "start", at=node)

    def docker(self, node: Node, place: str) -> Json:
        return self.fields(node, place, DOCKER, "image", at=node)

    def machine(self, node: Node, place: str) -> Json:
        return self.fields(node, place, {}, at=node)

    def runs_on(self, node: Node, place: str) -> Json | None:
        said = self.fields(node, place, RUNS_ON, at=node)
        if len(said) > 1:
            self.wrong(node, place, sentence("must have either docker or machine, not both"))
        return said or None

    def file(self, root: Node) -> Json:
        said = self.fields(root, "", dict.fromkeys(SECTIONS, _Reader.entries), at=root)
        for place, words in (*taken(self.current, said), *unmet(self.current, said)):
            self.wrong(self.nodes[place], place, words)
        return said

    def entries(self, node: Node, place: str) -> Json:
        """The services or the tasks, by their references."""
        known, needed = (
            (SERVICE, ("name", "commands")) if place == "services" else (TASK, ("name", "command"))
        )
        said = {}
        for reference, (key, value) in self.pairs(node, place).items():
            where = _below(place, reference)
            if self.keep(rules.reference, reference, key, where) is None:
                continue
            self.nodes[where] = key
            said[reference] = self.fields(value, where, known, *needed, at=key)
        return said


COMMANDS: dict[str, Read] = {"start": _Reader.needed_text, "ready": _Reader.text, "stop": _Reader.text}
DOCKER: dict[str, Read] = {"image": _Reader.needed_text, "environment": _Reader.environment}
RUNS_ON: dict[str, Read] = {"docker": _Reader.docker, "machine": _Reader.machine}
BOTH: dict[str, Read] = {
    "name": _Reader.needed_text,
    "description": _Reader.text,
    "triggeredBy": _Reader.triggers,
    "runsOn": _Reader.runs_on,
}
SERVICE: dict[str, Read] = BOTH | {
    "commands": _Reader.commands,
    "role": _Reader.role,
    "readinessTimeout": _Reader.timeout,
}
TASK: dict[str, Read] = BOTH | {
    "command": _Reader.needed_text,
    "dependsOn": _Reader.needs,
    "prebuildRequiresSuccess": _Reader.flag,
}


def _is(node: Node, kind: str) -> bool:
    return bool(node.tag == TAG + kind)


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _sendable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return sentence("must not contain half a character")
    return ""
