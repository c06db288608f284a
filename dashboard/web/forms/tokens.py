"""The form of a personal token."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from dashboard.control.models import Scope, User
from dashboard.control.people import personal_tokens
from dashboard.control.permissions import bulk_refusal


class TokenForm(forms.Form):
    """What a new token is called, what it may, and when it ends."""

    UNLESS = frozenset[str]()

    name = forms.CharField(
        label=_("What it is for"),
        max_length=60,
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    days = forms.TypedChoiceField(label=_("Ends after"), coerce=int, initial=90)

    def __init__(self, data: Mapping[str, Any] | None, *, user: User) -> None:
        super().__init__(data, initial={"scopes": [Scope.READ.value]}, label_suffix="")
        self.fields["days"].choices = [  # type: ignore[attr-defined]
            (days, ngettext("%(days)d day", "%(days)d days", days) % {"days": days})
            for days in personal_tokens.DAYS
        ]
        if bulk_refusal(user):
            self.fields["scopes"].choices = [(Scope.READ.value, Scope.READ.label)]  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        name = " ".join(str(self.cleaned_data["name"]).split())
        if not name or not name.isprintable():
            raise forms.ValidationError(_("A name has letters that can be seen."))
        return name
