"""The form of a saved view."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.control.models import User
from dashboard.control.people.saved import SavedView
from dashboard.control.people.views import MOST_VIEWS, has_room, may_share
from dashboard.fleet.entities import Kind
from dashboard.fleet.query import Context, parse, select
from dashboard.fleet.query.language import LONGEST_TEXT
from dashboard.fleet.sentences import looked_up
from dashboard.fleet.snapshot import Fleet
from dashboard.web.columns import kept_look


class ViewForm(forms.Form):
    """Checks a view against the language: a view with a mistake in it cannot be saved."""

    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    query = forms.CharField(
        label=_("Filter"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )
    sort = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput())
    columns = forms.CharField(max_length=300, required=False, widget=forms.HiddenInput())
    density = forms.CharField(max_length=12, required=False, widget=forms.HiddenInput())
    shared = forms.BooleanField(label=_("Everybody sees it"), required=False)
    default = forms.BooleanField(label=_("My list opens with it"), required=False)

    def __init__(
        self, data: Mapping[str, Any] | None, *, user: User, view: SavedView, fleet: Fleet, context: Context
    ) -> None:
        self.user, self.view, self.fleet, self.context = user, view, fleet, context
        initial = {
            name: getattr(view, name) for name in ("name", "query", "sort", "columns", "density", "shared")
        }
        initial["default"] = getattr(view, "is_default", False)
        super().__init__(data, initial=initial, label_suffix="")
        if not may_share(user):
            del self.fields["shared"]

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if not name or not name.isprintable():
            raise forms.ValidationError(gettext("A name has letters that can be seen."))
        alike = SavedView.objects.filter(owner=self.view.owner, kind=self.view.kind, name=name)
        if alike.exclude(pk=self.view.pk).exists():
            raise forms.ValidationError(gettext("There is a view with this name."))
        return name

    def clean_query(self) -> str:
        text: str = self.cleaned_data["query"].strip()
        problems = select(self.fleet, Kind(self.view.kind), text, self.context).problems
        if problems:
            wrong = text[problems[0].start : problems[0].end]
            raise forms.ValidationError(
                "%(wrong)s: %(words)s", params={"wrong": wrong, "words": looked_up(problems[0].message)}
            )
        return text

    def clean(self) -> dict[str, Any]:
        if self.view._state.adding and not has_room(self.user, self.view.kind):
            raise forms.ValidationError(
                gettext("You have {most_views} views of this list; delete one first.").format(
                    most_views=MOST_VIEWS
                )
            )
        return self.cleaned_data

    def filled(self) -> SavedView:
        """The view with what was filled in."""
        self.view.name, self.view.query = self.cleaned_data["name"], self.cleaned_data["query"]
        self.view.sort = parse(Kind(self.view.kind), {"sort": self.cleaned_data["sort"]}).sort
        said = (self.cleaned_data["columns"], self.cleaned_data["density"])
        self.view.columns, self.view.density = kept_look(*said)
        self.view.shared = self.cleaned_data.get("shared", False)
        return self.view
