"""Prices of environment classes: what counts now, what will, and what was set when."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from dashboard.control.models import ClassPrice
from dashboard.control.permissions import prices_refusal
from dashboard.control.record import cost
from dashboard.control.record.prices import set_price
from dashboard.fleet.snapshot import Fleet
from dashboard.web.forms.prices import PriceForm
from dashboard.web.http import moment, signed_in, varied
from dashboard.web.templatetags.money import price as price_words

SHOWN = 200


@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """Everybody sees the prices, because everybody sees the money; admins set them."""
    fleet, refusal = moment(request).fleet, prices_refusal(signed_in(request))
    if request.method == "POST" and refusal:
        raise PermissionDenied(refusal)
    form = PriceForm(
        request.POST if request.method == "POST" else None,
        fleet=fleet,
        currency=settings.CURRENCY,
        today=timezone.localdate(),
        class_id=request.GET.get("class", ""),
    )
    if request.method == "POST" and form.is_valid():
        _save(request, form)
        return redirect("classes-prices")
    context: dict[str, Any] = {
        "title": gettext("Prices"),
        "form": None if refusal else form,
        "currency": settings.CURRENCY,
    }
    context |= {"classes": _classes(fleet), "history": _history(fleet)}
    return varied(render(request, "classes/prices.html", context, status=422 if form.is_bound else 200))


def _save(request: HttpRequest, form: PriceForm) -> None:
    values = form.cleaned_data
    name = moment(request).fleet.environment_class(values["class_id"])
    price = set_price(
        signed_in(request),
        values["class_id"],
        name,
        price=values["price"],
        valid_from=values["valid_from"],
        now=timezone.now(),
    )
    day = date_format(price.valid_from, "j M Y")
    messages.success(
        request,
        gettext("From {day} an hour of {name} costs {price_words}.").format(
            day=day, name=name, price_words=price_words(price.price)
        ),
    )


def _classes(fleet: Fleet) -> list[dict[str, Any]]:
    """Every class that is known or has a price, with the price of today and those to come."""
    known, today = cost.prices(), timezone.localdate()
    ids = sorted(
        {*fleet.classes, *known.by_class}, key=lambda key: (fleet.environment_class(key).casefold(), key)
    )
    return [
        {
            "id": key,
            "name": fleet.environment_class(key),
            "runner": _runner(fleet, key),
            "price": known.on(key, today),
            "coming": [(day, price) for day, price in known.by_class.get(key, ()) if day > today],
        }
        for key in ids
    ]


def _history(fleet: Fleet) -> list[dict[str, Any]]:
    """What was set, newest first."""
    rows = ClassPrice.objects.order_by("-set_at", "-id")[:SHOWN]
    return [
        {"row": row, "name": fleet.environment_class(row.class_id), "runner": _runner(fleet, row.class_id)}
        for row in rows
    ]


def _runner(fleet: Fleet, class_id: str) -> str:
    """Classes of two runners often have one name."""
    known = fleet.classes.get(class_id)
    return fleet.runner(known.runner_id) if known is not None and known.runner_id else ""
