"""What tests and people set while the simulator runs: its faults, and its time. No part of the platform's API."""

import json
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from dashboard.simulator import breakage

if TYPE_CHECKING:
    from dashboard.simulator.world import World

PATH = "/simulator/faults"
FREEZE = "/simulator/freeze"
"""A POST has time stand still, so that two readings of the world can be compared."""


def answer(world: "World", http: Request) -> Response:
    """What was asked for at one of the two addresses."""
    if http.path == PATH:
        return _faults(world, http)
    if http.method != "POST":
        return _respond({"error": "POST"}, 405)
    with world.present():
        world.clock.freeze()
    return _respond({})


def _faults(world: "World", http: Request) -> Response:
    """POST changes what is named, DELETE ends all trouble; every answer says what is set."""
    if http.method not in {"GET", "POST", "DELETE"}:
        return _respond({"error": "GET, POST or DELETE"}, 405)
    try:
        if http.method == "POST":
            document = json.loads(http.get_data())
            if not isinstance(document, dict):
                return _respond({"error": 'expected an object such as {"502": 0.1}'}, 400)
            world.faults.update(document)
    except ValueError as error:
        return _respond({"error": str(error)}, 400)
    if http.method == "DELETE":
        world.faults.clear()
    return _respond(world.faults.document())


def _respond(document: dict[str, object], status: int = 200) -> Response:
    return Response(breakage.encode(document), status, content_type="application/json")
