"""The form for the price of an environment class."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.control.record.cost import ABSURD
from dashboard.fleet.snapshot import Fleet
from dashboard.web.templatetags.money import money
from dashboard.web.templatetags.words import count

FURTHEST = timedelta(days=3 * 366)
EARLIEST = date(2020, 1, 1)


class PriceForm(forms.Form):
    """What an hour of a class costs from a day on. A price that looks like a slip has to be confirmed."""

    class_id = forms.ChoiceField(
        label=_("Class"), error_messages={"invalid_choice": _("There is no such class.")}
    )
    price = forms.DecimalField(max_digits=10, decimal_places=4)
    valid_from = forms.DateField(
        label=_("From"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("A day in the past is counted anew at this price; one in the future takes effect then."),
    )
    sure = forms.BooleanField(label=_("I mean it"), required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: Mapping[str, Any] | None, *, fleet: Fleet, currency: str, today: date, class_id: str = ""
    ) -> None:
        super().__init__(
            data,
            initial={"valid_from": today, "class_id": class_id},
            label_suffix="",
            use_required_attribute=True,
        )
        self.today, self.currency = today, currency
        cast("forms.ChoiceField", self.fields["class_id"]).choices = [
            ("", gettext("Choose a class")),
            *_choices(fleet),
        ]
        self.fields["price"].label = gettext("Price of an hour, in {currency}").format(currency=currency)
        self.fields["price"].widget.attrs |= {"step": "any", "min": "0", "inputmode": "decimal"}

    def clean_price(self) -> Decimal:
        price: Decimal = self.cleaned_data["price"]
        if price < 0:
            raise forms.ValidationError(gettext("A price cannot be below zero."))
        return price

    def clean_valid_from(self) -> date:
        day: date = self.cleaned_data["valid_from"]
        if not EARLIEST <= day <= self.today + FURTHEST:
            raise forms.ValidationError(
                gettext("Choose a day from {year} to three years from now.").format(year=EARLIEST.year)
            )
        return day

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        price = cleaned.get("price")
        if price is not None and price > ABSURD:
            self.fields["sure"].widget = forms.CheckboxInput()
            if not cleaned.get("sure"):
                self.add_error(
                    "sure",
                    gettext(
                        "{price} an hour is {monthly} a month for one environment. Tick this if that is right."
                    ).format(price=money(price), monthly=f"{count(round(price * 720))} {self.currency}"),
                )
        return cleaned


def _choices(fleet: Fleet) -> list[tuple[str, str]]:
    """Enabled classes first, then by name; the runner's name tells classes of the same name apart."""
    rows = sorted(fleet.classes.values(), key=lambda row: (not row.enabled, row.name.casefold(), row.id))
    return [(row.id, _label(fleet, row.id, row.runner_id, enabled=row.enabled)) for row in rows]


def _label(fleet: Fleet, class_id: str, runner_id: str, *, enabled: bool) -> str:
    runner = gettext(" on {fleet}").format(fleet=fleet.runner(runner_id)) if runner_id else ""
    return f"{fleet.environment_class(class_id)}{runner}{'' if enabled else ' (disabled)'}"
