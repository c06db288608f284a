"""From what is there to a file that a person can edit."""

from typing import Any

import yaml

from dashboard.fleet.details import CurrentFile
from dashboard.fleet.entities import Kind

BREAKS = frozenset("\x85\u2028\u2029\ufeff")
"""Line ends to YAML, and to nobody else: written as escapes."""
SECTIONS = ((Kind.SERVICE, "services"), (Kind.TASK, "tasks"))
EXAMPLE = """\
# Take away the # of the lines you need.

# services:
#   web:                          # the reference: letters, digits, _ and -
#     name: Web
#     description: The site on port 3000
#     commands:
#       start: npm run dev        # needed; the service runs as long as this does
#       ready: curl -sf localhost:3000
#       stop: npm run stop
#     triggeredBy:                # manual, postEnvironmentStart, postDevcontainerStart, prebuild
#       - postDevcontainerStart
#     readinessTimeout: 90s

# tasks:
#   build:
#     name: Build
#     command: |
#       npm ci
#       npm run build
#     dependsOn:                  # references of services and tasks that come first
#       - web
#     runsOn:                     # without it: in the dev container
#       docker:
#         image: node:22
"""


class _Dumper(yaml.SafeDumper):
    """Indents lists, and writes texts of several lines as such."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002  PyYAML's name
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  PyYAML's name
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if BREAKS & set(text) else "|" if "\n" in text and text.strip("\n") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


def write(current: CurrentFile) -> str:
    """The file as YAML, without what is left out of it; "" when there is nothing to write."""
    return "\n".join(filter(None, (_section(current, kind, title) for kind, title in SECTIONS)))


def _section(current: CurrentFile, kind: Kind, title: str) -> str:
    entries = [one for one in current.entries if one.kind == kind and not one.left_out]
    written = (_dump({title: {one.reference: one.said}}).partition("\n")[2] for one in entries)
    return f"{title}:\n" + "\n".join(written) if entries else ""


def _dump(value: Any) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return text
