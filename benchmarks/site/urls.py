"""The dashboard's addresses, and those of what it is measured against."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path

from dashboard.urls import urlpatterns as dashboard
from dashboard.web.access import PAGE, ROUTES

CONSTANT = [b""]


def constant(request: HttpRequest) -> HttpResponse:
    """As many bytes as `?size=` says, made once."""
    size = int(request.GET["size"])
    if len(CONSTANT[0]) != size:
        CONSTANT[0] = b"x" * size
    return HttpResponse(CONSTANT[0])


def nothing(_: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204)


urlpatterns = [
    path("constant/", constant, name="constant"),
    path("nothing/", nothing, name="nothing"),
    path("admin/", admin.site.urls),
    *dashboard,
]
ROUTES |= {"constant": PAGE, "nothing": PAGE, "site_listed_changelist": PAGE}
handler404 = "dashboard.web.http.not_found"
