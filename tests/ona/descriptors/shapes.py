"""What this code reads and sends, as trees of wire names: {name: the tree below it, {} for a plain value}."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, get_args, get_type_hints

from pydantic.alias_generators import to_camel

from dashboard.ona.filters import Filter
from dashboard.ona.schema import Model
from dashboard.ona.send import Message
from dashboard.ona.send.automation import trigger
from dashboard.ona.send.base import spots
from dashboard.ona.send.rules import TASK_TRIGGERS, anything

Shape = dict[str, Any]


def of_model(model: type[Model]) -> Shape:
    """The fields that a model reads."""
    hints = get_type_hints(model)
    return {
        str(field.alias): merged(of_model(one) for one in classes(hints[name], Model))
        for name, field in model.model_fields.items()
    }


def of_message(message: type[Message]) -> Shape:
    """The fields that a message can send."""
    shape: Shape = {}
    hints = get_type_hints(message)
    for name, at in spots(message).items():
        below = merged(of_message(one) for one in classes(hints[name], Message))
        if at.write is trigger:
            below = {word: {} for word in TASK_TRIGGERS}
        for part in reversed(at.path.split(".")):
            below = {part: below}
        shape = merged([shape, below])
    return shape


def ruled(message: type[Message], above: str = "") -> set[str]:
    """The dotted paths of the fields whose values a message checks."""
    hints, paths = get_type_hints(message), set()
    for name, at in spots(message).items():
        for one in classes(hints[name], Message):
            paths |= ruled(one, f"{above}{at.path}.")
        if (at.rule, at.each) != (anything, anything):
            paths.add(above + at.path)
    return paths


def of_filter(restriction: type[Filter]) -> Shape:
    """The fields by which a list can be restricted."""
    return {to_camel(field.name): {} for field in fields(restriction)}


def merged(shapes: Any) -> Shape:
    whole: Shape = {}
    for shape in shapes:
        for name, below in shape.items():
            whole[name] = merged([whole.get(name, {}), below])
    return whole


def classes(hint: Any, base: type) -> Iterator[type]:
    """The subclasses of `base` anywhere in a type."""
    if isinstance(hint, type) and issubclass(hint, base):
        yield hint
    for part in get_args(hint):
        yield from classes(part, base)
