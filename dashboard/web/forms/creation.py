"""Forms of what can be made. Values of variables are never typed here."""

from dataclasses import replace
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.control.rules.words import TASK_TRIGGERS, TRIGGERS
from dashboard.control.verbs import Params
from dashboard.fleet.entities import Environment, Kind, Listed, Service, Task
from dashboard.web.forms import timeouts
from dashboard.web.forms.base import (
    WHAT_IS_KEPT,
    ActionForm,
    LineField,
    command_field,
    description_field,
    name_field,
    triggers_field,
)
from dashboard.web.forms.environments import LONGEST_NAME

LONGEST_REFERENCE = 128
NEW = "new-"
"""Begins the id under which a creation is written, which so is no environment's."""


class NewEnvironment(ActionForm):
    """From a repository or from a project. The token makes a form that was sent twice one wish."""

    PLACES: ClassVar = {"content.0.url": "repository", "timeout": "minutes"}
    UNLESS: ClassVar = frozenset({"repository", "project", "class_id", "minutes"})

    token = forms.UUIDField(widget=forms.HiddenInput)
    repository = LineField(
        label=_("Repository"),
        required=False,
        max_length=1_000,
        help_text=_(
            "The https address of a repository, branch, issue or pull request; or choose a project instead."
        ),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    project = forms.ChoiceField(
        label=_("Project"), required=False, help_text=_("Instead of a repository; it brings its own.")
    )
    class_id = forms.ChoiceField(
        label=_("Class"), required=False, help_text=_("Needed with a repository; a project has its own.")
    )
    name = LineField(
        required=False,
        max_length=LONGEST_NAME,
        help_text=format_lazy(
            _("At most {longest_name} characters; without one Ona makes one up."), longest_name=LONGEST_NAME
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    timeout = timeouts.choice_field(required=False)
    minutes = timeouts.minutes_field()

    def current(self) -> dict[str, Any]:
        return {"token": self.row.id.removeprefix(NEW)}

    def prepare(self) -> None:
        projects = [(key, self.fleet.project(key)) for key in self.fleet.projects]
        classes = [
            (key, f"{self.fleet.environment_class(key)}, {self.fleet.runner(row.runner_id)}")
            for key, row in self.fleet.classes.items()
            if row.enabled
        ]
        self._offer("project", gettext("none"), projects)
        self._offer("class_id", gettext("the project's own"), classes)
        self._offer("timeout", gettext("the default"), list(timeouts.TIMEOUTS), ordered=True)

    def _offer(self, name: str, nothing: str, found: list[tuple[str, Any]], *, ordered: bool = False) -> None:
        rest = found if ordered else sorted(found, key=lambda pair: (pair[1].casefold(), pair[0]))
        cast("forms.ChoiceField", self.fields[name]).choices = [("", nothing), *rest]

    def clean_repository(self) -> str:
        address: str = self.cleaned_data["repository"]
        try:
            parts = urlsplit(address)
        except ValueError:
            raise forms.ValidationError(gettext("This is not an address.")) from None
        if parts.username is not None or parts.password is not None:
            raise forms.ValidationError(
                gettext("Leave out the user name and password: Ona uses your connected git account.")
            )
        if address and not (parts.scheme in {"https", "http"} and parts.netloc):
            raise forms.ValidationError(gettext("An address such as https://github.com/acme/web."))
        return address

    def check(self) -> None:
        timeouts.check(self)
        if "repository" in self.errors or "project" in self.errors:
            return
        repository, project = self.cleaned_data.get("repository"), self.cleaned_data.get("project")
        if bool(repository) == bool(project):
            self.add_error("repository", gettext("Give a repository or choose a project: one of the two."))
        elif repository and not self.cleaned_data.get("class_id") and "class_id" not in self.errors:
            self.add_error("class_id", gettext("Choose a class for an environment from a repository."))

    def params(self) -> Params:
        names = ("repository", "project", "class_id", "name")
        given = {name: self.cleaned_data[name] for name in names if self.cleaned_data[name]}
        seconds = timeouts.seconds_of(self)
        return given if seconds is None else given | {"timeout": seconds}

    def target(self) -> Listed:
        """The new one is called by what it comes from until Ona has named it."""
        data = self.cleaned_data
        name = data["name"] or data["repository"] or self.fleet.project(data["project"])
        return replace(cast("Environment", self.row), name=name)


class NewAutomation(ActionForm):
    reference = LineField(
        label=_("Reference"),
        max_length=LONGEST_REFERENCE,
        help_text=_("1 to 128 letters, digits, _ or -; unique in its environment."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    name = name_field()
    description = description_field()

    def clean_reference(self) -> str:
        reference: str = self.cleaned_data["reference"]
        for kind in (Kind.SERVICE, Kind.TASK):
            for row in self.fleet.inside(kind, self.row.id):
                if cast("Service | Task", row).reference == reference:
                    raise forms.ValidationError(
                        gettext("It is taken by a {value} of this environment.").format(value=kind.value)
                    )
        return reference

    def params(self) -> Params:
        return {name: value for name, value in self.cleaned_data.items() if value}


class NewService(NewAutomation):
    start = command_field(_("Start command"), help_text=WHAT_IS_KEPT)
    ready = command_field(_("Ready command"), required=False)
    stop = command_field(_("Stop command"), required=False)
    triggers = triggers_field(TRIGGERS)


class NewTask(NewAutomation):
    command = command_field(_("Command"), help_text=WHAT_IS_KEPT)
    triggers = triggers_field(TASK_TRIGGERS)
