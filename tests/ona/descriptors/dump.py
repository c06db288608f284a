"""Runs where gitpod-sdk is installed: prints what its descriptors say of the messages named as arguments.

    {"messages": {message: {field: {"message": name or "", "enum": name or "", "ruled": whether it has a rule}}},
     "enums": {enum: [value, …]}}

Names lack the package `gitpod.v1.`; fields are spelled as in JSON; messages that the named ones hold are there
too. Google's own messages (times, durations) count as plain values, a map as what its values are.
"""

import importlib
import json
import pkgutil
import sys
from typing import Any

import gitpod.v1
from buf.validate import validate_pb2
from google.protobuf import descriptor_pool

PACKAGE = "gitpod.v1."
Dump = dict[str, dict[str, Any]]


def main(roots: list[str]) -> None:
    for module in pkgutil.iter_modules(gitpod.v1.__path__):
        if module.name.endswith("_pb2"):
            importlib.import_module(PACKAGE + module.name)
    pool, dump = descriptor_pool.Default(), Dump(messages={}, enums={})
    for name in roots:
        describe(pool.FindMessageTypeByName(PACKAGE + name), dump)
    json.dump(dump, sys.stdout)


def describe(message: Any, dump: Dump) -> None:
    """Adds a message, what it holds, and the enums of both."""
    if (name := short(message)) in dump["messages"]:
        return
    dump["messages"][name] = {field.json_name: kind(field) for field in message.fields}
    for field in message.fields:
        if (below := held(field)) is not None:
            describe(below, dump)
        if field.enum_type is not None:
            dump["enums"][short(field.enum_type)] = [value.name for value in field.enum_type.values]


def kind(field: Any) -> dict[str, Any]:
    below = held(field)
    return {
        "message": "" if below is None else short(below),
        "enum": short(field.enum_type) if field.enum_type else "",
        "ruled": field.GetOptions().HasExtension(validate_pb2.field),
    }


def held(field: Any) -> Any:
    """The message that a field, or a map's value, is made of; None for a plain value and for Google's own."""
    below = field.message_type
    if below is not None and below.GetOptions().map_entry:
        below = below.fields_by_name["value"].message_type
    return below if below is not None and below.full_name.startswith(PACKAGE) else None


def short(descriptor: Any) -> str:
    return str(descriptor.full_name.removeprefix(PACKAGE))


if __name__ == "__main__":
    main(sys.argv[1:])
