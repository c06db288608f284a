"""The form of a webhook. Its address and its secret are never shown again."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dashboard.control.models import Event, Webhook
from dashboard.control.webhooks import owed as webhooks
from dashboard.fleet.sentences import looked_up


class WebhookForm(forms.Form):
    """A new webhook, or with `webhook` a saved one, whose address may be left out."""

    UNLESS = frozenset({"address"})

    name = forms.CharField(label=_("Name"), max_length=60, widget=forms.TextInput({"autocomplete": "off"}))
    address = forms.CharField(
        label=_("Address"),
        max_length=webhooks.LONGEST,
        required=False,
        widget=forms.PasswordInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text=_(
            "https://hooks.example.com/path, at a host that NOTIFY_HOSTS names. "
            "It is kept encrypted and not shown again."
        ),
    )
    events = forms.MultipleChoiceField(
        label=_("What it is told"),
        choices=[(one.value, one.label) for one in Event if one != Event.TEST],
        widget=forms.CheckboxSelectMultiple,
    )
    renew = forms.ChoiceField(
        label=_("Secret"),
        required=False,
        choices=[
            (webhooks.Renewal.NONE.value, _("The one it has stays")),
            (webhooks.Renewal.BOTH.value, _("A new one; for 24 hours both sign")),
            (webhooks.Renewal.AT_ONCE.value, _("A new one; the one it has ends at once")),
        ],
        help_text=_("While both sign, no event is lost until whoever receives them has the new one."),
    )

    def __init__(self, data: Mapping[str, Any] | None, *, webhook: Webhook) -> None:
        self.webhook, self.new = webhook, webhook._state.adding
        initial = {"name": webhook.name, "events": webhook.events}
        super().__init__(data, initial=initial, label_suffix="")
        if self.new:
            del self.fields["renew"]
        else:
            self.fields["address"].label = _("New address")

    def clean_name(self) -> str:
        name = " ".join(str(self.cleaned_data["name"]).split())
        if not name or not name.isprintable():
            raise forms.ValidationError(_("A name has letters that can be seen."))
        if Webhook.objects.filter(name__iexact=name).exclude(pk=self.webhook.pk).exists():
            raise forms.ValidationError(_("There is a webhook with this name."))
        return name

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        address = found.get("address", "")
        if self.new and not address and "address" not in self.errors:
            self.add_error("address", _("A webhook has an address."))
        elif address:
            try:
                webhooks.host_of(address)
            except webhooks.Refused as refused:
                self.add_error("address", looked_up(str(refused)))
        return found

    def filled(self) -> Webhook:
        """The webhook with what was filled in, without its address; nothing is saved."""
        self.webhook.name, self.webhook.events = self.cleaned_data["name"], self.cleaned_data["events"]
        return self.webhook
