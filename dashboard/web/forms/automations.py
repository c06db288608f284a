"""Forms of what can be asked of services and tasks. Values of variables are never typed here."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.control.rules.words import TASK_TRIGGERS, TRIGGERS, triggers
from dashboard.fleet.bounds import LONGEST_COMMAND, LONGEST_MESSAGE
from dashboard.fleet.details import ServiceDetail, TaskDetail
from dashboard.fleet.entities import Service
from dashboard.web.forms.base import (
    NOT_READ,
    TOO_LONG,
    WHAT_IS_KEPT,
    EditForm,
    command_field,
    description_field,
    name_field,
    triggers_field,
)

DOWN = frozenset({"", "stopped", "failed"})
"""The phases in which the API lets a service's commands change."""

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class EditAutomation(EditForm):
    TRIGGERS: ClassVar[Mapping[str, str]] = TRIGGERS
    name = name_field(show_hidden_initial=True)
    description = description_field(show_hidden_initial=True)

    def current(self) -> dict[str, Any]:
        return {
            "name": self.row.name,
            "description": getattr(self.row, "description", ""),
            "triggers": triggers(getattr(self.row, "triggers", ())),
        }

    def clean_triggers(self) -> list[str]:
        return sorted(self.cleaned_data["triggers"])

    def prepare(self) -> None:
        strange = [word for word in self.initial["triggers"] if word not in self.TRIGGERS]
        if strange:
            field = cast("forms.MultipleChoiceField", self.fields["triggers"])
            field.choices = [*self.TRIGGERS.items(), *((word, word) for word in strange)]
            self.lock("triggers", gettext("It has one that this version does not know."))
        if len(self.initial["description"]) >= LONGEST_MESSAGE:
            self.lock("description", TOO_LONG)

    def lock(self, name: str, why: "StrOrPromise") -> None:
        """Show a field and say why it cannot be changed."""
        self.fields[name].disabled, self.fields[name].help_text = True, why
        self.fields[name].required = False

    def lock_commands(self, names: tuple[str, ...], why: "StrOrPromise") -> None:
        for name in names:
            if why or len(self.initial[name]) >= LONGEST_COMMAND:
                self.lock(name, why or TOO_LONG)


class EditService(EditAutomation):
    start = command_field(_("Start command"), show_hidden_initial=True, help_text=WHAT_IS_KEPT)
    ready = command_field(_("Ready command"), show_hidden_initial=True, required=False)
    stop = command_field(_("Stop command"), show_hidden_initial=True, required=False)
    triggers = triggers_field(TRIGGERS, show_hidden_initial=True)

    def current(self) -> dict[str, Any]:
        depth = self.detail if isinstance(self.detail, ServiceDetail) else ServiceDetail(self.row.id)
        return super().current() | {"start": depth.start, "ready": depth.ready, "stop": depth.stop}

    def prepare(self) -> None:
        super().prepare()
        running = cast("Service", self.row).phase not in DOWN
        why = gettext("It can be changed only while the service is stopped.") if running else ""
        self.lock_commands(("start", "ready", "stop"), why or ("" if self.detail else NOT_READ))


class EditTask(EditAutomation):
    TRIGGERS = TASK_TRIGGERS
    command = command_field(_("Command"), show_hidden_initial=True, required=False, help_text=WHAT_IS_KEPT)
    triggers = triggers_field(TASK_TRIGGERS, show_hidden_initial=True)

    def current(self) -> dict[str, Any]:
        depth = self.detail if isinstance(self.detail, TaskDetail) else TaskDetail(self.row.id)
        return super().current() | {"command": depth.command}

    def prepare(self) -> None:
        super().prepare()
        self.lock_commands(("command",), "" if self.detail else NOT_READ)
