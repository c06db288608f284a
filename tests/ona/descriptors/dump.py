"""Runs where gitpod-sdk is installed: prints what its descriptors say of the messages named as arguments.

    {"messages": {message: {field: {"message": name or "", "enum": name or ""}}}, "enums": {enum: [value, …]}}

Names lack the package `gitpod.v1.`; fields are spelled as in JSON; messages that the named ones hold are there
too. Maps and Google's own messages (times, durations) count as plain values.
"""

import importlib
import json
import pkgutil
import sys
from typing import Any

import gitpod.v1
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
        if kind(field)["message"]:
            describe(field.message_type, dump)
        if field.enum_type is not None:
            dump["enums"][short(field.enum_type)] = [value.name for value in field.enum_type.values]


def kind(field: Any) -> dict[str, str]:
    held = field.message_type
    own = held is not None and held.full_name.startswith(PACKAGE) and not held.GetOptions().map_entry
    return {"message": short(held) if own else "", "enum": short(field.enum_type) if field.enum_type else ""}


def short(descriptor: Any) -> str:
    return str(descriptor.full_name.removeprefix(PACKAGE))


if __name__ == "__main__":
    main(sys.argv[1:])
