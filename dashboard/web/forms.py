"""What a person fills in for an action. A verb without a form here takes a reason and nothing else."""

from collections.abc import Mapping
from typing import Any

from django import forms

from dashboard.control.verbs import Params, Verb
from dashboard.fleet.details import Detail
from dashboard.fleet.entities import Listed
from dashboard.fleet.snapshot import Fleet


class ActionForm(forms.Form):
    """Base: knows the target, and turns what was filled in into the action's parameters.

    `detail` is what the store knows of the target in depth, None while nobody has read it.
    """

    def __init__(
        self, data: Mapping[str, Any] | None, *, row: Listed, fleet: Fleet, detail: Detail | None = None
    ) -> None:
        self.row, self.fleet, self.detail = row, fleet, detail
        super().__init__(data, initial=self.current(), label_suffix="", use_required_attribute=True)
        for name, field in self.fields.items():
            if field.help_text:
                field.widget.attrs["aria-describedby"] = f"id_{name}_help"

    def current(self) -> dict[str, Any]:
        """What the fields start with."""
        return {}

    def params(self) -> Params:
        """What the ledger keeps and the call needs: JSON, and no secret."""
        return dict(self.cleaned_data)


FORMS: dict[Verb, type[ActionForm]] = {}
