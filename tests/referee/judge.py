"""Judges with the generated client and the descriptors it ships. Runs in an environment of its own.

Reads orders from stdin, one a line, and answers each with a line on stdout. An order is a list of steps:

    {"do": "call", "base_url", "key", "method": "EnvironmentService/GetEnvironment", "body": {...}}
        → {"value": <the answer as JSON>} or {"error": <Connect code>, "details": [types]}
    {"do": "watch", "base_url", "key", "body": {...}, "take": 2, "meanwhile": [call steps]}
        → {"events": [...]} or {"error": ...}
    {"do": "parse", "method": ..., "answer": {...}}     → the complaint of a strict parser, or null
    {"do": "rules", "method": ..., "body": {...}}       → [[path, rule], ...] that the descriptors say are broken
"""

import importlib
import json
import re
import sys
import threading
from itertools import islice
from typing import Any

import protovalidate
from connectrpc.compat import google_protobuf_json_codec
from connectrpc.errors import ConnectError
from google.protobuf import json_format, message_factory

MODULES = {
    "EnvironmentService": "environment",
    "EnvironmentAutomationService": "environment_automation",
    "EventService": "event",
    "IdentityService": "identity",
    "OrganizationService": "organization",
    "ProjectService": "project",
    "RunnerService": "runner",
}
Step = dict[str, Any]


def types(method: str) -> tuple[Any, Any]:
    """Request and response classes."""
    service, name = method.split("/")
    module = importlib.import_module(f"gitpod.v1.{MODULES[service]}_pb2")
    found = module.DESCRIPTOR.services_by_name[service].methods_by_name[name]
    return tuple(message_factory.GetMessageClass(one) for one in (found.input_type, found.output_type))


def remote(step: Step, method: str) -> Any:
    """The generated client's function for a method, speaking JSON."""
    service, name = method.split("/")
    module = importlib.import_module(f"gitpod.v1.{MODULES[service]}_connect")
    client = getattr(module, f"{service}ClientSync")(step["base_url"], codec=google_protobuf_json_codec())
    return getattr(client, re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower())


def call(step: Step) -> Any:
    request = json_format.ParseDict(step["body"], types(step["method"])[0]())
    try:
        answer = remote(step, step["method"])(request, headers=key(step), timeout_ms=20_000)
        return {"value": json_format.MessageToDict(answer)}
    except ConnectError as error:
        return refusal(error)


def key(step: Step) -> dict[str, str]:
    return {"authorization": f"Bearer {step['key']}"}


def refusal(error: ConnectError) -> Step:
    return {"error": error.code.value, "details": [detail.type_name for detail in error.details or ()]}


def watch(step: Step) -> Any:
    """The stream is opened by reading it, so what happens `meanwhile` happens again and again until it was seen."""
    method, seen = "EventService/WatchEvents", threading.Event()
    request = json_format.ParseDict(step["body"], types(method)[0]())
    changes = threading.Thread(target=repeat, args=(step, seen))
    changes.start()
    try:
        stream = remote(step, method)(request, headers=key(step), timeout_ms=20_000)
        return {"events": [json_format.MessageToDict(event) for event in islice(stream, step["take"])]}
    except ConnectError as error:
        return refusal(error)
    finally:
        seen.set()
        changes.join()


def repeat(step: Step, seen: threading.Event) -> None:
    while not seen.wait(0.1):
        for one in step.get("meanwhile", ()):
            call({**step, **one})


def parse(step: Step) -> Any:
    try:
        json_format.ParseDict(step["answer"], types(step["method"])[1](), ignore_unknown_fields=False)
    except json_format.ParseError as error:
        return str(error)
    return None


def rules(step: Step) -> Any:
    request = json_format.ParseDict(step["body"], types(step["method"])[0](), ignore_unknown_fields=True)
    found = (violation.proto for violation in protovalidate.collect_violations(request))
    return [[path(violation), violation.constraint_id] for violation in found]


def path(violation: Any) -> str:
    names = []
    for element in violation.field.elements:
        index = f"[{element.index}]" if element.HasField("index") else ""
        name = f'["{element.string_key}"]' if element.HasField("string_key") else index
        names.append(element.field_name + name)
    return ".".join(names)


def main() -> None:
    """Carry out orders until stdin ends."""
    deeds = {"call": call, "watch": watch, "parse": parse, "rules": rules}
    for line in sys.stdin:
        results = [deeds[step["do"]](step) for step in json.loads(line)]
        sys.stdout.write(json.dumps(results) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
