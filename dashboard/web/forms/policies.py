"""The form of an idle policy: what makes no sense is refused at its field, what reaches far is accepted only ticked."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.urls import reverse_lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.control.batches import MOST_TARGETS
from dashboard.control.models import OF_STOPPED, Act, Channel, IdlePolicy
from dashboard.control.policies.opening import Opening, Unreadable, read, words
from dashboard.fleet.entities import Kind
from dashboard.fleet.query import Context, select
from dashboard.fleet.query.language import LONGEST_TEXT
from dashboard.fleet.query.values import Wrong, nearest, seconds
from dashboard.fleet.sentences import looked_up
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.spans import spoken_length as length
from dashboard.web.templatetags.words import count

SHORTEST = 600
"""Seconds: signals come only every five minutes, so less says nothing."""
LONGEST = 366 * 86_400
SHORTEST_LEAD = 300
SHORTEST_DELETE = 86_400
DEEDS: Mapping[str, object] = {
    Act.WARN: _("warned of"),
    Act.ARCHIVE: _("told of"),
    Act.DELETE: _("deleted for good"),
}
ROLES = (("prebuild", _("Prebuilds")), ("workflow", _("Workflows")))
LONGEST_SPANS = 500
SPANS = _("Spans of the week, such as “Mon-Fri 20:00-07:00; Sat,Sun”.")
PLAIN = {"autocomplete": "off", "spellcheck": "false"}
OFFERS = reverse_lazy("filter-offer", args=["environments"])
"""Where the box with the scope asks for completions."""


class PolicyForm(forms.Form):
    """Knows the policy and the fleet that its filter is held against."""

    UNLESS = frozenset({"scope", "sure"})

    name = forms.CharField(label=_("Name"), max_length=60, widget=forms.TextInput({"autocomplete": "off"}))
    scope = forms.CharField(
        label=_("Environments"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.TextInput(
            {**PLAIN, "class": "mono", "placeholder": "project:web -creator:bot", "data-completes": OFFERS}
        ),
        help_text=_("A filter, as above the list of environments."),
    )
    idle = forms.CharField(
        label=_("Idle limit"),
        max_length=20,
        widget=forms.TextInput({**PLAIN, "placeholder": "2h"}),
        help_text=_("So long nobody has been active, or it has been stopped: 30m, 2h, 14d."),
    )
    act = forms.ChoiceField(label=_("Then"), choices=Act.choices, initial=Act.STOP)
    lead = forms.CharField(
        label=_("Warn before"),
        max_length=20,
        required=False,
        widget=forms.TextInput({**PLAIN, "placeholder": "30m"}),
        help_text=_("So long before, its creator is told when it stops. Empty: it is stopped unannounced."),
    )
    channel = forms.ModelChoiceField(
        label=_("Also tell"),
        queryset=Channel.objects.order_by("name"),
        required=False,
        empty_label=_("nobody else"),
        help_text=_("Creators are told by mail. A channel hears of everything this policy does."),
    )
    fallback = forms.ModelChoiceField(
        label=_("Where no address is known, tell"),
        queryset=Channel.objects.order_by("name"),
        required=False,
        empty_label="nobody",
    )
    unsaved = forms.BooleanField(
        label=_("Delete also what holds unsaved work"),
        required=False,
        help_text=_("Unpushed commits and changed files. Unticked, what holds some, or may, is left alone."),
    )
    roles = forms.MultipleChoiceField(
        label=_("Also"),
        choices=ROLES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("These are left alone unless they are ticked."),
    )
    during = forms.CharField(
        label=_("Only during"),
        max_length=LONGEST_SPANS,
        required=False,
        widget=forms.TextInput(PLAIN),
        help_text=format_lazy(_("{spans} Empty: at any time."), spans=SPANS),
    )
    never = forms.CharField(
        label=_("Never during"),
        max_length=LONGEST_SPANS,
        required=False,
        widget=forms.TextInput(PLAIN),
        help_text=_("The same; it also holds for other policies on what this one speaks of."),
    )
    zone = forms.CharField(label=_("Time zone"), max_length=64, widget=forms.TextInput(PLAIN))
    most_a_run = forms.IntegerField(
        label=_("Most in a run"),
        min_value=1,
        max_value=MOST_TARGETS,
        help_text=_("A run is once a minute. Beyond it, nothing is stopped and the policy pauses itself."),
    )
    most_an_hour = forms.IntegerField(label=_("Most in an hour"), min_value=1, max_value=60 * MOST_TARGETS)
    sure = forms.BooleanField(label=_("I mean the whole fleet"), required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: Mapping[str, Any] | None, *, policy: IdlePolicy, fleet: Fleet, now: float
    ) -> None:
        self.policy, self.fleet, self.context = policy, fleet, Context(now)
        initial = {name: getattr(policy, name) for name in self.base_fields if name not in {"sure", "idle"}}
        initial["idle"] = as_typed(policy.idle) if policy.idle else "2h"
        initial["lead"] = as_typed(policy.lead) if policy.lead else "" if policy.made_by else "30m"
        super().__init__(data, initial=initial, label_suffix="", use_required_attribute=False)

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if not name or not name.isprintable():
            raise forms.ValidationError(gettext("A name has letters that can be seen."))
        if IdlePolicy.objects.filter(name__iexact=name).exclude(pk=self.policy.pk).exists():
            raise forms.ValidationError(gettext("There is a policy with this name."))
        return name

    def clean_scope(self) -> str:
        text: str = self.cleaned_data["scope"].strip()
        selection = select(self.fleet, Kind.ENVIRONMENT, text, self.context)
        for term in selection.terms:
            own = {value.text.lower() for value in term.values} & {"mine", "starred"}
            if term.field == "is" and own:
                raise forms.ValidationError(
                    gettext(
                        "is:%(own)s (letter %(at)d): nothing is a policy's own; name who made it, as in creator:ada."
                    ),
                    params={"at": term.start + 1, "own": min(own)},
                )
        if selection.problems:
            first = selection.problems[0]
            hint = gettext(" Perhaps {instead}?").format(instead=first.instead) if first.instead else ""
            raise forms.ValidationError(
                gettext("%(wrong)s (letter %(at)d): %(words)s%(hint)s"),
                params={
                    "wrong": text[first.start : first.end],
                    "at": first.start + 1,
                    "words": looked_up(first.message),
                    "hint": hint,
                },
            )
        return text

    def clean_idle(self) -> float:
        try:
            limit = float(seconds(self.cleaned_data["idle"].strip()))
        except Wrong as wrong:
            raise forms.ValidationError(looked_up(wrong.message)) from None
        if not SHORTEST <= limit <= LONGEST:
            raise forms.ValidationError(
                gettext(
                    "A limit is between 10 minutes, because signals of activity come only every five, and a year."
                )
            )
        return limit

    def clean_lead(self) -> float:
        text = self.cleaned_data["lead"].strip()
        try:
            lead = float(seconds(text)) if text else 0.0
        except Wrong as wrong:
            raise forms.ValidationError(looked_up(wrong.message)) from None
        if lead and not SHORTEST_LEAD <= lead <= self.cleaned_data.get("idle", LONGEST):
            raise forms.ValidationError(
                gettext(
                    "A warning comes between 5 minutes before the stop, so that it can be read, and the idle limit."
                )
            )
        return lead

    def clean_during(self) -> str:
        return _spans(self.cleaned_data["during"])

    def clean_never(self) -> str:
        return _spans(self.cleaned_data["never"])

    def clean_zone(self) -> str:
        zone: str = self.cleaned_data["zone"].strip()
        if zone not in available_timezones():
            near = nearest(zone, sorted(available_timezones()))
            hint = (
                gettext(" Perhaps {near}?").format(near=near)
                if near
                else gettext(" Europe/Berlin and UTC are.")
            )
            raise forms.ValidationError(gettext("There is no such time zone.") + hint)
        return zone

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if not {"during", "never"} & set(self.errors):
            hours = Opening(read(found["during"]), read(found["never"]), ZoneInfo("UTC"))
            if not hours.ever:
                where = "during" if found["during"] else "never"
                self.add_error(
                    where, gettext("With these spans it would never act: no minute of the week is left.")
                )
        deletes = found.get("act") == Act.DELETE
        if deletes and found.get("idle", SHORTEST_DELETE) < SHORTEST_DELETE:
            self.add_error("idle", gettext("Nothing is deleted that has been stopped for less than a day."))
        if found.get("unsaved") and not deletes:
            self.add_error("unsaved", gettext("This is for policies that delete."))
        if "scope" not in self.errors and "idle" not in self.errors and self._everything(found["scope"]):
            self.fields["sure"].widget = forms.CheckboxInput()
            if not found.get("sure"):
                self.add_error("sure", self._consequence(found["idle"], found.get("act")))
        return found

    def _everything(self, scope: str) -> bool:
        if not scope:
            return True
        selection = select(self.fleet, Kind.ENVIRONMENT, scope, self.context)
        return all(selection.holds(row) for row in self._in_use())

    def _in_use(self) -> list[Any]:
        return [row for row in self.fleet.environments.values() if row.archived is None]

    def _consequence(self, limit: float, act: str | None) -> str:
        rows = self._in_use()
        running = sum(row.phase == "running" for row in rows)
        deed = str(DEEDS.get(act or "", gettext("stopped")))
        numbers = {"rows": count(len(rows)), "running": count(running)}
        whole = gettext(
            "This filter matches the whole fleet: all {rows} environments, of which {running} run now."
        ).format(**numbers)
        if act in OF_STOPPED:
            each = gettext(
                "Each of them is then {deed}, whoever it belongs to, once it has been stopped for {length}."
            )
        else:
            each = gettext(
                "Each of them is then {deed}, whoever it belongs to, once nobody has been active in it for {length}."
            )
        each = each.format(deed=deed, length=length(limit))
        return f"{whole} {each} {gettext('Tick this if that is meant.')}"

    def filled(self) -> IdlePolicy:
        """The policy with what was filled in; nothing is saved."""
        for name, value in self.cleaned_data.items():
            if name != "sure":
                setattr(self.policy, name, value)
        return self.policy


def _spans(text: str) -> str:
    try:
        written = words(read(text))
        if len(written) > LONGEST_SPANS:
            raise forms.ValidationError(gettext("These are too many spans to be kept."))
        return written
    except Unreadable as wrong:
        raise forms.ValidationError(looked_up(str(wrong))) from None


def as_typed(limit: float) -> str:
    """A limit as one types it: 1d12h."""
    rest, parts = int(limit), []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        number, rest = divmod(rest, size)
        parts.append(f"{number}{unit}" if number else "")
    return "".join(parts)
