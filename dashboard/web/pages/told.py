"""What a person was told, and whether they wish to be."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from dashboard.control import ledger
from dashboard.control.models import Delivery
from dashboard.control.notify import owed as notify
from dashboard.control.permissions import ona_person
from dashboard.web.http import moment, signed_in, varied
from dashboard.web.pages.channels import where_mail_goes

SHOWN = 50


@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """One's own messages only: they are found by the address that the account has."""
    user = signed_in(request)
    address = user.email.strip().lower()
    if request.method == "POST" and address:
        by_mail = request.POST.get("by_mail") == "1"
        notify.wish(user, by_mail=by_mail, now=ledger.utc_now())
        messages.success(
            request, gettext("You are told by mail.") if by_mail else gettext("You are not told any more.")
        )
        return redirect("told")
    shown = Delivery.objects.filter(recipient=f"mail:{address}").order_by("-created", "-id")[:SHOWN]
    context = {
        "title": gettext("Messages to you"),
        "address": address,
        "owns": bool(ona_person(user, moment(request).fleet)),
        "by_mail": notify.wish_of(user),
        "can_mail": notify.can_mail(),
        "shown": list(shown) if address else [],
        **where_mail_goes(),
    }
    return varied(render(request, "accounts/told.html", context))
