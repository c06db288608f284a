"""The ports that an environment shares: their names, protocols, and who may reach them.

From the API's documentation: 1024 to 65535, a name of 1 to 100 characters; the list is sent as a whole, and an empty
one changes nothing.
"""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_noop as _

from dashboard.control.rule import CONFIRMED, Outcome, Params, Rule, Verb
from dashboard.control.rules.environments import GOING
from dashboard.fleet.entities import Environment, Kind
from dashboard.ona.send import EnvironmentChange, Port

if TYPE_CHECKING:
    from dashboard.ona import Ona


def shared(row: Environment) -> list[dict[str, Any]]:
    """The ports of a row as the ledger has them, by number."""
    return [
        {"port": port.number, "name": port.name, "admission": port.admission, "protocol": port.protocol}
        for port in sorted(row.ports, key=lambda port: port.number)
    ]


def _change(params: Params) -> EnvironmentChange:
    ports = tuple(
        Port(
            port=one["port"],
            name=one["name"],
            admission=one["admission"] or None,
            protocol=one["protocol"] or None,
        )
        for one in params.get("ports", ())
    )
    return EnvironmentChange(ports=ports)


def _send(ona: "Ona", key: str, params: Params) -> str:
    ona.environments.update(key, _change(params))
    return ""


def _shows(row: Environment, params: Params) -> Outcome | None:
    """What was not said may read as whatever the API takes for it."""
    if "ports" not in params:
        return None
    seen = {one["port"]: one for one in shared(row)}
    wanted = {one["port"]: one for one in params["ports"]}
    if seen.keys() != wanted.keys():
        return None
    same = all(
        not one[name] or seen[number][name] == one[name] for number, one in wanted.items() for name in one
    )
    return CONFIRMED if same else None


def _words(params: Params) -> str:
    said = [f"{one['port']} {one['name']}" for one in params.get("ports", ())]
    return ", ".join(said)[:200]


RULES = (
    Rule(
        verb=Verb.EDIT_PORTS,
        kind=Kind.ENVIRONMENT,
        label=_("Share ports"),
        send=_send,
        pointless=lambda row: GOING.get(row.phase, ""),
        ended=_shows,
        patience=120,
        menu=True,
        words=_words,
        message=_change,
    ),
)
