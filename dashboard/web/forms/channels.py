"""The form of a channel. What was typed as its address is never shown again, not even beside a mistake."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.control.models import Channel, ChannelKind
from dashboard.control.notify import channels
from dashboard.fleet.sentences import looked_up


class ChannelForm(forms.Form):
    """A new channel, or with `channel` a saved one, whose kind stays and whose address may be left out."""

    UNLESS = frozenset({"address"})

    name = forms.CharField(label=_("Name"), max_length=60, widget=forms.TextInput({"autocomplete": "off"}))
    kind = forms.ChoiceField(label=_("Kind"), choices=ChannelKind.choices)
    address = forms.CharField(
        max_length=channels.LONGEST,
        required=False,
        widget=forms.PasswordInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text=_(
            "The webhook's address as the service gives it out, an address as apprise writes it, or for mail "
            "addresses with commas between them. It is kept encrypted and not shown again."
        ),
    )

    def __init__(self, data: Mapping[str, Any] | None, *, channel: Channel) -> None:
        self.channel, self.new = channel, channel._state.adding
        super().__init__(data, initial={"name": channel.name, "kind": channel.kind}, label_suffix="")
        if not self.new:
            del self.fields["kind"]
            self.fields["address"].label = gettext("New address")

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if not name or not name.isprintable():
            raise forms.ValidationError(gettext("A name has letters that can be seen."))
        if Channel.objects.filter(name__iexact=name).exclude(pk=self.channel.pk).exists():
            raise forms.ValidationError(gettext("There is a channel with this name."))
        return name

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        kind, address = found.get("kind", self.channel.kind), found.get("address", "")
        if self.new and not address and "address" not in self.errors:
            self.add_error("address", gettext("A channel has an address."))
        elif address and kind:
            try:
                channels.host_of(kind, address)
            except channels.Refused as refused:
                self.add_error("address", looked_up(str(refused)))
        return found

    def filled(self) -> Channel:
        """The channel with what was filled in, without its address; nothing is saved."""
        self.channel.name = self.cleaned_data["name"]
        self.channel.kind = self.cleaned_data.get("kind", self.channel.kind)
        return self.channel
