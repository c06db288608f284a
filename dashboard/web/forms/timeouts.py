"""How long an environment may be without activity: a choice, or a number of minutes."""

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

OTHER = "other"
HALF_HOUR = 1800
TIMEOUTS = (
    ("0", _("never")),
    (str(HALF_HOUR), _("30 minutes")),
    ("3600", _("1 hour")),
    ("7200", _("2 hours")),
    ("14400", _("4 hours")),
    ("28800", _("8 hours")),
    (OTHER, _("another number of minutes")),
)
LEAST = HALF_HOUR // 60


def choice_field(**more: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=_("Stops without activity after"), choices=TIMEOUTS, **more)


def minutes_field(**more: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=_("Minutes"),
        required=False,
        min_value=LEAST,
        error_messages={
            "min_value": format_lazy(_("At least {least} minutes, or choose “never”."), least=LEAST)
        },
        help_text=format_lazy(_("Only for another number of minutes: {least} or more."), least=LEAST),
        **more,
    )


def shown(seconds: float | None) -> dict[str, Any]:
    """A timeout as the two fields show it; nothing for one that is not known."""
    if seconds is None:
        return {"timeout": ""}
    known = f"{seconds:.0f}"
    if known in dict(TIMEOUTS) and float(known) == seconds:
        return {"timeout": known}
    return {"timeout": OTHER, "minutes": round(seconds / 60)}


def check(form: forms.Form) -> None:
    """The two fields must agree."""
    if "minutes" in form.errors or "timeout" in form.errors:
        return
    choice, minutes = form.cleaned_data.get("timeout"), form.cleaned_data.get("minutes")
    if choice == OTHER and minutes is None:
        form.add_error("minutes", gettext("How many? At least {least}.").format(least=LEAST))
    elif choice != OTHER and minutes is not None and "minutes" in form.changed_data:
        form.add_error("minutes", gettext("Choose “another number of minutes” too, or leave this empty."))


def seconds_of(form: forms.Form) -> float | None:
    """What was chosen, None for nothing."""
    choice = form.cleaned_data.get("timeout")
    if choice == OTHER:
        return float(form.cleaned_data["minutes"] * 60)
    return float(choice) if choice else None
