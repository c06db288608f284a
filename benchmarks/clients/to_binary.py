"""Turns the stand-in's items into binary protobuf. Runs in the environment of gitpod-sdk 1.2.0.

Reads a line `["ListEnvironments", [item as JSON text, …]]` per method; answers with a line of the field numbers of
the list and of the pagination, and the items in base64.
"""

import base64
import importlib
import json
import sys

from google.protobuf import json_format

MODULES = {"ListEnvironments": ("environment", "environments")}
MODULES |= {f"List{one}": ("environment_automation", one.lower()) for one in ("Services", "Tasks")}
MODULES["ListTaskExecutions"] = ("environment_automation", "task_executions")


def main() -> None:
    for line in sys.stdin:
        method, items = json.loads(line)
        module, name = MODULES[method]
        answer = getattr(importlib.import_module(f"gitpod.v1.{module}_pb2"), f"{method}Response")
        fields = answer.DESCRIPTOR.fields_by_name
        packed = []
        for item in items:
            one = getattr(answer(), name).add()
            json_format.Parse(item, one, ignore_unknown_fields=True)
            packed.append(base64.b64encode(one.SerializeToString()).decode())
        sys.stdout.write(json.dumps([fields[name].number, fields["pagination"].number, packed]) + "\n")
        sys.stdout.flush()


main()
