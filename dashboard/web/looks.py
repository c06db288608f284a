"""How a phase or another state looks: colour, shape and word."""

from typing import NamedTuple

from django.utils.translation import gettext_noop
from django.utils.translation import gettext_noop as _


class Look(NamedTuple):
    """A phase is colour (`tone`) and word (`label`, in English) and shape, so that none of them has to be seen."""

    tone: str
    shape: str
    label: str


LOOKS = {
    "running": Look("good", "disc", _("Running")),
    "succeeded": Look("good", "check", _("Succeeded")),
    "creating": Look("move", "ring", _("Creating")),
    "starting": Look("move", "ring", _("Starting")),
    "updating": Look("move", "ring", _("Updating")),
    "stopping": Look("move", "ring", _("Stopping")),
    "pending": Look("wait", "dots", _("Pending")),
    "not_started": Look("wait", "dots", _("Not started")),
    "stopped": Look("rest", "square", _("Stopped")),
    "failed": Look("bad", "triangle", _("Failed")),
    "deleting": Look("warn", "diamond", _("Deleting")),
    "deleted": Look("rest", "diamond", _("Deleted")),
    "archived": Look("rest", "square", _("Archived")),
    # states of an action
    "queued": Look("wait", "dots", _("Waiting to be sent")),
    "sending": Look("move", "ring", _("Being sent")),
    "requested": Look("move", "ring", _("Accepted by Ona")),
    "confirmed": Look("good", "check", _("Confirmed")),
    "skipped": Look("rest", "square", _("Skipped")),
    "dry": Look("rest", "question", _("Dry run")),
    "armed": Look("good", "disc", _("Armed")),
    "paused": Look("warn", "square", _("Paused")),
    "unconfirmed": Look("warn", "diamond", _("Accepted, never seen")),
    "unknown": Look("warn", "question", _("Not known")),
    # what needs a person
    "idle": Look("warn", "square", _("Idle")),
    "stale": Look("warn", "question", _("Stale")),
    # states of a message
    "sent": Look("good", "check", _("Sent")),
    "gave-up": Look("bad", "triangle", _("Gave up")),
    "declined": Look("rest", "square", _("Not wanted")),
    # parts of an environment
    "ready": Look("good", "check", _("Ready")),
    "initializing": Look("move", "ring", _("Initialising")),
    "unavailable": Look("warn", "diamond", _("Unavailable")),
}


ELSEWHERE = (
    *(
        _("Start"),
        _("Stop"),
        _("Keep awake"),
        _("Delete"),
        _("Edit"),
        _("Create"),
        _("Unarchive"),
        _("Force delete"),
    ),
    *(
        _("Add service"),
        _("Add task"),
        _("Edit ports"),
        _("Upsert automations"),
        _("Create token"),
        _("Exempt"),
    ),
    *(_("Arm"), _("Pause"), _("Undo"), _("Access token"), _("Make"), _("Change"), _("End"), _("Keep")),
    *(
        _("environment"),
        _("service"),
        _("task"),
        _("execution"),
        _("task execution"),
        _("policy"),
        _("batch"),
    ),
    *(_("project"), _("person"), _("class"), _("runner")),
    *(
        _("Environments"),
        _("Services"),
        _("Tasks"),
        _("Projects"),
        _("Runners"),
    ),
    *(_("owner only"), _("organization"), _("everyone")),
    *(_("creator only"), _("default"), _("prebuild"), _("workflow"), _("user"), _("manual")),
    *(_("creating"), _("starting"), _("updating"), _("stopping"), _("deleting"), _("pending"), _("running")),
    *(_("stopped"), _("failed"), _("succeeded"), _("deleted")),
    *(
        _("post machine start"),
        _("post environment start"),
        _("post devcontainer start"),
        _("before snapshot"),
    ),
)
"""Words that are made from names of verbs, kinds and phases, and then looked up."""


def look_of(phase: str) -> Look:
    """A phase that this version does not know is shown as the word that came."""
    return LOOKS.get(phase) or Look(
        "rest", "question", phase.replace("_", " ").capitalize() or gettext_noop("No phase")
    )
