"""Forms of what can be asked of an environment."""

from typing import Any, cast

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.control.rules.edits import source
from dashboard.control.verbs import Params, Verb
from dashboard.fleet.entities import Environment
from dashboard.web.forms import timeouts
from dashboard.web.forms.base import ActionForm, EditForm, LineField

LONGEST_NAME = 80
"""What the API allows when an environment is made; an update would let 128 pass."""


class EditEnvironment(EditForm):
    PLACES = {"timeout": "minutes"}
    UNLESS = frozenset({"minutes"})

    name = LineField(
        help_text=format_lazy(_("1 to {longest_name} characters."), longest_name=LONGEST_NAME),
        show_hidden_initial=True,
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": LONGEST_NAME}),
    )
    timeout = timeouts.choice_field(required=False, show_hidden_initial=True)
    minutes = timeouts.minutes_field(show_hidden_initial=True)

    @property
    def environment(self) -> Environment:
        return cast("Environment", self.row)

    def current(self) -> dict[str, Any]:
        return {"name": self.row.name, **timeouts.shown(self.environment.timeout)}

    def prepare(self) -> None:
        if self.environment.timeout is None:
            field = cast("forms.ChoiceField", self.fields["timeout"])
            field.choices = [("", gettext("not known: leave it as it is")), *timeouts.TIMEOUTS]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if len(name) > LONGEST_NAME and name != self.row.name:
            raise forms.ValidationError(
                gettext("At most {longest_name} characters; this has {name}.").format(
                    longest_name=LONGEST_NAME, name=len(name)
                )
            )
        return name

    def check(self) -> None:
        timeouts.check(self)
        super().check()

    def params(self) -> Params:
        changed = {"name": self.cleaned_data["name"]} if "name" in self.changed_data else {}
        seconds = timeouts.seconds_of(self)
        if seconds is not None and {"timeout", "minutes"} & set(self.changed_data):
            changed["timeout"] = seconds
        return changed


class KeepAwake(ActionForm):
    """Nothing to fill in: who asks and when."""

    def params(self) -> Params:
        return {"source": source(self.person), "at": self.now}


class DeleteEnvironment(ActionForm):
    """Asks for the name where something would be lost, and always before a forced delete."""

    confirmation = LineField(
        label=_("Name of the environment"),
        help_text=_("Type it to confirm; its id will do as well."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def prepare(self) -> None:
        row = cast("Environment", self.row)
        if not (row.unpushed or row.changed or self.verb is Verb.FORCE_DELETE_ENVIRONMENT):
            del self.fields["confirmation"]

    def clean_confirmation(self) -> str:
        typed: str = self.cleaned_data["confirmation"]
        if typed.casefold() not in {" ".join(self.row.name.split()).casefold(), self.row.id.casefold()}:
            raise forms.ValidationError(gettext("This is not its name."))
        return typed

    def params(self) -> Params:
        return {}
