"""What the forms of all actions share. Values are held against the API's own limits before anything is kept."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _

from dashboard.control.verbs import Params, Verb, mistake
from dashboard.fleet.bounds import LONGEST_COMMAND, LONGEST_MESSAGE, LONGEST_NAME
from dashboard.fleet.details import Detail
from dashboard.fleet.entities import Listed
from dashboard.fleet.sentences import looked_up
from dashboard.fleet.snapshot import Fleet

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NOT_READ = _("It has not been read yet: close this and open it again in a moment.")
TOO_LONG = _("It is too long to be edited here.")
WHAT_IS_KEPT = _("What you type is kept in Activity, so it must hold no secret.")


class ActionForm(forms.Form):
    """Base: knows the target, and turns what was filled in into the action's parameters.

    `detail` is what the store knows of the target in depth, None while nobody has read it; `person` is who
    asks, `now` when (epoch seconds). PLACES says which field a name of the API belongs to, where they differ;
    UNLESS names the fields that may stay empty only because of another, and so are not called optional.
    """

    PLACES: ClassVar[Mapping[str, str]] = {}
    UNLESS: ClassVar[frozenset[str]] = frozenset()

    def __init__(  # noqa: PLR0913 - whose, what, on what, when
        self,
        data: Mapping[str, Any] | None,
        *,
        verb: Verb,
        row: Listed,
        fleet: Fleet,
        detail: Detail | None = None,
        person: str = "",
        now: float = 0.0,
    ) -> None:
        self.verb, self.row, self.fleet, self.detail = verb, row, fleet, detail
        self.person, self.now = person, now
        super().__init__(data, initial=self.current(), label_suffix="", use_required_attribute=True)
        self.prepare()
        self._focus()

    def current(self) -> dict[str, Any]:
        """What the fields start with."""
        return {}

    def prepare(self) -> None:
        """Fit the fields to the target."""

    def _focus(self) -> None:
        """The dialog opens on the first field; one that came back opens on the first that is wrong."""
        wrong = [name for name in self.errors if name in self.fields] if self.is_bound else []
        open_ones = [name for name, field in self.fields.items() if not field.disabled]
        visible = [name for name in open_ones if not self.fields[name].widget.is_hidden]
        for name in (*wrong, *visible)[:1]:
            if not self.fields[name].widget.use_fieldset:
                self.fields[name].widget.attrs["autofocus"] = True

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self.check()
        if not self.errors:
            field, rule = mistake(self.verb, self.params())
            place = self.place(field)
            if rule:
                words = looked_up(rule)
                whole = f"{words[0].upper()}{words[1:]}."
                self.add_error(
                    place if place in self.fields else None, whole if place else f"{field}: {words}"
                )
        return cleaned

    def place(self, field: str) -> str:
        """The form's field that a name of the API belongs to: `triggers.0` belongs to `triggers`."""
        return self.PLACES.get(field, field if field in self.fields else field.partition(".")[0])

    def check(self) -> None:
        """Rules that more than one field makes."""

    def target(self) -> Listed:
        """What the action is written on."""
        return self.row

    def params(self) -> Params:
        """What the ledger keeps and the call needs: JSON, and no secret."""
        return dict(self.cleaned_data)


class EditForm(ActionForm):
    """Sends only what the person changed: what was shown travels along, so a change by somebody else stays."""

    def params(self) -> Params:
        return {name: self.cleaned_data[name] for name in self.fields if name in self.changed_data}

    def check(self) -> None:
        if not self.errors and not self.params():
            self.add_error(None, gettext("Nothing was changed."))


class LineField(forms.CharField):
    """One line: white space is collapsed, as it is when the answer is read."""

    def to_python(self, value: Any) -> str:
        return " ".join(str(super().to_python(value)).split())


class TextField(forms.CharField):
    """Several lines, with the line ends of Unix, whatever the browser sends."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n").replace("\r", "\n")


def name_field(**more: Any) -> LineField:
    return LineField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        **more,
    )


def description_field(**more: Any) -> TextField:
    return TextField(label=_("Description"), max_length=LONGEST_MESSAGE - 1, required=False, **more)


def command_field(label: "StrOrPromise", **more: Any) -> TextField:
    return TextField(label=label, max_length=LONGEST_COMMAND - 1, **more)


def triggers_field(words: Mapping[str, str], **more: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=_("Starts by itself or by hand"),
        choices=[(value, gettext_lazy(text)) for value, text in words.items()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        **more,
    )
