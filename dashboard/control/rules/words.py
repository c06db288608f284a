"""What was asked for, in a few words for the ledger's pages."""

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext_noop as _
from pydantic.alias_generators import to_camel

from dashboard.control.rule import Params

LONGEST = 60
TRIGGERS = {
    "manual": _("by hand"),
    "postMachineStart": _("after the machine has started"),
    "postEnvironmentStart": _("after the environment has started"),
    "postDevcontainerStart": _("after the dev container has started"),
    "prebuild": _("in a prebuild"),
}
TASK_TRIGGERS = {**TRIGGERS, "beforeSnapshot": _("before a snapshot")}


def triggers(seen: Iterable[str]) -> list[str]:
    """Triggers as forms and the ledger spell them, in one order; rows have them with underscores."""
    return sorted({to_camel(word) for word in seen})


MOST_LISTED = 5


def timeout(seconds: float) -> str:
    """ "never", "2 h", "90 min"."""
    minutes = seconds / 60
    if not minutes:
        return "never"
    return f"{minutes / 60:g} h" if not minutes % 60 else f"{minutes:g} min"


def changes(params: Params) -> str:
    """ "name “web”, timeout 2 h": one line, each value cut."""
    said = dict(params)
    if "triggers" in said:
        said["triggers"] = " and ".join(TASK_TRIGGERS.get(word, word) for word in said["triggers"])
    return ", ".join(f"{name} {_short(str(value))}" for name, value in said.items())


def named(params: Params) -> str:
    """Of something new: its reference."""
    return _short(str(params.get("reference", "")))


def listed(references: Sequence[str]) -> str:
    """ "web, build and 3 more"."""
    more = f" and {len(references) - MOST_LISTED} more" if len(references) > MOST_LISTED else ""
    return ", ".join(map(_short, references[:MOST_LISTED])) + more


def _short(text: str) -> str:
    line = " ".join(text.split())
    return (line if len(line) <= LONGEST else line[: LONGEST - 1] + "…") or "none"
