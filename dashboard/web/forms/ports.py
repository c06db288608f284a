"""The ports that an environment shares: one row of controls each, and two empty ones for new ports."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.control.rules.ports import shared
from dashboard.control.verbs import Params
from dashboard.fleet.bounds import MOST_PORTS
from dashboard.fleet.entities import Environment
from dashboard.web.forms.base import ActionForm

EMPTY = 2
LEAST, MOST, LONGEST_NAME = 1024, 65535, 100
ADMISSIONS = (
    ("", "default"),
    ("creator_only", _("its creator")),
    ("organization", _("the organisation")),
    ("everyone", _("everyone")),
)
PROTOCOLS = (("", _("default")), ("http", "HTTP"), ("https", "HTTPS"))
PARTS = ("port", "name", "admission", "protocol")


class PortWidget(forms.MultiWidget):
    def __init__(self, admissions: list[tuple[str, Any]]) -> None:
        number = {
            "aria-label": gettext("Number"),
            "placeholder": gettext("Number"),
            "min": LEAST,
            "max": MOST,
        }
        name = {
            "aria-label": gettext("Name"),
            "placeholder": gettext("Name"),
            "maxlength": LONGEST_NAME,
            "autocomplete": "off",
        }
        super().__init__(
            (
                forms.NumberInput(number),
                forms.TextInput(name),
                forms.Select({"aria-label": gettext("Who may reach it")}, admissions),
                forms.Select({"aria-label": gettext("Protocol")}, PROTOCOLS),
            )
        )

    def decompress(self, value: Any) -> list[Any]:
        return [(value or {}).get(part, "") for part in PARTS]


class PortField(forms.MultiValueField):
    """One port as the ledger has it; None for a row whose number is empty."""

    def __init__(self, admission: str = "", **more: Any) -> None:
        admissions: list[tuple[str, Any]] = [*ADMISSIONS]
        if admission not in dict(ADMISSIONS):
            admissions.append((admission, admission.replace("_", " ")))
        parts = (
            forms.IntegerField(min_value=LEAST, max_value=MOST, required=False),
            forms.CharField(max_length=LONGEST_NAME, required=False),
            forms.ChoiceField(choices=admissions, required=False),
            forms.ChoiceField(choices=PROTOCOLS, required=False),
        )
        super().__init__(
            parts, widget=PortWidget(admissions), required=False, require_all_fields=False, **more
        )

    def compress(self, data_list: list[Any]) -> dict[str, Any] | None:
        port = dict(zip(PARTS, data_list, strict=False))
        port["name"] = " ".join((port.get("name") or "").split())
        if not port.get("port"):
            if port["name"] and not self.initial:
                raise forms.ValidationError(gettext("A port needs a number."))
            return None
        if not port["name"]:
            raise forms.ValidationError(gettext("A port needs a name."))
        return port


class EditPorts(ActionForm):
    """Sends all of them, because the API takes the list as a whole."""

    UNLESS = frozenset(f"port_{index}" for index in range(MOST_PORTS + EMPTY))

    def prepare(self) -> None:
        self.there = shared(cast("Environment", self.row))
        for index, port in enumerate([*self.there, *[None] * EMPTY]):
            words = gettext("Port {port}").format(port=port["port"]) if port else gettext("Another port")
            field = PortField(port["admission"] if port else "", label=words, initial=port)
            field.help_text = gettext("Empty its number to take it out.") if port else ""
            self.fields[f"port_{index}"] = field

    @property
    def chosen(self) -> dict[str, dict[str, Any]]:
        return {name: port for name in self.fields if (port := self.cleaned_data.get(name))}

    def check(self) -> None:
        if self.errors:
            return
        seen: set[int] = set()
        for name, port in self.chosen.items():
            if port["port"] in seen:
                self.add_error(name, gettext("It is in the list already."))
            seen.add(port["port"])
        ports = self.params()["ports"]
        if self.there and not ports:
            self.add_error(
                None, gettext("The API cannot take out the last port; change who may reach it instead.")
            )
        elif ports == self.there:
            self.add_error(None, gettext("Nothing was changed."))

    def place(self, field: str) -> str:
        """`ports.1.name` is the second that was filled in."""
        parts = field.split(".")
        names = list(self.chosen)
        return names[int(parts[1])] if len(parts) > 1 and int(parts[1]) < len(names) else ""

    def params(self) -> Params:
        return {"ports": sorted(self.chosen.values(), key=lambda port: int(port["port"]))}
